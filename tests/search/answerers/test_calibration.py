"""Logistic models over evidence: probabilities, learning, reading and writing."""

import math
import random

import pytest

from search.answerers.calibration import (
    MULTILINGUAL_E5_SMALL,
    Calibration,
    Evidence,
    Weights,
    fit,
)
from search.errors import InputError


def test_the_probability_is_logistic() -> None:
    weights = Weights(intercept=-1, cosine=2, coverage=3, rank=4, passage_cosine=5, margin=6)
    evidence = Evidence(cosine=0.5, coverage=1, rank=0.25, passage_cosine=0.2, margin=-1)
    assert weights.score(evidence) == pytest.approx(-1 + 1 + 3 + 1 + 1 - 6)
    assert weights.probability(evidence) == pytest.approx(1 / (1 + math.e))


@pytest.mark.parametrize(("intercept", "limit"), [(1e4, 1.0), (-1e4, 0.0)])
def test_no_score_is_too_large(intercept: float, limit: float) -> None:
    probability = Weights(intercept, 0, 0).probability(Evidence(0, 0, 1))
    assert probability == pytest.approx(limit)


def drawn(count: int, cosine: float, coverage: float) -> list[tuple[Evidence, bool]]:
    """Draw examples of a law: log-odds are cosine · (c - 0.5) + coverage · (v - 0.5)."""
    dice = random.Random(0)
    examples = []
    for _ in range(count):
        evidence = Evidence(dice.random(), dice.random(), dice.random())
        odds = cosine * (evidence.cosine - 0.5) + coverage * (evidence.coverage - 0.5)
        examples.append((evidence, dice.random() < 1 / (1 + math.exp(-odds))))
    return examples


def test_the_law_is_found_again() -> None:
    weights = fit(drawn(20_000, 6, -2), ("cosine", "coverage", "rank"))
    assert weights.cosine == pytest.approx(6, abs=0.3)
    assert weights.coverage == pytest.approx(-2, abs=0.2)
    assert weights.rank == pytest.approx(0, abs=0.2)
    assert weights.intercept == pytest.approx(-2, abs=0.2)


def test_a_signal_that_is_not_asked_for_has_no_weight() -> None:
    weights = fit(drawn(2000, 6, -2), ("coverage",))
    assert (weights.cosine, weights.rank, weights.margin) == (0, 0, 0)
    assert weights.coverage < -1


def test_a_signal_that_is_always_the_same_says_nothing() -> None:
    weights = fit(drawn(500, 6, 0), ("cosine", "margin"))
    assert weights.margin == 0
    assert weights.cosine > 3


@pytest.mark.parametrize("held", [True, False])
def test_examples_that_are_all_the_same_teach_nothing(held: bool) -> None:
    with pytest.raises(InputError, match="right and wrong"):
        fit([(Evidence(0.5, 0.5, 1), held)] * 3, ("cosine",))


def test_it_is_read_as_it_was_written() -> None:
    assert Calibration.from_json(MULTILINGUAL_E5_SMALL.to_json()) == MULTILINGUAL_E5_SMALL


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{", "text"),
        ("{}", "pick"),
        ('{"pick": {"intercept": 0, "cosine": "x", "coverage": 0}}', "pick.cosine"),
    ],
)
def test_what_is_no_calibration_is_refused_by_its_field(text: str, names: str) -> None:
    with pytest.raises(InputError, match=rf"no calibration: {names}"):
        Calibration.from_json(text)
