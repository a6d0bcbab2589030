"""Paired statistics of experiments, on scipy: intervals, significance, power.

Everything is computed from the differences between two arms on the same queries. What is random
is drawn from a seed, so that the same differences give the same figures.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
ALPHA = 0.05
POWER = 0.8
RESAMPLES = 9999
_BATCH = 500
"""Resamples held in memory at once."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two arms differ over the same queries."""

    queries: int
    mean: Interval
    """Of the differences."""
    deviation: float
    """Standard deviation of the differences."""
    p: float
    """Of a paired randomization test, two-sided, before any correction."""
    detectable: float
    """The smallest mean difference that so many queries show in 80 of 100 experiments."""


def compare(differences: Sequence[float] | Floats, seed: int = 0) -> Comparison:
    """Compare two arms by their differences, one a query.

    Interval: bias-corrected and accelerated bootstrap (Efron 1987). Significance: the signs of
    the differences are flipped at random (Smucker, Allan & Carterette 2007).

    Raises:
        ValueError: there are no differences.
    """
    values = np.asarray(differences, dtype=np.float64)
    if not len(values):
        raise ValueError("there is nothing to compare")
    deviation = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return Comparison(
        queries=len(values),
        mean=mean_interval(values, seed),
        deviation=deviation,
        p=_randomization(values, seed),
        detectable=_power_quantiles() * deviation / math.sqrt(len(values)),
    )


def mean_interval(values: Floats, seed: int = 0) -> Interval:
    """Return the mean and its bootstrap interval; without spread they are one."""
    mean = float(values.mean())
    if len(values) < 2 or np.ptp(values) == 0:
        return Interval(mean, mean, mean)
    found = stats.bootstrap(
        (values,), np.mean, n_resamples=RESAMPLES, confidence_level=CONFIDENCE,
        method="BCa", batch=_BATCH, rng=np.random.default_rng(seed),
    ).confidence_interval  # fmt: skip
    return Interval(mean, float(found.low), float(found.high))


def percentile_intervals(
    values: Floats, percentiles: Sequence[float], seed: int = 0
) -> list[Interval]:
    """Return percentiles and their bootstrap intervals, e.g. of latencies."""
    points = np.percentile(values, percentiles)
    if len(values) < 2 or np.ptp(values) == 0:
        return [Interval(*[float(point)] * 3) for point in points]
    rng = np.random.default_rng(seed)
    drawn = rng.choice(values, (_BATCH * 2, len(values)))
    spread = np.percentile(drawn, percentiles, axis=1)
    tail = (1 - CONFIDENCE) / 2 * 100
    ends = np.percentile(spread, [tail, 100 - tail], axis=1)
    return [
        Interval(float(point), float(low), float(high))
        for point, low, high in zip(points, *ends, strict=True)
    ]


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjust p-values for how many there are (Holm 1979); none becomes smaller.

    Args:
        p_values: by what was tested.
    """
    adjusted: dict[str, float] = {}
    highest = 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        highest = max(highest, min(1.0, p_values[name] * (len(p_values) - rank)))
        adjusted[name] = highest
    return adjusted


def queries_needed(effect: float, deviation: float, tests: int = 1) -> int | None:
    """Return how many queries would show an effect in 80 of 100 experiments.

    Args:
        effect: the mean difference.
        deviation: the standard deviation of the differences.
        tests: how many arms share the 5 % of false alarms.

    Returns:
        None for an effect of 0, which no number of queries shows.
    """
    if effect == 0:
        return None
    return math.ceil((_power_quantiles(tests) * deviation / effect) ** 2)


def _power_quantiles(tests: int = 1) -> float:
    return float(stats.norm.ppf(1 - ALPHA / (2 * tests)) + stats.norm.ppf(POWER))


def _randomization(values: Floats, seed: int) -> float:
    if len(values) < 2 or not values.any():
        return 1.0
    found = stats.permutation_test(
        (values,), np.mean, permutation_type="samples", vectorized=True,
        n_resamples=RESAMPLES, batch=_BATCH, rng=np.random.default_rng(seed),
    )  # fmt: skip
    return float(found.pvalue)
