"""Carries out a plan: what takes no embedding first, then the three stages at once."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from ingest.indexer import Indexer, PreparedDocument
from ingest.plan import Failure, Plan, PlannedFile
from ingest.reading import Reading
from ingest.windows import windows
from ingest.writing import Writer
from search.domain import Document, IndexedChunk
from search.stores.base import Store

FLUSH_SECONDS = 30
"""How much work a power cut may cost."""

REMOVED_AT_ONCE = 256


class Run:
    """One plan on its way into a store, and what came of it."""

    def __init__(self, indexer: Indexer, store: Store, on_read: Callable[[Reading], None]) -> None:
        self.failures: list[Failure] = []
        self.unsupported: list[str] = []
        self.notes: list[tuple[str, str]] = []
        self.chunks = 0
        self.read_seconds = self.embed_seconds = self.store_seconds = 0.0
        self._indexer = indexer
        self._store = store
        self._on_read = on_read
        self._unflushed_since: float | None = None

    def apply(self, plan: Plan) -> tuple[PlannedFile, ...]:
        """Do what takes no embedding; returns the files that must be parsed after all."""
        incomplete = {}
        for move in plan.renamed:
            if not self._indexer.move(move.former, move.document):
                incomplete[move.planned.file.path] = move.planned
        for update in plan.updated:
            self._store.update(update.document)
        self.remove(plan.deleted)
        if plan.renamed or plan.updated:
            self._store.flush()
        return tuple(incomplete.values())

    def remove(self, documents: Sequence[Document]) -> None:
        """Remove documents, a few hundred a call."""
        for first in range(0, len(documents), REMOVED_AT_ONCE):
            self._store.remove(documents[first : first + REMOVED_AT_ONCE])
        if documents:
            self._store.flush()

    def index(self, found: Iterator[Reading], on_chunks: Callable[[int], None]) -> None:
        """Embed and store what the reading stage yields; a thread stores while we embed."""
        with Writer() as writer:
            for window in windows(self._documents(found, writer)):
                start = time.perf_counter()
                items = self._indexer.embed(window, on_chunks)
                self.embed_seconds += time.perf_counter() - start
                writer.put(partial(self._write, items, window.complete))
                self.chunks += len(items)
        self.store_seconds = writer.busy_seconds
        if self.chunks:
            self._store.flush()

    def _documents(self, found: Iterator[Reading], writer: Writer) -> Iterator[PreparedDocument]:
        """Yield the documents of readings, and take note of the rest."""
        for reading in found:
            self._on_read(reading)
            self.failures += reading.failures
            self.unsupported += reading.unsupported
            self.notes += ((reading.planned.file.path, note) for note in reading.notes)
            self.read_seconds += reading.seconds
            yield from reading.documents
            if gone := reading.gone:
                writer.put(partial(self.remove, gone))

    def _write(self, items: Sequence[IndexedChunk], complete: Sequence[PreparedDocument]) -> None:
        self._indexer.write(items, complete)
        now = time.monotonic()
        if self._unflushed_since is None:
            self._unflushed_since = now
        elif now - self._unflushed_since > FLUSH_SECONDS:
            self._store.flush()
            self._unflushed_since = None
