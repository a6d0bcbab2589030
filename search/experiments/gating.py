"""Learns when it pays to rerank, on one half of the queries, and measures that on the other."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from search.experiments.records import RunLog
from search.experiments.statistics import ALPHA, Comparison, compare
from search.experiments.verdict import Worth, duration, signed, title_of
from search.pool import Pool
from search.rerankers.gate import Gate


@dataclass(frozen=True, slots=True)
class Observation:
    """What reranking did for one query."""

    query: str
    pool: Pool
    gain: float
    """Of the measure that decides."""
    seconds: float
    """That it took."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What reranking some of the queries brings, against reranking none."""

    name: str
    share: float
    """Of the queries that are reranked."""
    gain: Comparison
    seconds: float
    """Mean extra time a query."""
    net: Comparison
    """Gain less what the time should have brought."""


@dataclass(frozen=True, slots=True)
class GateCheck:
    """How a gate does on queries that it has not learned from."""

    dataset: str
    queries: int
    always: Policy
    gated: Policy
    over_always: Comparison
    """How much more, net, the gate brings than reranking everything."""
    verdict: str


def observations(run: RunLog, arm: str, pools: dict[str, Pool], measure: str) -> list[Observation]:
    """Read from a complete log what an arm gained over `off`, query by query.

    Args:
        run: of `off` and the arm.
        arm: its name.
        pools: of the run's queries.
        measure: what gain is measured by.
    """
    found = []
    for query in run.retrievals:
        ours, base = run.measurements[query, arm, 0], run.measurements[query, "off", 0]
        gain = ours.figures[measure] - base.figures[measure]
        seconds = sum(ours.stages_ms.values()) / 1000
        found.append(Observation(query, pools[query], gain, seconds))
    return found


def halves(seen: Sequence[Observation], seed: int) -> tuple[list[Observation], list[Observation]]:
    """Split observations at random into those to learn from and those to measure on."""
    shuffled = list(seen)
    random.Random(seed).shuffle(shuffled)
    middle = len(shuffled) // 2
    return shuffled[:middle], shuffled[middle:]


def price_of(seen: Sequence[Observation], worth: Worth) -> float:
    """Return the gain that one reranking has to bring to be worth its mean time."""
    return worth.rate * float(np.mean([each.seconds for each in seen]))


def check_gate(
    dataset: str, gate: Gate, seen: Sequence[Observation], worth: Worth, seed: int = 0
) -> GateCheck:
    """Measure a gate on queries that it has not learned from.

    Args:
        dataset: their name.
        gate: learned elsewhere.
        seen: what reranking did for them.
        worth: the exchange rate.
        seed: of the statistics.
    """
    opened = np.array([gate.opens(each.pool) for each in seen], dtype=np.float64)
    gains = np.array([each.gain for each in seen])
    seconds = np.array([each.seconds for each in seen])
    net = gains - worth.rate * seconds
    always = Policy("always", 1.0, compare(gains, seed), float(seconds.mean()), compare(net, seed))
    gated = Policy(
        "gated",
        float(opened.mean()),
        compare(opened * gains, seed),
        float((opened * seconds).mean()),
        compare(opened * net, seed),
    )
    over = compare((opened - 1) * net, seed)
    return GateCheck(dataset, len(seen), always, gated, over, _sentence(gated, over, worth))


def _sentence(gated: Policy, over: Comparison, worth: Worth) -> str:
    facts = (
        f"it reranks {gated.share:.0%} of the queries, which gains {signed(gated.gain.mean.value)} "
        f"{title_of(worth.measure)} for {duration(gated.seconds)} a query"
    )
    return (
        f"At {worth}, the gate is {_against(over)} reranking everything and "
        f"{_against(gated.net)} reranking nothing: {facts}."
    )


def _against(net: Comparison) -> str:
    if net.p >= ALPHA:
        return "not to be told from"
    return "better than" if net.mean.value > 0 else "worse than"
