"""Small documents for the tests of stores, and the stores themselves."""

import zlib
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from qdrant_client import QdrantClient

from search.domain import Chunk, Document, IndexedChunk, Mode, Principal, Vector
from search.lexical.bm25 import Bm25
from search.settings import LexicalSettings
from search.stores.base import IndexIdentity, Store, StoreQuery
from search.stores.edge import EdgeStore
from search.stores.owning import owned
from search.stores.payload import LAYOUT_VERSION
from search.stores.remote import RemoteStore
from search.stores.server import ServerStore

DIMENSION = 8
IDENTITY = IndexIdentity(
    layout=LAYOUT_VERSION, model="test", revision="1", dimension=DIMENSION, analyzer="1"
)
ADMIN = Principal("acme", admin=True)
BM25 = Bm25(LexicalSettings())


def edge_store(folder: Path) -> Store:
    return EdgeStore(folder / "index", create=IDENTITY)


class _Owned(RemoteStore):
    """A store in a process of its own, which ends with it."""

    def __init__(self, folder: Path) -> None:
        self._owner = ExitStack()
        self._owner.enter_context(owned(folder, lock_timeout=0))
        super().__init__(folder)

    def close(self) -> None:
        super().close()
        self._owner.close()


def owned_store(folder: Path) -> Store:
    edge_store(folder).close()
    return _Owned(folder / "index")


def server_store(folder: Path) -> Store:
    return ServerStore(QdrantClient(":memory:"), "test", create=IDENTITY)


def server_store_on_disk(folder: Path) -> Store:
    return ServerStore(QdrantClient(path=str(folder / "qdrant")), "test", create=IDENTITY)


def put(store: Store, items: Sequence[IndexedChunk]) -> None:
    """Stage and publish chunks; their documents count as many chunks as there are."""
    by_id = {item.document.id: item.document for item in items}
    counts = Counter(item.document.id for item in items)
    store.stage(items)
    store.publish([replace(doc, chunk_count=counts[id]) for id, doc in by_id.items()])


def vector(text: str) -> Vector:
    """Give every text a unit vector of its own."""
    seed = np.random.default_rng(zlib.crc32(text.encode()))
    drawn = seed.normal(size=DIMENSION).astype(np.float32)
    unit: Vector = drawn / np.linalg.norm(drawn)
    return unit


def document(
    path: str,
    *,
    tenant: str = "acme",
    access: tuple[str, ...] = ("public",),
    language: str = "pl",
    type: str = "md",
    content: str = "v1",
    chunks: int = 1,
    tags: tuple[str, ...] = (),
    author: str | None = None,
    title: str | None = None,
    year: int = 2026,
) -> Document:
    return Document(
        tenant=tenant,
        source="/docs",
        path=path,
        title=title or path,
        type=type,
        language=language,
        size=10,
        modified=datetime(year, 1, 2, tzinfo=UTC),
        content_hash=content,
        fingerprint="f",
        chunk_count=chunks,
        author=author,
        tags=tags,
        access=access,
    )


def indexed(doc: Document, *texts: str) -> list[IndexedChunk]:
    return [
        IndexedChunk(
            doc, Chunk(i, text, ("Rozdział",), 1, 5), vector(text), BM25.passage(text, doc.language)
        )
        for i, text in enumerate(texts)
    ]


def query(
    text: str, mode: Mode = "hybrid", languages: Sequence[str] = ("pl", "en"), limit: int = 10
) -> StoreQuery:
    lexical = BM25.query(text, languages)
    return StoreQuery(
        mode=mode,
        dense=vector(text),
        lexical=lexical.terms,
        boost=lexical.boost.scaled(0.2),
        limit=limit,
    )
