"""What we ask of a Qdrant server, in its own words: queries, filters and points."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from qdrant_client import models

from search.domain import NO_TERMS, Document, IndexedChunk, SparseVector
from search.stores.base import StoreQuery
from search.stores.payload import DENSE, LEXICAL, staged_payload, to_chunk

NO_TENANT = models.IsEmptyCondition(is_empty=models.PayloadField(key="tenant"))
_SUM = models.FormulaQuery(
    formula=models.SumExpression(sum=["$score[0]", "$score[1]"]),
    defaults={"$score[0]": 0.0, "$score[1]": 0.0},
)
"""Fused score + boost; a passage that one of them did not meet gets 0 for it."""


def to_request(query: StoreQuery, where: models.Filter) -> dict[str, Any]:
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


def to_filter(wanted: Mapping[str, tuple[str | int, ...]]) -> models.Filter:
    """Translate conditions that must all hold."""
    return models.Filter(must=[any_of(field, values) for field, values in wanted.items()])


def any_of(field: str, values: tuple[str | int, ...]) -> models.FieldCondition:
    """Ask that a field has one of the values."""
    if len(values) == 1:
        return models.FieldCondition(key=field, match=models.MatchValue(value=values[0]))
    any_of: Any = list(values)
    return models.FieldCondition(key=field, match=models.MatchAny(any=any_of))


def to_point(item: IndexedChunk) -> models.PointStruct:
    """Translate a chunk into a point that no read meets yet."""
    vectors: dict[str, Any] = {DENSE: item.dense.tolist()}
    if item.sparse:
        vectors[LEXICAL] = _sparse(item.sparse)
    return models.PointStruct(id=item.id, vector=vectors, payload=staged_payload(item))


def to_indexed(document: Document, record: models.Record) -> IndexedChunk:
    """Read a chunk back with its vectors."""
    vectors: Any = record.vector
    assert record.payload is not None
    sparse = vectors.get(LEXICAL)
    return IndexedChunk(
        document,
        to_chunk(record.payload),
        np.asarray(vectors[DENSE], dtype=np.float32),
        SparseVector(tuple(sparse.indices), tuple(sparse.values)) if sparse else NO_TERMS,
    )


def _sparse(vector: SparseVector) -> models.SparseVector:
    return models.SparseVector(indices=list(vector.indices), values=list(vector.values))
