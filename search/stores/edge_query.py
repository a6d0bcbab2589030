"""What we ask of the embedded engine, in its own words: queries, filters and points."""

from datetime import datetime
from typing import Any

import numpy as np
import qdrant_edge as edge

from search.domain import NO_TERMS, Document, IndexedChunk, SparseVector, Vector
from search.filters import All, AnyOf, Contains, Expression, Match, Not, Range
from search.lexical.analyzer import fold
from search.stores.base import SimilarQuery, StoreQuery
from search.stores.payload import (
    DENSE,
    LEXICAL,
    folded_field,
    payload_field,
    staged_payload,
    to_chunk,
)

NO_TENANT = edge.IsEmptyCondition("tenant")
NEVER = edge.FieldCondition(key="index", match=edge.MatchValue(-1))
"""What no chunk satisfies."""

_SUM = edge.Formula(
    edge.Expression.Sum(
        [edge.Expression.Variable("$score[0]"), edge.Expression.Variable("$score[1]")]
    ),
    defaults={"$score[0]": 0.0, "$score[1]": 0.0},
)
"""Fused score + boost; a passage that one of them did not meet gets 0 for it."""


def to_request(query: StoreQuery, where: edge.Filter, readable: edge.Filter) -> edge.QueryRequest:
    """Translate a query: one retriever alone, or both fused and boosted in the engine.

    Args:
        query: what is asked.
        where: what a chunk must satisfy to be found.
        readable: what it must satisfy to count in the statistics of words.
    """
    idf = edge.SearchParams(idf=edge.IdfParams(corpus=readable))
    if query.mode == "hybrid" and query.dense is not None and query.lexical:
        fusion: Any = edge.Fusion.Dbsf() if query.fusion == "dbsf" else edge.Fusion.Rrf(k=2)
        both = [_dense(query, where), _lexical(query.lexical, query.prefetch, where, idf)]
        if not query.boost:
            return _final(query, prefetches=both, query=fusion)
        fused = edge.Prefetch(limit=2 * query.prefetch, prefetches=both, query=fusion)
        boost = _lexical(query.boost, query.prefetch, where, idf)
        return _final(query, prefetches=[fused, boost], query=_SUM)
    if query.mode == "lexical" or query.dense is None:
        nearest = edge.Query.Nearest(_sparse(query.lexical), using=LEXICAL)
        return _final(query, query=nearest, filter=where, params=idf)
    return _final(query, query=edge.Query.Nearest(query.dense.tolist(), using=DENSE), filter=where)


def to_similar(query: SimilarQuery, where: edge.Filter) -> edge.QueryRequest:
    """Translate examples."""
    positive: Any = [vector.tolist() for vector in query.positive]
    negative: Any = [vector.tolist() for vector in query.negative]
    examples = edge.RecommendQuery(positive, negative)
    recommend = {"any": edge.Query.RecommendBestScore, "all": edge.Query.RecommendSumScores}
    return _final(query, query=recommend[query.likeness](examples, using=DENSE), filter=where)


def _final(wanted: StoreQuery | SimilarQuery, **what: Any) -> edge.QueryRequest:
    return edge.QueryRequest(limit=wanted.candidates, with_payload=False, **what)


def _dense(query: StoreQuery, where: edge.Filter) -> edge.Prefetch:
    assert query.dense is not None
    nearest = edge.Query.Nearest(query.dense.tolist(), using=DENSE)
    return edge.Prefetch(limit=query.prefetch, query=nearest, filter=where)


def _lexical(
    vector: SparseVector, limit: int, where: edge.Filter, idf: edge.SearchParams
) -> edge.Prefetch:
    nearest = edge.Query.Nearest(_sparse(vector), using=LEXICAL)
    return edge.Prefetch(limit=limit, query=nearest, filter=where, params=idf)


def to_filter(wanted: All) -> edge.Filter:
    """Translate expressions that must all hold."""
    return edge.Filter(must=[_condition(part) for part in wanted.parts])


def _condition(expression: Expression) -> Any:
    match expression:
        case Match(field, values):
            return any_of(payload_field(field), values)
        case Range(field, gte, gt, lte, lt):
            return edge.FieldCondition(key=field, range=_range(gte, gt, lte, lt))
        case Contains(field, text):
            key, folded = folded_field(field), fold(text)
            return edge.FieldCondition(key=key, match=edge.MatchSubstring(folded))
        case Not(inner):
            return edge.Filter(must_not=[_condition(inner)])
        case All(parts):
            return edge.Filter(must=[_condition(part) for part in parts])
        case AnyOf(parts):
            return edge.Filter(should=[_condition(part) for part in parts] or [NEVER])


def _range(*bounds: Any) -> edge.RangeFloat | edge.RangeDateTime:
    if any(isinstance(bound, datetime) for bound in bounds):
        return edge.RangeDateTime(*(b.isoformat() if b is not None else None for b in bounds))
    return edge.RangeFloat(*bounds)


def any_of(field: str, values: tuple[str | int, ...]) -> edge.FieldCondition:
    """Ask that a field has one of the values."""
    if not values:
        return NEVER
    if len(values) == 1:
        return edge.FieldCondition(key=field, match=edge.MatchValue(values[0]))
    any_of: Any = list(values)  # of one type: the field's
    return edge.FieldCondition(key=field, match=edge.MatchAny(any_of))


def to_point(item: IndexedChunk) -> edge.Point:
    """Translate a chunk into a point that no read meets yet."""
    vectors = {DENSE: item.dense.tolist()}
    if item.sparse:
        vectors[LEXICAL] = _sparse(item.sparse)
    return edge.Point(item.id, vectors, staged_payload(item))


def to_dense(record: edge.Record) -> Vector:
    """Read the dense vector of a chunk: float32 [dimension]."""
    vectors: Any = record.vector
    return np.asarray(vectors[DENSE], dtype=np.float32)


def to_indexed(document: Document, record: edge.Record) -> IndexedChunk:
    """Read a chunk back with its vectors."""
    vectors: Any = record.vector
    assert record.payload is not None
    sparse = vectors.get(LEXICAL)
    return IndexedChunk(
        document,
        to_chunk(record.payload),
        to_dense(record),
        SparseVector(tuple(sparse.indices), tuple(sparse.values)) if sparse else NO_TERMS,
    )


def _sparse(vector: SparseVector) -> edge.SparseVector:
    return edge.SparseVector(indices=list(vector.indices), values=list(vector.values))
