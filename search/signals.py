"""Signals of retrieved passages: how well each fits, on scales that every query shares."""

from collections.abc import Mapping, Sequence

from search.domain import Hit, Vector
from search.lexical.coverage import coverage
from search.pool import Pool, Signals


def pool_of(query: str, vector: Vector, hits: Sequence[Hit], vectors: Mapping[str, Vector]) -> Pool:
    """Gather what a reranker or an answerer is given.

    Args:
        query: as typed.
        vector: of the query, float32 [dimension], L2-normalized.
        hits: best first.
        vectors: of the hits' passages by id, normalized alike; one that is missing, because its
            document has just been removed, counts as unlike.
    """
    signals = []
    for hit in hits:
        passage = vectors.get(hit.id)
        cosine = 0.0 if passage is None else float(vector @ passage)
        covered = coverage(query, hit.chunk.text, hit.document.language)
        signals.append(Signals(cosine, covered))
    return Pool(query, tuple(hits), tuple(signals))
