"""Verdicts: what is said of an arm, at what exchange rate."""

import numpy as np
import pytest

from search.errors import InputError
from search.experiments.statistics import Comparison, compare
from search.experiments.verdict import (
    Verdict,
    Worth,
    disqualified,
    duration,
    judge_arm,
    parse_worth,
    unjudged,
)

WORTH = Worth(0.01, "ndcg@10", 0.2)


def spread(mean: float, deviation: float, queries: int) -> np.ndarray:
    """Values with exactly this mean and about this deviation."""
    values = np.random.default_rng(0).normal(0, deviation, queries)
    return np.asarray(values - values.mean() + mean)


def judged(gain: np.ndarray, seconds: float, late: int = 0, worth: Worth = WORTH) -> Verdict:
    net = compare(gain - worth.rate * seconds)
    extra = compare(np.full(len(gain), seconds))
    return judge_arm("arm", worth, compare(gain), extra, net, net.p, 1, late)


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        ("0.01 nDCG per 200 ms", Worth(0.01, "ndcg@10", 0.2)),
        (" .5 MRR per 1.5s ", Worth(0.5, "mrr@10", 1.5)),
        ("1 recall@100 for 2 s", Worth(1, "recall@100", 2)),
        ("0.02 F1 per 1 s", Worth(0.02, "token_f1", 1)),
    ],
)
def test_an_exchange_rate(text: str, worth: Worth) -> None:
    assert parse_worth(text) == worth


@pytest.mark.parametrize("text", ["", "nDCG per 200 ms", "0.01 nDCG", "0 nDCG per 1 s",
                                  "0.01 nDCG per 0 ms", "0.01 nDCG per 200 years"])  # fmt: skip
def test_what_is_no_exchange_rate_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="what gain is worth what time"):
        parse_worth(text)


def test_a_gain_beyond_its_price_is_worth_it() -> None:
    made = judged(spread(0.05, 0.1, 400), 0.3)
    assert made.kind == "worth it"
    assert made.sentence.startswith("arm is worth it: it gains 0.0500 nDCG@10 a query (95 % int")
    # 0.05 at 0.05 a second is a fair price for 1 s.
    assert "for which 1.0 s would be a fair price, and takes 300 ms a query more." in made.sentence


def test_a_gain_below_its_price_is_not_worth_it() -> None:
    made = judged(spread(0.02, 0.1, 400), 2.0)
    assert made.kind == "not worth it"
    assert "gains 0.0200" in made.sentence
    assert "which pays for 400 ms, and takes 2.0 s a query more" in made.sentence


def test_the_same_gain_is_worth_it_to_who_has_time() -> None:
    gain = spread(0.02, 0.1, 400)
    assert judged(gain, 2.0, worth=Worth(0.01, "ndcg@10", 10)).kind == "worth it"


def test_a_loss_is_not_worth_it() -> None:
    made = judged(spread(-0.05, 0.1, 400), 0.01)
    assert made.kind == "not worth it"
    assert "it loses 0.0500" in made.sentence and "pays" not in made.sentence


def test_an_arm_that_changes_nothing_is_not_worth_its_time() -> None:
    made = judged(np.zeros(50), 0.5)
    assert made.kind == "not worth it"
    assert "it changes nothing in nDCG@10, and takes 500 ms a query more" in made.sentence


def test_too_few_queries_say_how_many_more() -> None:
    made = judged(spread(0.04, 0.3, 60), 0.2)
    assert made.kind == "not enough data"
    assert made.more_queries is not None
    # Net 0.03 and deviation 0.3: (2.8016 x 10) squared queries, 60 of which are there.
    assert 500 < made.more_queries < 1000
    assert made.sentence.startswith("Not enough data on arm: it gains 0.0400 nDCG@10")
    assert "to pay for its 200 ms a query it has to gain 0.0100. About " in made.sentence


def test_what_no_number_of_queries_tells() -> None:
    made = judged(spread(0.01001, 0.3, 60), 0.2)
    assert made.kind == "not enough data" and made.more_queries is None
    assert "not even 50,000 queries" in made.sentence


def test_late_queries_are_told() -> None:
    assert (
        "In 7 of 400 queries it was late or failed" in judged(spread(0.1, 0.1, 400), 0, 7).sentence
    )


def test_no_verdict() -> None:
    null = Comparison(50, compare(spread(0.1, 0.1, 50)).mean, 0.1, 0.001, 0.02)
    made = disqualified("arm", "token_f1", null)
    assert made.kind == "no verdict"
    assert "the null control, which knows nothing, gains 0.1000 token F1" in made.sentence
    assert unjudged("arm", "ndcg@10").kind == "no verdict"


def test_durations() -> None:
    seconds = [0, 0.0000123, 0.0015, 0.2, 0.9996, 1.84, 130]
    assert [duration(s) for s in seconds] == [
        "0 ms", "0.012 ms", "1.5 ms", "200 ms", "1.0 s", "1.8 s", "130 s",
    ]  # fmt: skip
