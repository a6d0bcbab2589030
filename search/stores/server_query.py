"""What we ask of a Qdrant server, in its own words: queries, filters and points."""

from datetime import datetime
from typing import Any

import numpy as np
from qdrant_client import models

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

NO_TENANT = models.IsEmptyCondition(is_empty=models.PayloadField(key="tenant"))
NEVER = models.FieldCondition(key="index", match=models.MatchValue(value=-1))
"""What no chunk satisfies."""
_SUM = models.FormulaQuery(
    formula=models.SumExpression(sum=["$score[0]", "$score[1]"]),
    defaults={"$score[0]": 0.0, "$score[1]": 0.0},
)
"""Fused score + boost; a passage that one of them did not meet gets 0 for it."""


def to_request(query: StoreQuery, where: models.Filter, readable: models.Filter) -> dict[str, Any]:
    """Translate a query: one retriever alone, or both fused and boosted in the engine.

    Args:
        query: what is asked.
        where: what a chunk must satisfy to be found.
        readable: what it must satisfy to count in the statistics of words.
    """
    idf = models.SearchParams(idf=models.IdfCorpusParams(corpus=readable))
    if query.mode == "hybrid" and query.dense is not None and query.lexical:
        both = [_dense(query, where), _lexical(query.lexical, query.prefetch, where, idf)]
        method = models.Fusion.DBSF if query.fusion == "dbsf" else models.Fusion.RRF
        fusion = models.FusionQuery(fusion=method)
        if not query.boost:
            return {"prefetch": both, "query": fusion}
        fused = models.Prefetch(prefetch=both, query=fusion, limit=2 * query.prefetch)
        boost = _lexical(query.boost, query.prefetch, where, idf)
        return {"prefetch": [fused, boost], "query": _SUM}
    if query.mode == "lexical" or query.dense is None:
        lexical = {"query": _sparse(query.lexical), "using": LEXICAL}
        return lexical | {"query_filter": where, "search_params": idf}
    return {"query": query.dense.tolist(), "using": DENSE, "query_filter": where}


def to_similar(query: SimilarQuery, where: models.Filter) -> dict[str, Any]:
    """Translate examples."""
    strategies = {
        "any": models.RecommendStrategy.BEST_SCORE,
        "all": models.RecommendStrategy.SUM_SCORES,
    }
    examples = models.RecommendInput(
        positive=[vector.tolist() for vector in query.positive],
        negative=[vector.tolist() for vector in query.negative],
        strategy=strategies[query.likeness],
    )
    recommend = models.RecommendQuery(recommend=examples)
    return {"query": recommend, "using": DENSE, "query_filter": where}


def _dense(query: StoreQuery, where: models.Filter) -> models.Prefetch:
    assert query.dense is not None
    return models.Prefetch(
        query=query.dense.tolist(), using=DENSE, limit=query.prefetch, filter=where
    )


def _lexical(
    vector: SparseVector, limit: int, where: models.Filter, idf: models.SearchParams
) -> models.Prefetch:
    return models.Prefetch(
        query=_sparse(vector), using=LEXICAL, limit=limit, filter=where, params=idf
    )


def to_filter(wanted: All) -> models.Filter:
    """Translate expressions that must all hold."""
    return models.Filter(must=[_condition(part) for part in wanted.parts])


def _condition(expression: Expression) -> models.Condition:
    match expression:
        case Match(field, values):
            return any_of(payload_field(field), values)
        case Range(field, gte, gt, lte, lt):
            bounds: Any = {"gte": gte, "gt": gt, "lte": lte, "lt": lt}
            dates = any(isinstance(bound, datetime) for bound in bounds.values())
            between = models.DatetimeRange(**bounds) if dates else models.Range(**bounds)
            return models.FieldCondition(key=field, range=between)
        case Contains(field, text):
            key, folded = folded_field(field), fold(text)
            return models.FieldCondition(key=key, match=models.MatchSubstring(substring=folded))
        case Not(inner):
            return models.Filter(must_not=[_condition(inner)])
        case All(parts):
            return models.Filter(must=[_condition(part) for part in parts])
        case AnyOf(parts):
            return models.Filter(should=[_condition(part) for part in parts] or [NEVER])


def any_of(field: str, values: tuple[str | int, ...]) -> models.FieldCondition:
    """Ask that a field has one of the values."""
    if not values:
        return NEVER
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


def to_dense(record: models.Record) -> Vector:
    """Read the dense vector of a chunk: float32 [dimension]."""
    vectors: Any = record.vector
    return np.asarray(vectors[DENSE], dtype=np.float32)


def to_indexed(document: Document, record: models.Record) -> IndexedChunk:
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


def _sparse(vector: SparseVector) -> models.SparseVector:
    return models.SparseVector(indices=list(vector.indices), values=list(vector.values))
