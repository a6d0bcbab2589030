"""What every embedder promises."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from search.embedders.base import Embedder

TEXTS = [
    "Urlop wypoczynkowy przysługuje po roku pracy.",
    "krótko",
    "The travel request form is on the intranet, under human resources.",
    "",
    "Straßenverkehr 中文 🙂",
]
AWKWARD = ["", " ", "a\0b", "\0", "lone \ud83d surrogate", "\udc00", "ﷺ" * 200, "\n\t", "\u200b"]


def test_spec_is_complete(embedder: Embedder) -> None:
    spec = embedder.spec
    assert spec.name and spec.revision
    assert spec.licence in ("MIT", "apache-2.0", "Apache-2.0")
    assert spec.dimension in (16, 256, 384) and spec.max_tokens in (64, 512)


def test_vectors_have_their_shape_type_and_length(embedder: Embedder) -> None:
    dimension = embedder.spec.dimension
    passages, query = embedder.embed_passages(TEXTS), embedder.embed_query(TEXTS[0])
    assert passages.shape == (len(TEXTS), dimension) and query.shape == (dimension,)
    assert passages.dtype == query.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(passages, axis=1), 1, atol=1e-5)
    assert np.linalg.norm(query) == pytest.approx(1, abs=1e-5)


def test_no_passages_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed_passages([]).shape == (0, embedder.spec.dimension)
    assert embedder.count_tokens([]) == []


def test_batch_equals_single(embedder: Embedder) -> None:
    batch = embedder.embed_passages(TEXTS)
    single = np.stack([embedder.embed_passages([text])[0] for text in TEXTS])
    assert (batch * single).sum(axis=1).min() > 0.999
    # ... and each is nearest to itself: the order is the callers'.
    assert (batch @ single.T).argmax(axis=1).tolist() == list(range(len(TEXTS)))


def test_a_batch_of_queries_equals_single_ones(embedder: Embedder) -> None:
    batch = embedder.embed_queries(TEXTS)
    single = np.stack([embedder.embed_query(text) for text in TEXTS])
    assert batch.dtype == np.float32
    assert (batch * single).sum(axis=1).min() > 0.999
    assert (batch @ single.T).argmax(axis=1).tolist() == list(range(len(TEXTS)))
    assert embedder.embed_queries([]).shape == (0, embedder.spec.dimension)
    assert embedder.query_batch >= 1


def test_query_and_passage_have_their_own_prompts(embedder: Embedder) -> None:
    query, passage = embedder.embed_query(TEXTS[1]), embedder.embed_passages(TEXTS[1:2])[0]
    if embedder.spec.name == "fake":
        assert np.array_equal(query, passage)
    else:
        assert float(query @ passage) < 0.99


def test_awkward_text_gets_a_vector(embedder: Embedder) -> None:
    for vectors in (
        embedder.embed_passages(AWKWARD),
        np.stack([embedder.embed_query(text) for text in AWKWARD]),
    ):
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert len(embedder.count_tokens(AWKWARD)) == len(AWKWARD)


def test_nul_does_not_end_a_text(embedder: Embedder) -> None:
    with_nul, with_space = embedder.embed_query("urlop\0delegacja"), embedder.embed_query("urlop")
    assert float(with_nul @ with_space) < 0.999


def test_over_long_text_is_cut(embedder: Embedder) -> None:
    start = "praca " * 600
    passages = embedder.embed_passages([start, start + "zwierzęta domowe " * 100])
    queries = [embedder.embed_query(start), embedder.embed_query(start + "zwierzę " * 100)]
    assert float(passages[0] @ passages[1]) > 0.9999
    assert float(queries[0] @ queries[1]) > 0.9999


def test_tokens_are_counted_uncut(embedder: Embedder) -> None:
    short, double, empty = embedder.count_tokens(["praca " * 600, "praca " * 1200, ""])
    assert short > 600
    assert double - short == pytest.approx(short, rel=0.1)
    assert 2 <= empty < 10


def test_threads_may_share_an_embedder(embedder: Embedder) -> None:
    queries = [f"{text} {number}" for text in TEXTS for number in range(4)]
    expected = np.stack([embedder.embed_query(query) for query in queries])
    with ThreadPoolExecutor(4) as pool:
        passages = pool.submit(embedder.embed_passages, TEXTS * 4)
        counts = pool.submit(embedder.count_tokens, TEXTS * 20)
        found = np.stack(list(pool.map(embedder.embed_query, queries)))
    assert (found * expected).sum(axis=1).min() > 0.999
    assert len(passages.result()) == 20 and len(counts.result()) == 100
