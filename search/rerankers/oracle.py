"""The control that knows the answers: the most that a reranker could gain from a pool."""

from collections.abc import Mapping

from search.deadline import NEVER, Deadline
from search.pool import Pool
from search.rerankers.base import Reranking


class OracleReranker:
    """Scores passages by the judgements of their documents; for experiments only."""

    name = "oracle"

    def __init__(self, grades: Mapping[str, Mapping[str, int]]) -> None:
        """Prepare it.

        Args:
            grades: query -> path of a document -> grade.
        """
        self._grades = grades

    def rerank(self, pool: Pool, deadline: Deadline = NEVER) -> Reranking:
        """Score every passage by the grade of its document."""
        grades = self._grades.get(pool.query, {})
        return Reranking(tuple(float(grades.get(hit.document.path, 0)) for hit in pool.hits))
