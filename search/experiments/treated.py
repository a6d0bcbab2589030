"""An arm with what was measured of it, by query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from search.errors import ConflictError, InputError
from search.experiments.arms import Arm
from search.experiments.records import Measurement, Retrieval, RunLog

LESS_IS_BETTER = frozenset({"false_answer", "false_refusal"})
_BEYOND_SEARCH = ("signals", "rerank", "answer")
"""Stages that come on top of a search."""


@dataclass(frozen=True, slots=True)
class Treated:
    """An arm, the pools it was given, and what it made of them."""

    arm: Arm
    retrievals: Mapping[str, Retrieval]
    first: Mapping[str, Measurement]
    """The first time that it treated each pool."""
    again: Mapping[str, Sequence[Measurement]]
    """The later times."""

    def as_measured(self, measure: str) -> dict[str, float]:
        """Return a measure by query, where it is defined."""
        return {
            query: line.figures[measure]
            for query, line in self.first.items()
            if measure in line.figures
        }

    def figures(self, measure: str) -> dict[str, float]:
        """Return a measure by query, its sign turned where less is better: the more the better."""
        sign = -1 if measure in LESS_IS_BETTER else 1
        return {query: sign * value for query, value in self.as_measured(measure).items()}

    def stages_ms(self, query: str) -> dict[str, float]:
        """Return the milliseconds of the stages that a request under this arm goes through."""
        searched = self.retrievals[query].stages_ms
        stages = {name: ms for name, ms in searched.items() if name not in ("total", "signals")}
        if self.arm.reranker or self.arm.answerer:
            stages["signals"] = searched.get("signals", 0.0)
        return stages | self.first[query].stages_ms

    def total_ms(self, query: str) -> float:
        """Return the milliseconds of a request under this arm."""
        stages = self.stages_ms(query)
        beyond = sum(stages.get(name, 0.0) for name in _BEYOND_SEARCH)
        return self.retrievals[query].stages_ms["total"] + beyond


def treated_by(run: RunLog, arm: Arm) -> Treated:
    """Gather what a complete log says of an arm.

    Raises:
        InputError: the arm lacks queries.
        ConflictError: the arm was not given the pools that the others were given.
    """
    first: dict[str, Measurement] = {}
    again: dict[str, list[Measurement]] = {}
    for (query, name, repeat), line in run.measurements.items():
        if name != arm.name:
            continue
        if line.pool != run.retrievals[query].pool:
            raise ConflictError(f"{run.path}: {arm.name} had another pool for {query}.")
        if repeat:
            again.setdefault(query, []).append(line)
        else:
            first[query] = line
    if first.keys() != run.retrievals.keys():
        raise InputError(f"{run.path} is not complete: {arm.name} lacks queries.")
    return Treated(arm, run.retrievals, {query: first[query] for query in run.retrievals}, again)
