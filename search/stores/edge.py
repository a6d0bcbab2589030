"""The embedded store: Qdrant Edge, the Rust engine in this process (github.com/qdrant/qdrant).

The engine is in beta and pinned; nothing outside this module knows it. Two of its habits
shape the code (see DESIGN, decision 1): loading a folder that another process has open
damages it, so our own lock comes first; and it never releases the GIL, so calls stay short.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from search.domain import NO_FILTERS, Document, Filters, Hit, IndexedChunk, Principal, SparseVector
from search.errors import IndexMismatchError, IndexMissingError, SemsearchError, StoreError
from search.stores.base import FacetField, IndexIdentity, StoreQuery, page
from search.stores.conditions import conditions
from search.stores.lock import IndexLock
from search.stores.payload import (
    DENSE,
    IDENTITY_POINT,
    LEXICAL,
    PAYLOAD_INDEXES,
    identity_payload,
    to_chunk,
    to_document,
    to_identity,
    to_payload,
    version_of,
)

UPSERT_SIZE = 256
"""Points a call: a call blocks all of Python while it runs."""

SCROLL_SIZE = 1000
FACET_LIMIT = 10_000

_SCHEMA = {
    "keyword": edge.PayloadSchemaType.Keyword,
    "integer": edge.PayloadSchemaType.Integer,
    "datetime": edge.PayloadSchemaType.Datetime,
}

_SUM = edge.Formula(
    edge.Expression.Sum(
        [edge.Expression.Variable("$score[0]"), edge.Expression.Variable("$score[1]")]
    ),
    defaults={"$score[0]": 0.0, "$score[1]": 0.0},
)
"""Fused score + boost; a passage that one of them did not meet gets 0 for it."""


class EdgeStore:
    """A store in a folder of this machine, open in one process at a time."""

    def __init__(
        self, folder: Path, create: IndexIdentity | None = None, lock_timeout: float = 0
    ) -> None:
        """Open the index in `folder`.

        Args:
            folder: where the index lies.
            create: what to build a new index for when there is none yet.
            lock_timeout: seconds to wait for another process that has it open.

        Raises:
            IndexMissingError: there is no index and `create` is None.
            StoreBusyError: another process has it open.
            StoreError: its files cannot be read.
        """
        self._folder = folder
        if create is None and not folder.is_dir():
            raise IndexMissingError(_missing(folder))
        self._lock = IndexLock(folder, lock_timeout)
        try:
            if not folder.is_dir():
                if create is None:
                    raise IndexMissingError(_missing(folder))
                _create(folder, create)
            with _engine_errors(f"open the index in {folder}"):
                self._shard = edge.EdgeShard.load(str(folder))
            self._identity = self._read_identity()
        except BaseException:
            self._lock.release()
            raise
        self._open = True

    @property
    def identity(self) -> IndexIdentity:
        """Tell what the index was built with."""
        return self._identity

    def query(self, query: StoreQuery, principal: Principal) -> list[Hit]:
        """Return the best passages, best first, at most `query.limit`."""
        if query.mode == "lexical" and not query.lexical:
            return []
        request = _request(query, _filter(conditions(principal, query.filters)))
        with _engine_errors("search"):
            scores = page([(str(p.id), p.score) for p in self._shard.query(request)], query)
            records = self._shard.retrieve(list(scores), True, False)
        found = {str(record.id): record.payload for record in records if record.payload}
        return [
            Hit(to_document(found[point]), to_chunk(found[point]), score)
            for point, score in scores.items()
            if point in found
        ]

    def count(self, principal: Principal, filters: Filters = NO_FILTERS) -> int:
        """Count chunks."""
        where = _filter(conditions(principal, filters))
        with _engine_errors("count"):
            return self._shard.count(edge.CountRequest(exact=True, filter=where))

    def facet(
        self, field: FacetField, principal: Principal, filters: Filters = NO_FILTERS
    ) -> dict[str, int]:
        """Count documents by value of a field, most frequent first."""
        where = _filter({**conditions(principal, filters), "index": (0,)})
        with _engine_errors("count"):
            answer = self._shard.facet(
                edge.FacetRequest(key=field, limit=FACET_LIMIT, exact=True, filter=where)
            )
        return {str(hit.value): hit.count for hit in answer.hits}

    def documents(self, principal: Principal, filters: Filters = NO_FILTERS) -> Iterator[Document]:
        """Yield every document once."""
        where = _filter({**conditions(principal, filters), "index": (0,)})
        offset = None
        while True:
            with _engine_errors("list documents"):
                records, offset = self._shard.scroll(
                    edge.ScrollRequest(
                        filter=where, limit=SCROLL_SIZE, offset=offset, with_payload=True
                    )
                )
            yield from (to_document(record.payload) for record in records if record.payload)
            if offset is None:
                return

    def upsert(self, chunks: Sequence[IndexedChunk]) -> None:
        """Add chunks or replace those of the same id."""
        for start in range(0, len(chunks), UPSERT_SIZE):
            points = [_point(item) for item in chunks[start : start + UPSERT_SIZE]]
            self._update(edge.UpdateOperation.upsert_points(points))

    def remove_stale(self, document: Document) -> None:
        """Remove the chunks of all other versions of this document."""
        stale = edge.Filter(
            must=[_any_of("document", (document.id,))],
            must_not=[_any_of("version", (version_of(document),))],
        )
        self._update(edge.UpdateOperation.delete_points_by_filter(stale))

    def remove(self, documents: Sequence[Document]) -> None:
        """Remove all chunks of these documents."""
        if documents:
            gone = edge.Filter(must=[_any_of("document", tuple(d.id for d in documents))])
            self._update(edge.UpdateOperation.delete_points_by_filter(gone))

    def flush(self) -> None:
        """Return when all that was written survives a power cut."""
        with _engine_errors("flush"):
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
                with _engine_errors("close"):
                    self._shard.flush()
                    self._shard.close()
            finally:
                self._lock.release()

    def _read_identity(self) -> IndexIdentity:
        with _engine_errors("read the index's identity"):
            records = self._shard.retrieve([IDENTITY_POINT], True, False)
        if not records or not records[0].payload:
            raise IndexMismatchError(
                f"{self._folder} was not written by semsearch; choose another SEMSEARCH_DATA_DIR."
            )
        return to_identity(records[0].payload)

    def _update(self, operation: edge.UpdateOperation) -> None:
        with _engine_errors("write"):
            self._shard.update(operation)


def _create(folder: Path, identity: IndexIdentity) -> None:
    """Build an empty index aside and move it into place, so that none is ever half made."""
    aside = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    config = edge.EdgeConfig(
        vectors={
            DENSE: edge.EdgeVectorParams(size=identity.dimension, distance=edge.Distance.Cosine)
        },
        sparse_vectors={LEXICAL: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
    )
    with _engine_errors(f"create the index in {folder}"):
        shard = edge.EdgeShard.create(str(aside), config)
        for field, kind in PAYLOAD_INDEXES.items():
            shard.update(edge.UpdateOperation.create_field_index(field, _SCHEMA[kind]))
        marker = edge.Point(IDENTITY_POINT, {}, identity_payload(identity))
        shard.update(edge.UpdateOperation.upsert_points([marker]))
        shard.flush()
        shard.close()
    aside.rename(folder)


def _request(query: StoreQuery, where: edge.Filter) -> edge.QueryRequest:
    """Translate a query: one retriever alone, or both fused and boosted in the engine."""
    if query.mode == "hybrid" and query.dense is not None and query.lexical:
        fusion: Any = edge.Fusion.Dbsf() if query.fusion == "dbsf" else edge.Fusion.Rrf(k=2)
        both = [_dense(query, where), _lexical(query.lexical, query.prefetch, where)]
        if not query.boost:
            return _final(query, prefetches=both, query=fusion)
        fused = edge.Prefetch(limit=2 * query.prefetch, prefetches=both, query=fusion)
        boost = _lexical(query.boost, query.prefetch, where)
        return _final(query, prefetches=[fused, boost], query=_SUM)
    if query.mode == "lexical" or query.dense is None:
        using = edge.Query.Nearest(_sparse(query.lexical), using=LEXICAL)
    else:
        using = edge.Query.Nearest(query.dense.tolist(), using=DENSE)
    return _final(query, query=using, filter=where)


def _final(wanted: StoreQuery, **what: Any) -> edge.QueryRequest:
    return edge.QueryRequest(limit=wanted.candidates, with_payload=False, **what)


def _dense(query: StoreQuery, where: edge.Filter) -> edge.Prefetch:
    assert query.dense is not None
    nearest = edge.Query.Nearest(query.dense.tolist(), using=DENSE)
    return edge.Prefetch(limit=query.prefetch, query=nearest, filter=where)


def _lexical(vector: SparseVector, limit: int, where: edge.Filter) -> edge.Prefetch:
    nearest = edge.Query.Nearest(_sparse(vector), using=LEXICAL)
    return edge.Prefetch(limit=limit, query=nearest, filter=where)


def _filter(wanted: Mapping[str, tuple[str | int, ...]]) -> edge.Filter:
    return edge.Filter(must=[_any_of(field, values) for field, values in wanted.items()])


def _any_of(field: str, values: tuple[str | int, ...]) -> edge.FieldCondition:
    if len(values) == 1:
        return edge.FieldCondition(key=field, match=edge.MatchValue(values[0]))
    any_of: Any = list(values)  # of one type: the field's
    return edge.FieldCondition(key=field, match=edge.MatchAny(any_of))


def _point(item: IndexedChunk) -> edge.Point:
    vectors = {DENSE: item.dense.tolist()}
    if item.sparse:
        vectors[LEXICAL] = _sparse(item.sparse)
    return edge.Point(item.id, vectors, to_payload(item))


def _sparse(vector: SparseVector) -> edge.SparseVector:
    return edge.SparseVector(indices=list(vector.indices), values=list(vector.values))


@contextmanager
def _engine_errors(doing: str) -> Iterator[None]:
    """Turn the engine's exceptions into ours."""
    try:
        yield
    except SemsearchError:
        raise
    except Exception as error:  # the engine raises bare `Exception`
        raise StoreError(f"The embedded store could not {doing}: {error}") from error


def _missing(folder: Path) -> str:
    return f"There is no index in {folder} yet: run `semsearch ingest FOLDER` first."
