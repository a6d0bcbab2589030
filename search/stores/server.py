"""The server store: a collection on a Qdrant server or cluster, through qdrant-client.

It also runs on the client's local mode (`QdrantClient(":memory:")`), which is how it is
tested where no server can be had; that mode is laxer than a server about payload indexes,
so a test holds that every field we filter, facet or sort by has one.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
from grpc import RpcError
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from search.domain import NO_FILTERS, Document, Filters, Hit, IndexedChunk, Principal, SparseVector
from search.errors import (
    IndexMismatchError,
    IndexMissingError,
    StoreError,
    StoreUnavailableError,
)
from search.settings import StoreSettings
from search.stores.base import FacetField, IndexIdentity, StoreQuery, page
from search.stores.conditions import conditions
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
SCROLL_SIZE = 1000
FACET_LIMIT = 10_000

_SCHEMA = {
    "keyword": models.PayloadSchemaType.KEYWORD,
    "integer": models.PayloadSchemaType.INTEGER,
    "datetime": models.PayloadSchemaType.DATETIME,
}
_SUM = models.FormulaQuery(
    formula=models.SumExpression(sum=["$score[0]", "$score[1]"]),
    defaults={"$score[0]": 0.0, "$score[1]": 0.0},
)
"""Fused score + boost; a passage that one of them did not meet gets 0 for it."""


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
        with _client_errors("look up the collection"):
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
        what = _request(query, _filter(conditions(principal, query.filters)))
        with _client_errors("search"):
            points = self._client.query_points(
                self._collection, limit=query.candidates, with_payload=False, **what
            ).points
            scores = page([(str(point.id), point.score) for point in points], query)
            records = self._client.retrieve(self._collection, list(scores))
        found = {str(record.id): record.payload for record in records if record.payload}
        return [
            Hit(to_document(found[point]), to_chunk(found[point]), score)
            for point, score in scores.items()
            if point in found
        ]

    def count(self, principal: Principal, filters: Filters = NO_FILTERS) -> int:
        """Count chunks."""
        where = _filter(conditions(principal, filters))
        with _client_errors("count"):
            return self._client.count(self._collection, count_filter=where, exact=True).count

    def facet(
        self, field: FacetField, principal: Principal, filters: Filters = NO_FILTERS
    ) -> dict[str, int]:
        """Count documents by value of a field, most frequent first."""
        where = _filter({**conditions(principal, filters), "index": (0,)})
        with _client_errors("count"):
            answer = self._client.facet(
                self._collection, key=field, facet_filter=where, limit=FACET_LIMIT, exact=True
            )
        return {str(hit.value): hit.count for hit in answer.hits}

    def documents(self, principal: Principal, filters: Filters = NO_FILTERS) -> Iterator[Document]:
        """Yield every document once."""
        where = _filter({**conditions(principal, filters), "index": (0,)})
        offset = None
        while True:
            with _client_errors("list documents"):
                records, offset = self._client.scroll(
                    self._collection, scroll_filter=where, limit=SCROLL_SIZE, offset=offset
                )
            yield from (to_document(record.payload) for record in records if record.payload)
            if offset is None:
                return

    def upsert(self, chunks: Sequence[IndexedChunk]) -> None:
        """Add chunks or replace those of the same id."""
        for start in range(0, len(chunks), UPSERT_SIZE):
            points = [_point(item) for item in chunks[start : start + UPSERT_SIZE]]
            with _client_errors("write"):
                self._client.upsert(self._collection, points, wait=True)

    def remove_stale(self, document: Document) -> None:
        """Remove the chunks of all other versions of this document."""
        self._delete(
            models.Filter(
                must=[_any_of("document", (document.id,))],
                must_not=[_any_of("version", (version_of(document),))],
            )
        )

    def remove(self, documents: Sequence[Document]) -> None:
        """Remove all chunks of these documents."""
        if documents:
            self._delete(models.Filter(must=[_any_of("document", tuple(d.id for d in documents))]))

    def flush(self) -> None:
        """Do nothing: every write waited for the server's log."""

    def size_bytes(self) -> None:
        """Return None: the size is the server's to tell."""
        return None

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

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
        with _client_errors("read the index's identity"):
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
        with _client_errors("delete"):
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
    with _client_errors("delete the collection"):
        client.delete_collection(collection)


def _request(query: StoreQuery, where: models.Filter) -> dict[str, Any]:
    """Translate a query: one retriever alone, or both fused and boosted in the engine."""
    if query.mode == "hybrid" and query.dense is not None and query.lexical:
        both = [_dense(query, where), _lexical(query.lexical, query.prefetch, where)]
        method = models.Fusion.DBSF if query.fusion == "dbsf" else models.Fusion.RRF
        fusion = models.FusionQuery(fusion=method)
        if not query.boost:
            return {"prefetch": both, "query": fusion}
        fused = models.Prefetch(prefetch=both, query=fusion, limit=2 * query.prefetch)
        boost = _lexical(query.boost, query.prefetch, where)
        return {"prefetch": [fused, boost], "query": _SUM}
    if query.mode == "lexical" or query.dense is None:
        return {"query": _sparse(query.lexical), "using": LEXICAL, "query_filter": where}
    return {"query": query.dense.tolist(), "using": DENSE, "query_filter": where}


def _dense(query: StoreQuery, where: models.Filter) -> models.Prefetch:
    assert query.dense is not None
    return models.Prefetch(
        query=query.dense.tolist(), using=DENSE, limit=query.prefetch, filter=where
    )


def _lexical(vector: SparseVector, limit: int, where: models.Filter) -> models.Prefetch:
    return models.Prefetch(query=_sparse(vector), using=LEXICAL, limit=limit, filter=where)


def _filter(wanted: Mapping[str, tuple[str | int, ...]]) -> models.Filter:
    return models.Filter(must=[_any_of(field, values) for field, values in wanted.items()])


def _any_of(field: str, values: tuple[str | int, ...]) -> models.FieldCondition:
    if len(values) == 1:
        return models.FieldCondition(key=field, match=models.MatchValue(value=values[0]))
    any_of: Any = list(values)
    return models.FieldCondition(key=field, match=models.MatchAny(any=any_of))


def _point(item: IndexedChunk) -> models.PointStruct:
    vectors: dict[str, Any] = {DENSE: item.dense.tolist()}
    if item.sparse:
        vectors[LEXICAL] = _sparse(item.sparse)
    return models.PointStruct(id=item.id, vector=vectors, payload=to_payload(item))


def _sparse(vector: SparseVector) -> models.SparseVector:
    return models.SparseVector(indices=list(vector.indices), values=list(vector.values))


@contextmanager
def _client_errors(doing: str) -> Iterator[None]:
    """Turn the client's exceptions into ours."""
    try:
        yield
    except UnexpectedResponse as error:
        raise StoreError(
            f"The Qdrant server refused to {doing}: {error.status_code} {error.reason_phrase}."
        ) from error
    except (ApiException, httpx.HTTPError, RpcError, OSError) as error:
        raise StoreUnavailableError(
            f"The Qdrant server does not answer ({doing}): {error}. "
            "Check SEMSEARCH_STORE__URL, or unset it to use the embedded store."
        ) from error
