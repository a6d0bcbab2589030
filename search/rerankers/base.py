"""The seam of rerankers: what they are given, what they return, and what makes it valid."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from search.deadline import NEVER, Deadline
from search.domain import Hit
from search.errors import RerankError
from search.llms.base import NO_USAGE, Usage
from search.pool import Pool


@dataclass(frozen=True, slots=True)
class Reranking:
    """Scores for the passages of a pool, in the pool's order; the higher the better."""

    scores: tuple[float, ...]
    usage: Usage = NO_USAGE
    """What a language model read and wrote for it."""
    events: Mapping[str, int] = field(default_factory=dict)
    """What happened on the way, counted: `cached`, `repaired`, `refused`, `skipped`."""


class Reranker(Protocol):
    """Scores candidates; safe to share between threads."""

    @property
    def name(self) -> str:
        """Return the name of the arm, e.g. `likelihood:smollm2`."""
        ...

    def rerank(self, pool: Pool, deadline: Deadline = NEVER) -> Reranking:
        """Score every passage of a pool.

        Raises:
            DeadlineError: the deadline passed before all were scored.
            RerankError: no valid scores came out.
            ModelError: the model cannot be loaded or run.
        """
        ...


def reordered(pool: Pool, reranking: Reranking) -> list[Hit]:
    """Return the hits of a pool by their new scores; equals keep their order.

    Raises:
        RerankError: the scores are not one finite number for each hit.
    """
    scores = reranking.scores
    if len(scores) != len(pool.hits):
        raise RerankError(f"{len(pool.hits)} passages got {len(scores)} scores.")
    if not all(math.isfinite(score) for score in scores):
        raise RerankError("A passage got a score that is no number.")
    order = sorted(range(len(scores)), key=lambda place: -scores[place])
    return [replace(pool.hits[place], score=scores[place]) for place in order]
