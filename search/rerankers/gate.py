"""`auto`: a dear reranker is asked only where the first hits are close.

Decided by signals that mean the same for every query (the cosine of the dense vectors, the
share of the query's words that a passage holds), never by fused scores.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from search.deadline import NEVER, Deadline
from search.pool import Pool
from search.rerankers.base import Reranker, Reranking

Feature = Literal["cosine", "coverage", "both"]
NEVER_OPENS = -1e9
"""A threshold below every margin."""
LAST_STEP = 1e-6
"""How far above the largest margin a gate that is always open stands."""
FEATURES: tuple[Feature, ...] = ("cosine", "coverage", "both")


@dataclass(frozen=True, slots=True)
class Gate:
    """Opens where the margin between the first hit and the best of the others is small."""

    feature: Feature
    """What the margin is of: cosines, coverage, or the two added."""
    threshold: float
    """It opens below this margin."""

    def opens(self, pool: Pool) -> bool:
        """Tell whether the pool is worth a second look."""
        return len(pool.hits) > 1 and margin(pool, self.feature) < self.threshold


def margin(pool: Pool, feature: Feature) -> float:
    """Return by how much the first hit leads; below 0 where another has the better signal."""
    values = []
    for signals in pool.signals:
        cosine = signals.cosine if feature != "coverage" else 0.0
        coverage = signals.coverage if feature != "cosine" else 0.0
        values.append(cosine + coverage)
    return values[0] - max(values[1:])


class Lesson(Protocol):
    """What reranking did for one query."""

    @property
    def pool(self) -> Pool:
        """Return its passages."""
        ...

    @property
    def gain(self) -> float:
        """Return what was gained, e.g. in nDCG@10."""
        ...


def learn_gate(lessons: Sequence[Lesson], cost: float) -> Gate:
    """Return the gate that would have gained most, less what its reranking costs.

    Args:
        lessons: queries to learn from; those with less than two hits teach nothing.
        cost: what one reranking has to gain to be worth its time, in the same measure.
    """
    best, most = Gate("cosine", NEVER_OPENS), 0.0
    taught = [lesson for lesson in lessons if len(lesson.pool.hits) > 1]
    for feature in FEATURES:
        ordered = sorted((margin(lesson.pool, feature), lesson.gain) for lesson in taught)
        total = 0.0
        for place, (here, gain) in enumerate(ordered):
            total += gain - cost
            after = ordered[place + 1][0] if place + 1 < len(ordered) else here + LAST_STEP
            if total > most and after > here:
                best, most = Gate(feature, (here + after) / 2), total
    return best


class Gated:
    """A reranker behind a gate."""

    def __init__(self, reranker: Reranker, gate: Gate) -> None:
        self._reranker = reranker
        self._gate = gate

    @property
    def name(self) -> str:
        """Return the name of the arm."""
        return f"auto:{self._reranker.name}"

    def rerank(self, pool: Pool, deadline: Deadline = NEVER) -> Reranking:
        """Rerank where the gate opens; elsewhere the order stays."""
        if self._gate.opens(pool):
            return self._reranker.rerank(pool, deadline)
        return Reranking(tuple(hit.score for hit in pool.hits), events={"skipped": 1})
