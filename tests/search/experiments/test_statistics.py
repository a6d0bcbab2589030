"""Paired statistics: known effects are found, none is not, and the arithmetic is right."""

from math import sqrt

import numpy as np
import pytest

from search.experiments.statistics import (
    Comparison,
    Interval,
    compare,
    holm,
    percentile_intervals,
    queries_needed,
)


def differences(effect: float, queries: int, seed: int) -> np.ndarray:
    """Differences as of a reranker: none for most queries, large ones for some."""
    rng = np.random.default_rng(seed)
    changed = rng.random(queries) < 0.4
    return np.asarray(effect + changed * rng.normal(0, 0.3, queries))


def test_an_effect_that_is_there_is_found() -> None:
    found = [compare(differences(0.05, 300, seed)) for seed in range(20)]
    assert sum(c.p < 0.05 and c.mean.low > 0 for c in found) >= 19


def test_an_effect_that_is_not_there_is_rarely_found() -> None:
    found = [compare(differences(0, 60, seed)) for seed in range(120)]
    # 6 of 120 are expected; 13 or more happen in 1 of 140 such tests.
    assert 1 <= sum(c.p < 0.05 for c in found) <= 12
    assert sum(c.mean.low <= 0 <= c.mean.high for c in found) >= 106


def test_the_detectable_effect_is_detected_in_eight_of_ten() -> None:
    detectable = compare(differences(0, 200, 1)).detectable
    found = [compare(differences(detectable, 200, seed)).p < 0.05 for seed in range(40)]
    assert 26 <= sum(found) <= 38


def test_the_same_differences_give_the_same_figures() -> None:
    values = differences(0.02, 80, 3)
    assert compare(values, seed=7) == compare(values.copy(), seed=7)


def test_the_arithmetic_of_a_small_case() -> None:
    made = compare([0.1, 0.3, -0.1, 0.5, 0.2])
    assert made.mean.value == pytest.approx(0.2)
    assert made.deviation == pytest.approx(sqrt((0.01 + 0.01 + 0.09 + 0.09 + 0) / 4))
    # The sum is 1.0 and the greatest possible 1.2. Of the 32 choices of signs, three reach 1.0:
    # all positive, and either 0.1 negative. As many reach -1.0.
    assert made.p == pytest.approx(6 / 32)
    assert made.detectable == pytest.approx((1.959964 + 0.841621) * made.deviation / sqrt(5))


@pytest.mark.parametrize("values", [[0.0, 0.0, 0.0], [0.0]])
def test_arms_that_do_the_same_do_not_differ(values: list[float]) -> None:
    assert compare(values) == Comparison(len(values), Interval(0, 0, 0), 0, 1, 0)


def test_nothing_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="nothing"):
        compare([])


def test_holm() -> None:
    # 0.01 x 3, then 0.03 x 2, then 0.04 x 1, which may not be below the one before.
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx(
        {"a": 0.03, "c": 0.06, "b": 0.06}
    )
    assert holm({"a": 0.9, "b": 0.8}) == {"b": 1, "a": 1}
    assert holm({}) == {}


def test_how_many_queries_are_needed() -> None:
    assert queries_needed(0.01, 0.1) == 785  # (2.801585 x 10) squared is 784.9
    assert queries_needed(0.01, 0.1, tests=3) == 1047  # 2.3940 + 0.8416, times 10, squared
    assert queries_needed(0, 0.1) is None


def test_percentiles_have_intervals_that_hold_them() -> None:
    values = np.random.default_rng(0).gamma(2, 100, 400)
    percentiles = (50, 95, 99)
    for point, percentile in zip(
        percentile_intervals(values, percentiles), percentiles, strict=True
    ):
        assert point.value == pytest.approx(np.percentile(values, percentile))
        assert point.low < point.value < point.high
    [same] = percentile_intervals(np.array([5.0, 5.0]), (95,))
    assert same == Interval(5, 5, 5)
