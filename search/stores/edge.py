"""The embedded store: Qdrant Edge, the Rust engine in this process (github.com/qdrant/qdrant).

The engine is in beta and pinned; nothing outside this module knows it. Three of its habits
shape the code. Loading a folder that another process has open damages it, so our own lock
comes first (DESIGN, decision 1). It never releases the GIL, so calls stay short. And what is
written gathers in memory, with its inverted and payload indexes, until `optimize` makes an
immutable segment of it, which is read from disk as needed; so whoever writes much compacts
now and then, and memory stays the same however large the index grows. Segments have no
graph (`m=0`): search is exact.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from search.domain import (
    Chunk,
    Document,
    Hit,
    IndexedChunk,
    Principal,
    Suggestion,
    Vector,
)
from search.errors import IndexMismatchError, IndexMissingError
from search.filters import EVERYTHING, All, Expression
from search.stores import edge_create
from search.stores.base import FacetField, IndexIdentity, IndexState, SimilarQuery, StoreQuery, page
from search.stores.conditions import permitted
from search.stores.edge_errors import engine_errors
from search.stores.edge_query import (
    NO_TENANT,
    any_of,
    to_dense,
    to_filter,
    to_indexed,
    to_point,
    to_request,
    to_similar,
)
from search.stores.lock import Holder, IndexLock
from search.stores.payload import (
    DENSE,
    DOCUMENT_FIELDS,
    IDENTITY_POINT,
    document_payload,
    id_groups,
    points_by_tenant,
    to_chunk,
    to_document,
    to_identity,
    version_of,
)
from search.stores.repair import MARKER_POINT, POINT_FIELDS, repairs
from search.stores.suggesting import POOL, SUGGESTION_FIELDS, Payload, suggestions

UPSERT_SIZE = 256
"""Points a call: a call blocks all of Python while it runs."""

SCROLL_SIZE = 1000
FACET_LIMIT = 10_000


class EdgeStore:
    """A store in a folder of this machine, open in one process at a time."""

    def __init__(
        self,
        folder: Path,
        create: IndexIdentity | None = None,
        lock_timeout: float = 0,
        holder: Holder | None = None,
        answering: bool = False,
    ) -> None:
        """Open the index in `folder`.

        Args:
            folder: where the index lies.
            create: what to build a new index for when there is none yet.
            lock_timeout: seconds to wait for another process that has it open.
            holder: whom others are told it is open for, if not this process.
            answering: others wait for answers meanwhile: what is written gathers in memory until
                the store is closed, because a segment takes seconds to make, and no call is
                answered while it is made.

        Raises:
            IndexMissingError: there is no index and `create` is None.
            StoreBusyError: another process has it open.
            StoreError: its files cannot be read.
        """
        self._folder = folder
        if create is None and not folder.is_dir():
            raise IndexMissingError(_missing(folder))
        self._lock = IndexLock(folder, lock_timeout, holder)
        try:
            if not folder.is_dir():
                if create is None:
                    raise IndexMissingError(_missing(folder))
                edge_create.create_index(folder, create)
            mend = "; if it is damaged, `semsearch ingest --rebuild FOLDER…` makes it anew"
            with engine_errors(f"open the index in {folder}{mend}"):
                self._shard = edge.EdgeShard.load(str(folder))
            self._identity = self._read_identity()
        except BaseException:
            self._lock.release()
            raise
        self._open = True
        self._gathered = 0
        self._answering = answering

    @property
    def identity(self) -> IndexIdentity:
        """Tell what the index was built with."""
        return self._identity

    def query(self, query: StoreQuery, principal: Principal) -> list[Hit]:
        """Return the best passages, best first, at most `query.limit`."""
        if query.mode == "lexical" and not query.lexical:
            return []
        where = to_filter(permitted(principal, query.where))
        request = to_request(query, where, readable=to_filter(permitted(principal)))
        return self._hits(request, query)

    def similar(self, query: SimilarQuery, principal: Principal) -> list[Hit]:
        """Return the passages most like the examples, best first, at most `query.limit`."""
        return self._hits(to_similar(query, to_filter(permitted(principal, query.where))), query)

    def suggest(self, typed: str, principal: Principal, limit: int) -> list[Suggestion]:
        """Complete what is typed with titles and headings that hold words beginning so."""

        def look_up(wanted: All) -> list[Payload]:
            records, _ = self._page(to_filter(wanted), POOL, list(SUGGESTION_FIELDS))
            return [record.payload for record in records if record.payload]

        return suggestions(typed, principal, limit, look_up)

    def vectors(self, chunks: Sequence[str], principal: Principal) -> dict[str, Vector]:
        """Return the dense vectors of chunks by id."""
        where = to_filter(permitted(principal))
        where = edge.Filter(must=[edge.HasIdCondition(set(chunks)), where])
        request = edge.ScrollRequest(
            filter=where, limit=len(chunks) or 1, with_payload=False, with_vector=[DENSE]
        )
        with engine_errors("read vectors"):
            records, _ = self._shard.scroll(request)
        return {str(record.id): to_dense(record) for record in records}

    def count(self, principal: Principal, where: Expression = EVERYTHING) -> int:
        """Count chunks."""
        return self._count(to_filter(permitted(principal, where)))

    def count_documents(self, principal: Principal, where: Expression = EVERYTHING) -> int:
        """Count documents."""
        return self._count(to_filter(permitted(principal, where, index=0)))

    def facet(
        self, field: FacetField, principal: Principal, where: Expression = EVERYTHING
    ) -> dict[str, int]:
        """Count documents by value of a field, most frequent first."""
        wanted = to_filter(permitted(principal, where, index=0))
        with engine_errors("count"):
            answer = self._shard.facet(
                edge.FacetRequest(key=field, limit=FACET_LIMIT, exact=True, filter=wanted)
            )
        return {str(hit.value): hit.count for hit in answer.hits}

    def documents(self, principal: Principal, where: Expression = EVERYTHING) -> Iterator[Document]:
        """Yield every document once."""
        wanted = to_filter(permitted(principal, where, index=0))
        for record in self._scroll(wanted, payload=list(DOCUMENT_FIELDS)):
            if record.payload:
                yield to_document(record.payload)

    def chunks(self, document: Document, principal: Principal) -> list[Chunk]:
        """Return the chunks of a document in reading order."""
        version = permitted(principal, document=document.id, version=version_of(document))
        records = self._scroll(to_filter(version))
        found = [to_chunk(record.payload) for record in records if record.payload]
        return sorted(found, key=lambda chunk: chunk.index)

    def manifest(self) -> Iterator[Document]:
        """Yield every published version of every document of all tenants."""
        where = edge.Filter(must=[any_of("index", (0,))], must_not=[NO_TENANT])
        for record in self._scroll(where, payload=list(DOCUMENT_FIELDS)):
            if record.payload:
                yield to_document(record.payload)

    def state(self) -> IndexState:
        """Read anew what the index was built with, and count what is published."""
        chunks = edge.Filter(must_not=[NO_TENANT])
        documents = edge.Filter(must=[any_of("index", (0,))], must_not=[NO_TENANT])
        return IndexState(self._read_identity(), self._count(documents), self._count(chunks))

    def stage(self, chunks: Sequence[IndexedChunk]) -> None:
        """Add chunks, or replace those of the same id; invisible until published."""
        for start in range(0, len(chunks), UPSERT_SIZE):
            points = [to_point(item) for item in chunks[start : start + UPSERT_SIZE]]
            self._update(edge.UpdateOperation.upsert_points(points))
        self._gathered += len(chunks)

    def publish(self, documents: Sequence[Document]) -> None:
        """Make the staged chunks of these versions visible."""
        for tenant, points in points_by_tenant(documents).items():
            self._publish(tenant, points)
        if self._gathered >= edge_create.SEGMENT_CHUNKS and not self._answering:
            self._compact()
            with engine_errors("open the index again"):
                self._shard.close()  # only then does the engine let go of the memory
                self._shard = edge.EdgeShard.load(str(self._folder))

    def read_back(self, document: Document) -> Iterator[IndexedChunk]:
        """Yield the chunks of a version with their vectors."""
        for group in id_groups(document, UPSERT_SIZE):
            ids: Any = group
            with engine_errors("read vectors"):
                records = self._shard.retrieve(ids, True, True)
            for record in records:
                if record.payload:
                    yield to_indexed(document, record)

    def update(self, document: Document) -> None:
        """Write the metadata of a version anew."""
        version = edge.Filter(
            must=[
                any_of("document", (document.id,)),
                any_of("version", (version_of(document),)),
            ]
        )
        payload = document_payload(document)
        self._update(edge.UpdateOperation.set_payload_by_filter(version, payload))

    def remove_stale(self, document: Document) -> None:
        """Remove the chunks of all other versions of this document."""
        stale = edge.Filter(
            must=[any_of("document", (document.id,))],
            must_not=[any_of("version", (version_of(document),))],
        )
        self._update(edge.UpdateOperation.delete_points_by_filter(stale))

    @contextmanager
    def claim(self, holder: str) -> Iterator[bool]:
        """Mark the index while a sync runs; the lock of this process keeps others away."""
        with engine_errors("look for interrupted syncs"):
            interrupted = bool(self._shard.retrieve([MARKER_POINT], False, False))
        marker = edge.Point(MARKER_POINT, {}, {"holder": holder})
        self._update(edge.UpdateOperation.upsert_points([marker]))
        yield interrupted
        self._update(edge.UpdateOperation.delete_points([MARKER_POINT]))

    def repair(self) -> None:
        """Put right what a sync that was cut short left."""
        chunks = edge.Filter(must_not=[edge.IsEmptyCondition("document")])
        records = self._scroll(chunks, payload=list(POINT_FIELDS))
        found = repairs((str(record.id), record.payload or {}) for record in records)
        for tenant, points in found.publish.items():
            self._publish(tenant, points)
        if found.remove:
            gone: Any = found.remove
            self._update(edge.UpdateOperation.delete_points(gone))

    def remove(self, documents: Sequence[Document]) -> None:
        """Remove all chunks of these documents."""
        if documents:
            gone = edge.Filter(must=[any_of("document", tuple(d.id for d in documents))])
            self._update(edge.UpdateOperation.delete_points_by_filter(gone))

    def flush(self) -> None:
        """Return when all that was written survives a power cut."""
        with engine_errors("flush"):
            self._shard.flush()

    def size_bytes(self) -> int:
        """Return what the index takes on disk; the engine reserves more, in sparse files."""
        found = [file.stat() for file in self._folder.rglob("*") if file.is_file()]
        return sum(getattr(f, "st_blocks", f.st_size // 512) * 512 for f in found)

    def close(self) -> None:
        """Flush, close the engine and release the lock."""
        if self._open:
            self._open = False
            try:
                if self._gathered:
                    self._compact()
                with engine_errors("close"):
                    self._shard.flush()
                    self._shard.close()
            finally:
                self._lock.release()

    def _read_identity(self) -> IndexIdentity:
        with engine_errors("read the index's identity"):
            records = self._shard.retrieve([IDENTITY_POINT], True, False)
        if not records or not records[0].payload:
            raise IndexMismatchError(
                f"{self._folder} was not written by semsearch; choose another SEMSEARCH_DATA_DIR."
            )
        return to_identity(records[0].payload)

    def _count(self, wanted: edge.Filter) -> int:
        with engine_errors("count"):
            return self._shard.count(edge.CountRequest(exact=True, filter=wanted))

    def _scroll(
        self, where: edge.Filter, payload: bool | list[str] = True
    ) -> Iterator[edge.Record]:
        offset = None
        while True:
            records, offset = self._page(where, SCROLL_SIZE, payload, offset)
            yield from records
            if offset is None:
                return

    def _page(
        self, where: edge.Filter, limit: int, payload: bool | list[str], offset: Any = None
    ) -> tuple[list[edge.Record], Any]:
        request = edge.ScrollRequest(filter=where, limit=limit, offset=offset, with_payload=payload)
        with engine_errors("list documents"):
            return self._shard.scroll(request)

    def _hits(self, request: edge.QueryRequest, query: StoreQuery | SimilarQuery) -> list[Hit]:
        with engine_errors("search"):
            scores = page([(str(p.id), p.score) for p in self._shard.query(request)], query)
            records = self._shard.retrieve(list(scores), True, False)
        found = {str(record.id): record.payload for record in records if record.payload}
        return [
            Hit(to_document(found[point]), to_chunk(found[point]), score)
            for point, score in scores.items()
            if point in found
        ]

    def _publish(self, tenant: str, points: Sequence[str]) -> None:
        ids: Any = list(points)
        self._update(edge.UpdateOperation.set_payload(ids, {"tenant": tenant}))

    def _compact(self) -> None:
        """Make a segment on disk of what gathered in memory, if it is enough for one."""
        with engine_errors("compact the index"):
            self._shard.optimize()
        self._gathered = 0

    def _update(self, operation: edge.UpdateOperation) -> None:
        with engine_errors("write"):
            self._shard.update(operation)


def _missing(folder: Path) -> str:
    return f"There is no index in {folder} yet: run `semsearch ingest FOLDER` first."
