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
