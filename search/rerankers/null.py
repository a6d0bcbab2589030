"""The control that nothing may be gained with: every passage gets the same score."""

from search.deadline import NEVER, Deadline
from search.pool import Pool
from search.rerankers.base import Reranking


class NullReranker:
    """Leaves the order as it is."""

    name = "null"

    def rerank(self, pool: Pool, deadline: Deadline = NEVER) -> Reranking:
        """Score all passages alike."""
        return Reranking((0.0,) * len(pool.hits))
