"""A reranker over the first passages: what it may change, and what becomes of one that fails."""

import logging
import math
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from search.deadline import NEVER, Deadline
from search.domain import Chunk, IndexedChunk, Principal
from search.embedders.fake import FakeEmbedder
from search.errors import ModelError, ModelMissingError, RerankError
from search.lexical.bm25 import Bm25
from search.llms.base import Usage
from search.pipeline import Pipeline
from search.pool import Pool
from search.rerankers.base import Reranking, reordered
from search.reranking import Rerank
from search.settings import LexicalSettings, RetrievalSettings
from search.stores.base import IndexIdentity
from search.stores.edge import EdgeStore
from tests.search.stores.factory import ADMIN, document, put

EMBEDDER = FakeEmbedder()
BM25 = Bm25(LexicalSettings())
PASSAGES = 12


class Reversing:
    """Scores the last passage best."""

    name = "reversing"

    def rerank(self, pool: Pool, deadline: Deadline = NEVER) -> Reranking:
        scores = tuple(float(place) for place in range(len(pool.hits)))
        return Reranking(scores, Usage(7, 3), {"cached": 2})


class Late:
    """Works until the deadline."""

    name = "late"

    def rerank(self, pool: Pool, deadline: Deadline = NEVER) -> Reranking:
        while True:
            time.sleep(0.01)
            deadline.check("score the passages")


class Failing:
    """Fails."""

    name = "failing"

    def __init__(self, error: Exception) -> None:
        self._error = error

    def rerank(self, pool: Pool, deadline: Deadline = NEVER) -> Reranking:
        raise self._error


class Giving:
    """Returns what it was told to."""

    name = "giving"

    def __init__(self, *scores: float) -> None:
        self._scores = scores

    def rerank(self, pool: Pool, deadline: Deadline = NEVER) -> Reranking:
        return Reranking(self._scores)


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    spec = EMBEDDER.spec
    identity = IndexIdentity(1, spec.name, spec.revision, spec.dimension, "1")
    store = EdgeStore(tmp_path / "index", create=identity)
    for number in range(PASSAGES):
        text = " ".join(["urlop"] * (number + 1) + [f"słowo{n}" for n in range(number)])
        [vector] = EMBEDDER.embed_passages([text])
        item = IndexedChunk(
            document(f"{number}.md"), Chunk(0, text), vector, BM25.passage(text, "pl")
        )
        put(store, [item])
    made = Pipeline(EMBEDDER, BM25, store, RetrievalSettings(limit=PASSAGES))
    yield made
    made.close()


def order(pipeline: Pipeline, rerank: Rerank | None, **options: object) -> list[str]:
    result = pipeline.search("urlop", ADMIN, rerank=rerank, **options)  # type: ignore[arg-type]
    return [hit.document.path for hit in result.hits]


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_the_first_passages_are_reordered_and_the_rest_follow(
    pipeline: Pipeline, mode: str
) -> None:
    base = order(pipeline, None, mode=mode)
    assert order(pipeline, Rerank(Reversing(), 5), mode=mode) == base[:5][::-1] + base[5:]


def test_pages_are_cut_after_the_reranking(pipeline: Pipeline) -> None:
    whole = order(pipeline, Rerank(Reversing(), 5))
    pages = [order(pipeline, Rerank(Reversing(), 5), limit=3, offset=o) for o in (0, 3, 6)]
    assert [path for page in pages for path in page] == whole[:9]


def test_an_order_by_date_stays(pipeline: Pipeline) -> None:
    rerank = Rerank(Reversing())
    assert order(pipeline, rerank, sort="newest") == order(pipeline, None, sort="newest")


def test_what_it_cost_is_told(pipeline: Pipeline) -> None:
    result = pipeline.search("urlop", ADMIN, rerank=Rerank(Reversing(), 5))
    told = result.reranked
    assert told is not None
    assert (told.arm, told.passages, told.degraded) == ("reversing", 5, None)
    assert (told.prompt_tokens, told.completion_tokens, told.events) == (7, 3, {"cached": 2})
    assert {"signals", "rerank"} <= set(result.trace.timings_ms)
    assert pipeline.search("urlop", ADMIN).reranked is None


@pytest.mark.parametrize(
    ("rerank", "deadline"),
    [
        (Rerank(Late(), seconds=0.05), Deadline(math.inf)),
        (Rerank(Late()), None),
    ],
    ids=["its own time", "the request's time"],
)
def test_one_that_is_late_costs_its_gain_only(
    pipeline: Pipeline, rerank: Rerank, deadline: Deadline | None
) -> None:
    result = pipeline.search("urlop", ADMIN, rerank=rerank, deadline=deadline or Deadline.after(2))
    assert result.reranked is not None
    assert result.reranked.degraded == "rerank_timeout"
    assert [hit.document.path for hit in result.hits] == order(pipeline, None)


@pytest.mark.parametrize(
    "reranker",
    [
        Failing(ModelError("The endpoint does not answer.")),
        Failing(RerankError("No list came back.")),
        Giving(1.0),
        Giving(*[math.nan] * PASSAGES),
    ],
    ids=["no model", "no ranking", "too few", "no numbers"],
)
def test_one_that_fails_costs_its_gain_only(
    pipeline: Pipeline, reranker: Failing | Giving, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        result = pipeline.search("urlop", ADMIN, rerank=Rerank(reranker, PASSAGES))
    assert result.reranked is not None
    assert result.reranked.degraded == "rerank_failed"
    assert [hit.document.path for hit in result.hits] == order(pipeline, None)
    assert reranker.name in caplog.text


def test_a_model_that_is_not_there_is_an_error(pipeline: Pipeline) -> None:
    missing = Failing(ModelMissingError("Run `make llm`."))
    with pytest.raises(ModelMissingError, match="make llm"):
        pipeline.search("urlop", ADMIN, rerank=Rerank(missing))


def test_nothing_found_is_reranked_without_harm(pipeline: Pipeline) -> None:
    elsewhere = Principal("elsewhere", admin=True)
    result = pipeline.search("urlop", elsewhere, rerank=Rerank(Reversing()))
    assert result.hits == ()


def test_equal_scores_keep_the_order(pipeline: Pipeline) -> None:
    result = pipeline.search("urlop", ADMIN)
    pool = pipeline.pool(result, ADMIN)
    assert [hit.id for hit in reordered(pool, Reranking((0.5,) * PASSAGES))] == [
        hit.id for hit in result.hits
    ]
