"""20,000 chunks: hybrid queries against qdrant-client's local mode, and completion while typing."""

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
NAMES = 5_000
"""Different words in titles and headings."""
SYLLABLES = [consonant + vowel for consonant in "bdgklmnprstwz" for vowel in "aeiou"]
TYPED = 100
"""Words that are typed letter by letter."""


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
        suggested = _suggest(edge, items)
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
        Figure("embedded store, suggestions, p50", float(np.median(suggested)), "ms"),
        Figure(
            "embedded store, suggestions, p95",
            float(np.percentile(suggested, 95)), "ms", goal="<= 20 ms",
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
    heading = ""
    for number in range(CHUNKS):
        place, index = divmod(number, 10)
        document = Document(
            tenant="bench", source="/bench", path=f"{place}.md",
            title=f"Document {place} on {_names(rng, 3)}",
            type="md", language=("pl", "en", "de")[place % 3], size=1,
            modified=datetime(2026, 1, 1, tzinfo=UTC), content_hash="h", fingerprint="f",
            chunk_count=10, access=("public", "group:hr")[place % 2 :],
        )  # fmt: skip
        heading = heading if index % 2 else _names(rng, 3)
        chunk = Chunk(index, _words(rng, 120), (document.title, heading))
        made.append(IndexedChunk(document, chunk, _vector(rng), bm25.passage(chunk.text, "und")))
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


def _names(rng: Any, count: int) -> str:
    """Draw words of two to four syllables for titles and headings, some far oftener than others."""
    drawn = np.minimum(rng.zipf(1.3, size=count), NAMES)
    return " ".join(
        "".join(SYLLABLES[(n * 7919 >> 5 * place) % len(SYLLABLES)] for place in range(2 + n % 3))
        for n in (int(n) for n in drawn)
    )


def _suggest(store: Store, items: Sequence[IndexedChunk]) -> list[float]:
    """Time suggestions for words of headings at every stroke, from the first letter on."""
    times = []
    for item in items[:: CHUNKS // TYPED]:
        word = item.chunk.section[-1].split()[-1]
        for end in range(1, len(word) + 1):
            start = time.perf_counter()
            found = store.suggest(word[:end], READER, 10)
            times.append((time.perf_counter() - start) * 1000)
            assert found or item.document.access == ("group:it",)
    return times


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
