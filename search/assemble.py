"""The composition root: from settings to a working pipeline. Only here are engines picked.

Engines are imported when they are picked, so that a command pays for what it uses: a query
on the embedded store imports neither PyTorch nor qdrant-client.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from search.answerers.base import Answerer
from search.domain import Principal
from search.embedders.base import Embedder
from search.embedders.batched import BatchedQueries
from search.embedders.cached import CachedQueries
from search.errors import IndexMismatchError, IndexMissingError
from search.layer import LlmLayer
from search.lexical.analyzer import ANALYZER_VERSION
from search.lexical.bm25 import Bm25
from search.pipeline import Pipeline
from search.rerankers.base import Reranker
from search.settings import EmbedderSettings, Settings
from search.stores.base import IndexIdentity, Store
from search.stores.payload import LAYOUT_VERSION


def build_pipeline(settings: Settings, *, shared: bool = False) -> Pipeline:
    """Open the index for queries.

    Args:
        settings: all settings.
        shared: many ask at once: remember query vectors, embed those together that come together.

    Raises:
        IndexMissingError: nothing has been indexed yet.
        IndexMismatchError: the index was built with another model or analyzer.
        StoreError: the store cannot be opened.
        ModelError: the model cannot be described.
    """
    embedder = build_embedder(settings.embedder)
    store = open_store(settings, embedder, create=False)
    if shared:
        embedder = share(embedder, settings.embedder.query_cache)
    return Pipeline(embedder, Bm25(settings.lexical), store, settings.retrieval)


def build_layer(settings: Settings, embedder: Embedder) -> LlmLayer:
    """Return the LLM layer; its models load when they are first asked for."""

    def reranker(name: str) -> Reranker:
        from search.arms import build_reranker

        return build_reranker(name, settings)

    def answerer(name: str) -> Answerer:
        from search.answer_arms import build_answerer

        return build_answerer(name, settings, embedder)

    return LlmLayer(settings, reranker, answerer)


def build_embedder(settings: EmbedderSettings) -> Embedder:
    """Return the embedder that the settings name; its model loads at first use."""
    if settings.model == "bundled":
        from search.embedders.bundled_e5 import BundledE5

        return BundledE5(settings)
    if settings.model == "fake":
        from search.embedders.fake import FakeEmbedder

        return FakeEmbedder()
    from search.embedders.sentence_transformer import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(settings.model.partition(":")[2], settings)


def share(embedder: Embedder, cache: int) -> Embedder:
    """Make an embedder fit for many callers at once.

    Args:
        embedder: what embeds.
        cache: how many queries to remember; 0 for none.
    """
    if embedder.query_batch > 1:
        embedder = BatchedQueries(embedder)
    return CachedQueries(embedder, cache) if cache else embedder


def open_store(settings: Settings, embedder: Embedder, *, create: bool) -> Store:
    """Open the store and make sure that it was built for this embedder and analyzer.

    Args:
        settings: where the store is.
        embedder: what queries or passages will be embedded with.
        create: build an empty index when there is none.
    """
    wanted = identity_for(embedder)
    store = _open(settings, wanted if create else None)
    if store.identity != wanted:
        found = store.identity
        store.close()
        raise IndexMismatchError(_mismatch(found, wanted))
    return store


def ensure_index(settings: Settings) -> bool:
    """Make an empty index where there is none, and make sure that one that is there fits.

    Returns:
        Whether there was none.

    Raises:
        IndexMismatchError: it was built with another model or analyzer.
        StoreError: the store cannot be opened.
        ModelError: the model cannot be described.
    """
    embedder = build_embedder(settings.embedder)
    try:
        open_store(settings, embedder, create=False).close()
    except IndexMissingError:
        open_store(settings, embedder, create=True).close()
        return True
    return False


def open_store_as_is(settings: Settings) -> Store:
    """Open the store whatever it was built with: to look at it, not to search it."""
    return _open(settings, None)


@contextmanager
def owning_index(settings: Settings) -> Iterator[None]:
    """Own the embedded index in a process of its own while the context is open.

    All that opens the store meanwhile, in this process or another of this user, works through
    that process. A Qdrant server needs no owner.

    Raises:
        IndexMissingError: nothing has been indexed yet.
        StoreError: the index cannot be opened, or another process has it open.
    """
    if settings.store.url:
        yield
        return
    from search.stores.owning import owned

    with owned(index_folder(settings), settings.store.lock_timeout):
        yield


def drop_index(settings: Settings) -> None:
    """Delete the whole index, so that the next ingest builds it anew."""
    if settings.store.url:
        from search.stores.server import connect, drop

        drop(connect(settings.store), settings.store.collection)
        return
    from search.stores.lock import IndexLock

    folder = index_folder(settings)
    lock = IndexLock(folder, settings.store.lock_timeout)
    try:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        lock.release()


def identity_for(embedder: Embedder) -> IndexIdentity:
    """Return the identity of an index that this embedder fills and queries."""
    spec = embedder.spec
    return IndexIdentity(LAYOUT_VERSION, spec.name, spec.revision, spec.dimension, ANALYZER_VERSION)


def index_folder(settings: Settings) -> Path:
    """Return the folder of the embedded index."""
    return settings.data_dir / "index"


def local_administrator(settings: Settings) -> Principal:
    """Return whom the command line acts as unless told otherwise."""
    return Principal(tenant=settings.tenant, user="local", admin=True)


def _open(settings: Settings, create: IndexIdentity | None) -> Store:
    if settings.store.url:
        from search.stores.server import ServerStore, connect

        return ServerStore(connect(settings.store), settings.store.collection, create)
    from search.stores.remote import RemoteStore, is_owned

    if is_owned(index_folder(settings)):
        return RemoteStore(index_folder(settings), settings.store.lock_timeout)
    from search.stores.edge import EdgeStore

    return EdgeStore(index_folder(settings), create, settings.store.lock_timeout)


def _mismatch(found: IndexIdentity, wanted: IndexIdentity) -> str:
    return (
        f"The index was built with {found.described}, but the settings ask for "
        f"{wanted.described}. Set SEMSEARCH_EMBEDDER__MODEL back, or rebuild the index: "
        "`semsearch ingest --rebuild FOLDER…`."
    )
