"""From a query to hits, on the fake embedder and the embedded store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from search.domain import Chunk, IndexedChunk, Mode, Principal
from search.embedders.fake import FakeEmbedder
from search.errors import InputError
from search.filters import matching
from search.lexical.bm25 import Bm25
from search.pipeline import Pipeline
from search.settings import LexicalSettings, RetrievalSettings
from search.stores.base import IndexIdentity
from search.stores.edge import EdgeStore
from tests.search.stores.factory import ADMIN, document, put

EMBEDDER = FakeEmbedder()
BM25 = Bm25(LexicalSettings())


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    spec = EMBEDDER.spec
    identity = IndexIdentity(1, spec.name, spec.revision, spec.dimension, "1")
    store = EdgeStore(tmp_path / "index", create=identity)
    texts = {
        ("urlop.md", "pl"): "Urlop zaległy wykorzystuje się do końca września.",
        ("f17.md", "pl"): "Wniosek składa się na formularzu F-17.",
        ("travel.md", "en"): "Travel expenses are paid within two weeks.",
        ("wartung.md", "de"): "Die Wartung erfolgt alle sechs Monate.",
    }
    for (path, language), text in texts.items():
        [vector] = EMBEDDER.embed_passages([text])
        sparse = BM25.passage(text, language)
        doc = document(path, language=language)
        put(store, [IndexedChunk(doc, Chunk(0, text), vector, sparse)])
    made = Pipeline(EMBEDDER, BM25, store, RetrievalSettings())
    yield made
    made.close()


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("zaległe urlopy", "urlop.md"),
        ("zalegle urlopy", "urlop.md"),
        ("formularz f17", "f17.md"),
        ("travelling expense", "travel.md"),
        ("Wartungen", "wartung.md"),
    ],
)
def test_the_answer_comes_first(pipeline: Pipeline, query: str, best: str) -> None:
    assert pipeline.search(query, ADMIN).hits[0].document.path == best


@pytest.mark.parametrize(
    ("mode", "stages"),
    [
        ("hybrid", {"embed", "analyse", "retrieve", "total"}),
        ("dense", {"embed", "retrieve", "total"}),
        ("lexical", {"analyse", "retrieve", "total"}),
    ],
)
def test_every_stage_is_timed(pipeline: Pipeline, mode: Mode, stages: set[str]) -> None:
    result = pipeline.search("urlop", ADMIN, mode=mode)
    timings = result.trace.timings_ms
    assert set(timings) == stages
    assert sum(timings[s] for s in stages - {"total"}) <= timings["total"]
    assert result.mode == mode


def test_traces_differ(pipeline: Pipeline) -> None:
    first, second = pipeline.search("urlop", ADMIN), pipeline.search("urlop", ADMIN)
    assert first.trace.id != second.trace.id


def test_limit_offset_and_filters(pipeline: Pipeline) -> None:
    everything = pipeline.search("urlop", ADMIN).hits
    assert len(everything) == 4
    assert pipeline.search("urlop", ADMIN, limit=2).hits == everything[:2]
    assert pipeline.search("urlop", ADMIN, limit=2, offset=1).hits == everything[1:3]
    english = pipeline.search("urlop", ADMIN, where=matching(language=("en",))).hits
    assert [hit.document.path for hit in english] == ["travel.md"]


def test_nothing_for_a_stranger(pipeline: Pipeline) -> None:
    assert pipeline.search("urlop", Principal("elsewhere", admin=True)).hits == ()


@pytest.mark.parametrize("query", ["", "  \n ", "x" * 4001])
def test_a_query_that_is_none(pipeline: Pipeline, query: str) -> None:
    with pytest.raises(InputError, match=r"empty|4001"):
        pipeline.search(query, ADMIN)


def add(pipeline: Pipeline, path: str, *texts: str) -> None:
    vectors = EMBEDDER.embed_passages(texts)
    doc = document(path, chunks=len(texts))
    put(
        pipeline.store,
        [
            IndexedChunk(doc, Chunk(index, text), vector, BM25.passage(text, "pl"))
            for index, (text, vector) in enumerate(zip(texts, vectors, strict=True))
        ],
    )


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_diversity_brings_what_the_best_hit_does_not_say(pipeline: Pipeline, mode: Mode) -> None:
    add(pipeline, "a.md", *["Zwrot kosztów delegacji krajowej w ciągu dwóch tygodni"] * 3)
    add(pipeline, "b.md", "Delegacja zagraniczna: dieta, nocleg, ubezpieczenie i wiza")
    plain = pipeline.search("zwrot kosztów delegacji", ADMIN, mode=mode, limit=4)
    assert [hit.document.path for hit in plain.hits[:3]] == ["a.md"] * 3
    diverse = pipeline.search("zwrot kosztów delegacji", ADMIN, mode=mode, limit=4, diversity=0.7)
    assert diverse.hits[0] == plain.hits[0]
    assert diverse.hits[1].document.path == "b.md"
    assert "diversify" in diverse.trace.timings_ms
    again = pipeline.search("zwrot kosztów delegacji", ADMIN, mode=mode, limit=4, diversity=0.7)
    assert again.hits == diverse.hits


def test_diverse_pages_neither_overlap_nor_leave_gaps(pipeline: Pipeline) -> None:
    add(pipeline, "a.md", *(f"Delegacja numer {n} trwa {n} dni" for n in range(20)))
    whole = pipeline.search("delegacja", ADMIN, limit=24, diversity=0.5).hits
    pages = [
        pipeline.search("delegacja", ADMIN, limit=6, offset=start, diversity=0.5).hits
        for start in range(0, 24, 6)
    ]
    assert [hit for page in pages for hit in page] == list(whole)
    assert len({hit.id for hit in whole}) == 24


def test_diversity_keeps_to_access_filters_and_groups(pipeline: Pipeline) -> None:
    add(pipeline, "a.md", *(f"Delegacja numer {n}" for n in range(5)))
    stranger = Principal("elsewhere", admin=True)
    assert pipeline.search("delegacja", stranger, diversity=0.5).hits == ()
    english = matching(language=("en",))
    found = pipeline.search("delegacja", ADMIN, where=english, diversity=0.5).hits
    assert {hit.document.path for hit in found} == {"travel.md"}
    grouped = pipeline.search("delegacja", ADMIN, diversity=0.5, per_document=2, limit=2).hits
    assert [hit.document.path for hit in grouped[:2]] == ["a.md", "a.md"]
    assert len({hit.document.id for hit in grouped}) == 2


LONG = "Sekretariat mieści się na parterze. Koszty podróży zwraca dział finansowy. Tak."


def test_the_best_sentence_is_marked_where_no_word_matches(pipeline: Pipeline) -> None:
    # The stand-in model tells words by their first five letters, the stemmer knows more.
    add(pipeline, "koszty.md", LONG)
    asked = {"mode": "dense", "limit": 1, "where": matching(path=("koszty.md",))}
    query = "podróżnicy finansują kosztorys"
    [plain] = pipeline.search(query, ADMIN, **asked).hits  # type: ignore[arg-type]
    assert plain.semantic is None
    result = pipeline.search(query, ADMIN, highlight="semantic", **asked)  # type: ignore[arg-type]
    [hit] = result.hits
    assert hit.semantic is not None
    assert LONG[slice(*hit.semantic)] == "Koszty podróży zwraca dział finansowy."
    assert "highlight" in result.trace.timings_ms


def test_no_sentence_is_marked_where_a_word_matches(pipeline: Pipeline) -> None:
    hits = pipeline.search("urlop", ADMIN, highlight="semantic").hits
    marked = {hit.document.path: hit.semantic for hit in hits}
    assert marked.pop("urlop.md") is None
    assert len(marked) == 3
    assert all(marked.values())


def test_lexical_search_embeds_the_query_only_for_marks_it_needs(pipeline: Pipeline) -> None:
    result = pipeline.search("urlop", ADMIN, mode="lexical", highlight="semantic")
    assert [hit.semantic for hit in result.hits] == [None]


@pytest.mark.parametrize("mode", ["hybrid", "lexical"])
def test_a_pool_tells_how_well_each_passage_fits(pipeline: Pipeline, mode: Mode) -> None:
    result = pipeline.search("zaległe urlopy", ADMIN, mode=mode)
    pool = pipeline.pool(result, ADMIN)
    assert (pool.query, pool.hits) == ("zaległe urlopy", result.hits)
    assert pool.signals[0].coverage == 1
    assert all(0 <= signals.coverage < 1 for signals in pool.signals[1:])
    vector = EMBEDDER.embed_query("zaległe urlopy")
    for hit, signals in zip(pool.hits, pool.signals, strict=True):
        [passage] = EMBEDDER.embed_passages([hit.chunk.text])
        assert signals.cosine == pytest.approx(float(vector @ passage), abs=1e-5)


def test_a_passage_that_may_not_be_read_counts_as_unlike(pipeline: Pipeline) -> None:
    result = pipeline.search("zaległe urlopy", ADMIN)
    pool = pipeline.pool(result, Principal("elsewhere", admin=True))
    assert {signals.cosine for signals in pool.signals} == {0.0}
