"""The same hybrid query at 20,000 chunks: the embedded store against qdrant-client's local mode."""

import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from qdrant_client import QdrantClient

from bench.figures import Figure
from search.domain import Chunk, Document, IndexedChunk, Principal
from search.filters import matching
from search.lexical.bm25 import Bm25
from search.settings import LexicalSettings
from search.stores.base import IndexIdentity, Store, StoreQuery
from search.stores.edge import EdgeStore
from search.stores.server import ServerStore

CHUNKS = 20_000
DIMENSION = 384
QUERIES = 200
LOCAL_QUERIES = 10
IDENTITY = IndexIdentity(1, "bench", "1", DIMENSION, "1")
ADMIN = Principal("bench", admin=True)
READER = Principal("bench", user="ewa", groups=frozenset({"hr"}))
VOCABULARY = 30_000


def run() -> Sequence[Figure]:
    """Fill both stores with the same chunks and time the same queries."""
    bm25 = Bm25(LexicalSettings())
    rng = np.random.default_rng(7)
    items = _items(rng, bm25)
    queries = [_query(rng, bm25) for _ in range(QUERIES)]
    with tempfile.TemporaryDirectory() as folder:
        edge = EdgeStore(Path(folder) / "edge", create=IDENTITY)
        edge_fill = _seconds(lambda: _fill(edge, items))
        embedded = _milliseconds(edge, queries, ADMIN)
        filtered = _milliseconds(edge, [_with_filters(query) for query in queries], READER)
        edge.close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it advises a server beyond 20,000 points
            client = QdrantClient(path=str(Path(folder) / "local"))
            local = ServerStore(client, "bench", create=IDENTITY)
            local_fill = _seconds(lambda: _fill(local, items))
            theirs = _milliseconds(local, queries[:LOCAL_QUERIES], ADMIN)
            local.close()
    p50, p95, other = np.median(embedded), np.percentile(embedded, 95), np.median(theirs)
    return [
        Figure("embedded store, hybrid query, p50", float(p50), "ms", goal="<= 5 ms"),
        Figure("embedded store, hybrid query, p95", float(p95), "ms"),
        Figure("embedded store, access list and filter, p50", float(np.median(filtered)), "ms"),
        Figure(
            "local mode, the same hybrid query, p50",
            float(other), "ms", float(other / p50), ">= 10x",
        ),
        Figure("embedded store, filling", edge_fill, "s"),
        Figure("local mode, filling", local_fill, "s", local_fill / edge_fill),
    ]  # fmt: skip


def _fill(store: Store, items: Sequence[IndexedChunk]) -> None:
    store.stage(items)
    store.publish(list({item.document.id: item.document for item in items}.values()))


def _items(rng: Any, bm25: Bm25) -> list[IndexedChunk]:
    """Draw chunks of 120 words with Zipfian frequencies, ten to a document."""
    made = []
    for number in range(CHUNKS):
        place, index = divmod(number, 10)
        document = Document(
            tenant="bench", source="/bench", path=f"{place}.md", title=f"Document {place}",
            type="md", language=("pl", "en", "de")[place % 3], size=1,
            modified=datetime(2026, 1, 1, tzinfo=UTC), content_hash="h", fingerprint="f",
            chunk_count=10, access=("public", "group:hr")[place % 2 :],
        )  # fmt: skip
        text = _words(rng, 120)
        made.append(
            IndexedChunk(document, Chunk(index, text), _vector(rng), bm25.passage(text, "und"))
        )
    return made


def _query(rng: Any, bm25: Bm25) -> StoreQuery:
    lexical = bm25.query(_words(rng, 8), ())
    return StoreQuery(
        mode="hybrid", dense=_vector(rng), lexical=lexical.terms,
        boost=lexical.boost.scaled(0.2), limit=10,
    )  # fmt: skip


def _with_filters(query: StoreQuery) -> StoreQuery:
    return replace(query, where=matching(language=("pl", "en")))


def _words(rng: Any, count: int) -> str:
    return " ".join(f"w{n % VOCABULARY}x" for n in rng.zipf(1.3, size=count))


def _vector(rng: Any) -> Any:
    drawn = rng.normal(size=DIMENSION).astype(np.float32)
    return drawn / np.linalg.norm(drawn)


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _milliseconds(store: Store, queries: Sequence[StoreQuery], principal: Principal) -> list[float]:
    store.query(queries[0], principal)
    times = []
    for query in queries:
        start = time.perf_counter()
        store.query(query, principal)
        times.append((time.perf_counter() - start) * 1000)
    return times
