"""The server store: a collection on a Qdrant server or cluster, through qdrant-client.

It also runs on the client's local mode (`QdrantClient(":memory:")`), which is how it is
tested where no server can be had; that mode is laxer than a server about payload indexes,
so a test holds that every field we filter, facet or sort by has one.
"""

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from qdrant_client import QdrantClient, models

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
from search.settings import StoreSettings
from search.stores.base import FacetField, IndexIdentity, IndexState, SimilarQuery, StoreQuery, page
from search.stores.client_errors import client_errors
from search.stores.conditions import permitted
from search.stores.lease import Lease
from search.stores.payload import (
    DENSE,
    DOCUMENT_FIELDS,
    IDENTITY_POINT,
    LEXICAL,
    PAYLOAD_INDEXES,
    document_payload,
    id_groups,
    identity_payload,
    points_by_tenant,
    to_chunk,
    to_document,
    to_identity,
    version_of,
)
from search.stores.repair import POINT_FIELDS, repairs
from search.stores.server_query import (
    NO_TENANT,
    any_of,
    to_dense,
    to_filter,
    to_indexed,
    to_point,
    to_request,
    to_similar,
)
from search.stores.suggesting import POOL, SUGGESTION_FIELDS, Payload, suggestions

UPSERT_SIZE = 256
SCROLL_SIZE = 1000
FACET_LIMIT = 10_000

_SCHEMA: dict[str, Any] = {
    "keyword": models.PayloadSchemaType.KEYWORD,
    "substring": models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, prefix=True),
    "integer": models.PayloadSchemaType.INTEGER,
    "datetime": models.PayloadSchemaType.DATETIME,
}


class ServerStore:
    """A store in a collection of a Qdrant server."""

    def __init__(
        self, client: QdrantClient, collection: str, create: IndexIdentity | None = None
    ) -> None:
        """Open the index in `collection`.

        Args:
            client: connected to a server (see `connect`), or in local mode.
            collection: name of the collection.
            create: what to build a new index for when there is none yet.

        Raises:
            IndexMissingError: there is no such collection and `create` is None.
            StoreUnavailableError: the server does not answer.
        """
        self._client = client
        self._collection = collection
        with client_errors("look up the collection"):
            exists = client.collection_exists(collection)
            if exists and create and not self._identity_records():
                self._clear_half_made()
                exists = False
            if not exists and create:
                self._create(create)
        if not exists and not create:
            raise IndexMissingError(
                f"The Qdrant server has no collection {collection!r} yet: "
                "run `semsearch ingest FOLDER` first."
            )
        self._identity = self._read_identity()

    @property
    def identity(self) -> IndexIdentity:
        """Tell what the index was built with."""
        return self._identity

    def query(self, query: StoreQuery, principal: Principal) -> list[Hit]:
        """Return the best passages, best first, at most `query.limit`."""
        if query.mode == "lexical" and not query.lexical:
            return []
        where = to_filter(permitted(principal, query.where))
        what = to_request(query, where, readable=to_filter(permitted(principal)))
        return self._hits(what, query)

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
        ids: Any = list(chunks)
        where = to_filter(permitted(principal))
        with client_errors("read vectors"):
            records, _ = self._client.scroll(
                self._collection,
                scroll_filter=models.Filter(must=[models.HasIdCondition(has_id=ids), where]),
                limit=len(chunks) or 1,
                with_payload=False,
                with_vectors=[DENSE],
            )
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
        with client_errors("count"):
            answer = self._client.facet(
                self._collection, key=field, facet_filter=wanted, limit=FACET_LIMIT, exact=True
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
        where = models.Filter(must=[any_of("index", (0,))], must_not=[NO_TENANT])
        for record in self._scroll(where, payload=list(DOCUMENT_FIELDS)):
            if record.payload:
                yield to_document(record.payload)

    def state(self) -> IndexState:
        """Read anew what the index was built with, and count what is published."""
        chunks = models.Filter(must_not=[NO_TENANT])
        documents = models.Filter(must=[any_of("index", (0,))], must_not=[NO_TENANT])
        return IndexState(self._read_identity(), self._count(documents), self._count(chunks))

    def stage(self, chunks: Sequence[IndexedChunk]) -> None:
        """Add chunks, or replace those of the same id; invisible until published."""
        for start in range(0, len(chunks), UPSERT_SIZE):
            points = [to_point(item) for item in chunks[start : start + UPSERT_SIZE]]
            with client_errors("write"):
                self._client.upsert(self._collection, points, wait=True)

    def publish(self, documents: Sequence[Document]) -> None:
        """Make the staged chunks of these versions visible."""
        for tenant, points in points_by_tenant(documents).items():
            self._publish(tenant, points)

    def read_back(self, document: Document) -> Iterator[IndexedChunk]:
        """Yield the chunks of a version with their vectors."""
        for ids in id_groups(document, UPSERT_SIZE):
            with client_errors("read vectors"):
                records = self._client.retrieve(self._collection, ids, with_vectors=True)
            for record in records:
                if record.payload:
                    yield to_indexed(document, record)

    def update(self, document: Document) -> None:
        """Write the metadata of a version anew."""
        version = models.Filter(
            must=[
                any_of("document", (document.id,)),
                any_of("version", (version_of(document),)),
            ]
        )
        with client_errors("update"):
            self._client.set_payload(
                self._collection, document_payload(document), points=version, wait=True
            )

    def remove_stale(self, document: Document) -> None:
        """Remove the chunks of all other versions of this document."""
        self._delete(
            models.Filter(
                must=[any_of("document", (document.id,))],
                must_not=[any_of("version", (version_of(document),))],
            )
        )

    def claim(self, holder: str) -> AbstractContextManager[bool]:
        """Keep other syncs away, with a lease that is a point of the collection."""
        return Lease(self._client, self._collection, holder)

    def repair(self) -> None:
        """Put right what a sync that was cut short left."""
        named = models.IsEmptyCondition(is_empty=models.PayloadField(key="document"))
        records = self._scroll(models.Filter(must_not=[named]), payload=list(POINT_FIELDS))
        found = repairs((str(record.id), record.payload or {}) for record in records)
        for tenant, points in found.publish.items():
            self._publish(tenant, points)
        if found.remove:
            gone: Any = found.remove
            with client_errors("delete"):
                self._client.delete(self._collection, models.PointIdsList(points=gone))

    def remove(self, documents: Sequence[Document]) -> None:
        """Remove all chunks of these documents."""
        if documents:
            self._delete(models.Filter(must=[any_of("document", tuple(d.id for d in documents))]))

    def flush(self) -> None:
        """Do nothing: every write waited for the server's log."""

    def size_bytes(self) -> None:
        """Return None: the size is the server's to tell."""
        return None

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _count(self, wanted: models.Filter) -> int:
        with client_errors("count"):
            return self._client.count(self._collection, count_filter=wanted, exact=True).count

    def _scroll(
        self, where: models.Filter, payload: bool | list[str] = True
    ) -> Iterator[models.Record]:
        offset = None
        while True:
            records, offset = self._page(where, SCROLL_SIZE, payload, offset)
            yield from records
            if offset is None:
                return

    def _page(
        self, where: models.Filter, limit: int, payload: bool | list[str], offset: Any = None
    ) -> tuple[list[models.Record], Any]:
        with client_errors("list documents"):
            return self._client.scroll(
                self._collection,
                scroll_filter=where,
                limit=limit,
                offset=offset,
                with_payload=payload,
            )

    def _hits(self, what: dict[str, Any], query: StoreQuery | SimilarQuery) -> list[Hit]:
        timeout = None if query.timeout is None else max(1, math.ceil(query.timeout))
        with client_errors("search"):
            points = self._client.query_points(
                self._collection,
                limit=query.candidates,
                with_payload=False,
                timeout=timeout,
                **what,
            ).points
            scores = page([(str(point.id), point.score) for point in points], query)
            records = self._client.retrieve(self._collection, list(scores), timeout=timeout)
        found = {str(record.id): record.payload for record in records if record.payload}
        return [
            Hit(to_document(found[point]), to_chunk(found[point]), score)
            for point, score in scores.items()
            if point in found
        ]

    def _publish(self, tenant: str, points: Sequence[str]) -> None:
        ids: Any = list(points)
        with client_errors("publish"):
            self._client.set_payload(self._collection, {"tenant": tenant}, points=ids, wait=True)

    def _create(self, identity: IndexIdentity) -> None:
        self._client.create_collection(
            self._collection,
            vectors_config={
                DENSE: models.VectorParams(size=identity.dimension, distance=models.Distance.COSINE)
            },
            sparse_vectors_config={
                LEXICAL: models.SparseVectorParams(modifier=models.Modifier.IDF)
            },
        )
        with warnings.catch_warnings():  # local mode says that it ignores payload indexes
            warnings.simplefilter("ignore", UserWarning)
            for field, kind in PAYLOAD_INDEXES.items():
                self._client.create_payload_index(self._collection, field, _SCHEMA[kind])
        marker = models.PointStruct(
            id=IDENTITY_POINT, vector={}, payload=identity_payload(identity)
        )
        self._client.upsert(self._collection, [marker], wait=True)

    def _identity_records(self) -> list[models.Record]:
        return self._client.retrieve(self._collection, [IDENTITY_POINT])

    def _clear_half_made(self) -> None:
        """Drop a collection that a killed run left empty; refuse one that holds points."""
        if self._client.count(self._collection, exact=True).count:
            raise IndexMismatchError(self._foreign())
        self._client.delete_collection(self._collection)

    def _read_identity(self) -> IndexIdentity:
        with client_errors("read the index's identity"):
            records = self._identity_records()
        if not records or not records[0].payload:
            raise IndexMismatchError(self._foreign())
        return to_identity(records[0].payload)

    def _foreign(self) -> str:
        return (
            f"Collection {self._collection!r} was not written by semsearch; "
            "choose another SEMSEARCH_STORE__COLLECTION."
        )

    def _delete(self, where: models.Filter) -> None:
        with client_errors("delete"):
            self._client.delete(
                self._collection, points_selector=models.FilterSelector(filter=where), wait=True
            )


def connect(settings: StoreSettings) -> QdrantClient:
    """Return a client for the server that the settings name; it connects at first use."""
    key = settings.api_key.get_secret_value() if settings.api_key else None
    return QdrantClient(
        url=settings.url,
        api_key=key,
        prefer_grpc=settings.grpc,
        timeout=settings.timeout,
        check_compatibility=False,
    )


def drop(client: QdrantClient, collection: str) -> None:
    """Delete the whole collection, if there is one."""
    with client_errors("delete the collection"):
        client.delete_collection(collection)
