"""A deadline, and the stages that ask for it."""

import math
import socket
import time
from collections.abc import Iterator

import pytest
from qdrant_client import QdrantClient

from search.deadline import NEVER, Deadline
from search.domain import Principal
from search.embedders.fake import FakeEmbedder
from search.errors import DeadlineError, StoreUnavailableError
from search.lexical.bm25 import Bm25
from search.pipeline import Pipeline
from search.settings import LexicalSettings, RetrievalSettings, StoreSettings
from search.stores.base import IndexIdentity
from search.stores.server import ServerStore, connect

ADMIN = Principal("default", admin=True)


@pytest.fixture
def store() -> Iterator[ServerStore]:
    spec = FakeEmbedder().spec
    identity = IndexIdentity(1, spec.name, spec.revision, spec.dimension, "1")
    made = ServerStore(QdrantClient(":memory:"), "docs", create=identity)
    yield made
    made.close()


@pytest.fixture
def pipeline(store: ServerStore) -> Pipeline:
    return Pipeline(FakeEmbedder(), Bm25(LexicalSettings()), store, RetrievalSettings())


@pytest.fixture
def silent(store: ServerStore) -> Iterator[None]:
    """Put a server in the place of the store's that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        there, store._client = store._client, connect(StoreSettings(url=url, timeout=2))
        yield
        store._client.close()
        store._client = there


def test_what_remains() -> None:
    assert 0.9 < Deadline.after(1).remaining() <= 1
    assert Deadline.after(-1).remaining() == 0
    assert NEVER.remaining() == math.inf
    NEVER.check("begin")
    with pytest.raises(DeadlineError, match="before it could count"):
        Deadline.after(0).check("count")


@pytest.mark.parametrize(
    ("mode", "stage"), [("hybrid", "embed"), ("dense", "embed"), ("lexical", "analyse")]
)
def test_no_stage_begins_after_it(pipeline: Pipeline, mode: str, stage: str) -> None:
    with pytest.raises(DeadlineError, match=stage):
        pipeline.search("urlop", ADMIN, mode=mode, deadline=Deadline.after(0))  # type: ignore[arg-type]
    with pytest.raises(DeadlineError, match="count by type"):
        pipeline.facets(["type"], ADMIN, deadline=Deadline.after(0))


def test_a_stage_that_takes_too_long_is_the_last(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = pipeline.embedder.embed_query

    def slow(text: str) -> object:
        time.sleep(0.06)
        return quick(text)

    monkeypatch.setattr(pipeline.embedder, "embed_query", slow)
    with pytest.raises(DeadlineError, match="search the index"):
        pipeline.search("urlop", ADMIN, mode="dense", deadline=Deadline.after(0.05))
    assert pipeline.search("urlop", ADMIN, deadline=Deadline.after(10)).hits == ()


@pytest.mark.usefixtures("silent")
def test_a_server_gets_no_more_time_than_is_left(pipeline: Pipeline) -> None:
    start = time.monotonic()
    with pytest.raises(DeadlineError):
        pipeline.search("urlop", ADMIN, mode="dense", deadline=Deadline.after(0.9))
    assert time.monotonic() - start < 3


@pytest.mark.usefixtures("silent")
def test_a_server_that_fails_in_time_is_a_failure_of_the_store(pipeline: Pipeline) -> None:
    start = time.monotonic()
    with pytest.raises(StoreUnavailableError):
        pipeline.search("urlop", ADMIN, mode="dense")
    assert time.monotonic() - start > 1.5
