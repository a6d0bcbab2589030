"""Whether an arm is worth its time, in one sentence, at the exchange rate of whoever pays it."""

import math
import re
from dataclasses import dataclass
from typing import Literal

from search.errors import InputError
from search.experiments.statistics import ALPHA, Comparison, queries_needed

Kind = Literal["worth it", "not worth it", "not enough data", "no verdict"]

NEVER_MIND = 50_000
"""Queries beyond which more of them are no advice: gain and price are as good as equal."""

MEASURE_NAMES = {
    "ndcg": "ndcg@10", "mrr": "mrr@10", "recall": "recall@10",
    "f1": "token_f1", "em": "exact_match",
}  # fmt: skip
"""What people say for a measure."""

_WORTH = re.compile(
    r"(?P<gain>\d*\.?\d+)\s+(?P<measure>[\w@-]+)\s+(?:per|for)\s+(?P<time>\d*\.?\d+)\s*(?P<unit>ms|s)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Worth:
    """What gain is worth what time: below this rate nobody wants to wait."""

    gain: float
    measure: str
    seconds: float

    @property
    def rate(self) -> float:
        """Return the gain that a second has to bring."""
        return self.gain / self.seconds

    def __str__(self) -> str:
        return f"{self.gain:g} {title_of(self.measure)} per {duration(self.seconds)}"


def parse_worth(text: str) -> Worth:
    """Read an exchange rate such as `0.01 nDCG per 200 ms`.

    Raises:
        InputError: it says something else.
    """
    match = _WORTH.fullmatch(text.strip())
    seconds = float(match["time"]) / (1000 if match["unit"].lower() == "ms" else 1) if match else 0
    if not match or not seconds or not float(match["gain"]):
        raise InputError(
            f"--worth {text!r} is no exchange rate: say what gain is worth what time, "
            "e.g. --worth '0.01 nDCG per 200 ms'."
        )
    name = match["measure"].lower()
    return Worth(float(match["gain"]), MEASURE_NAMES.get(name, name), seconds)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an experiment says of one arm."""

    kind: Kind
    sentence: str
    more_queries: int | None = None
    """How many more it would take; None where none are needed or none would do."""


def judge_arm(
    arm: str,
    worth: Worth,
    gain: Comparison,
    extra: Comparison,
    net: Comparison,
    p_holm: float,
    tests: int,
    late: int = 0,
) -> Verdict:
    """Weigh the gain of an arm against its time.

    Each query has a net worth: its gain less what its extra seconds should have brought. The
    arm is worth it, or not, where the mean of that differs from 0 after Holm's correction;
    else there is not enough data.

    Args:
        arm: its name.
        worth: the exchange rate.
        gain: of the measure that the rate is in.
        extra: seconds a query.
        net: of the gain less the price of the time.
        p_holm: of `net`.
        tests: among how many arms it was corrected.
        late: queries where the arm was late or failed, and the base order stood.
    """
    measure = title_of(worth.measure)
    payable = duration(gain.mean.value / worth.rate)
    change = (
        f"{'loses' if gain.mean.value < 0 else 'gains'} {abs(gain.mean.value):.4f} {measure} "
        f"a query (95 % interval {signed(gain.mean.low)} to {signed(gain.mean.high)})"
    )
    if not gain.deviation and not gain.mean.value:
        change = f"changes nothing in {measure}"
    cost = f"{duration(extra.mean.value)} a query"
    tail = (
        f" In {late} of {gain.queries} queries it was late or failed, and the base stood."
        if late
        else ""
    )
    if p_holm < ALPHA and net.mean.value > 0:
        text = f"it {change}, for which {payable} would be a fair price, and takes {cost} more."
        return Verdict("worth it", f"{arm} is worth it: {text}{tail}")
    if p_holm < ALPHA:
        if gain.mean.value > 0:
            text = f"it {change}, which pays for {payable}, and takes {cost} more."
        else:
            text = f"it {change}, and takes {cost} more."
        return Verdict("not worth it", f"{arm} is not worth it: {text}{tail}")
    needed = queries_needed(net.mean.value, net.deviation, tests)
    facts = f"it {change}; to pay for its {cost} it has to gain {price(worth, extra):.4f}"
    if needed is None or needed > NEVER_MIND:
        text = f"{facts}: that is so close that not even {NEVER_MIND:,} queries would tell."
        return Verdict("not enough data", f"Not enough data on {arm}: {text}{tail}")
    more = max(1, needed - net.queries)
    text = f"{facts}. About {rounded(more):,} more queries would tell."
    return Verdict("not enough data", f"Not enough data on {arm}: {text}{tail}", more)


def disqualified(arm: str, measure: str, null_gain: Comparison) -> Verdict:
    """Say why an arm gets no verdict under a measure that rewards doing nothing."""
    return Verdict(
        "no verdict",
        f"No verdict on {arm}: the null control, which knows nothing, gains "
        f"{null_gain.mean.value:.4f} {title_of(measure)} (p = {null_gain.p:.4f}), so this measure "
        "does not measure what it should.",
    )


def unjudged(arm: str, measure: str) -> Verdict:
    """Say why an arm gets no verdict where nothing is known of right results."""
    return Verdict(
        "no verdict",
        f"No verdict on {arm}: {title_of(measure)} was not measured for any query, as the data "
        "say nothing of right results; only times were.",
    )


def price(worth: Worth, extra: Comparison) -> float:
    """Return the gain that an arm's mean extra time has to bring."""
    return worth.rate * extra.mean.value


def title_of(measure: str) -> str:
    """Return a measure as people write it."""
    known = {"ndcg": "nDCG", "mrr": "MRR", "recall": "recall", "token_f1": "token F1"}
    name, at, depth = measure.partition("@")
    return known.get(name, name.replace("_", " ")) + at + depth


def duration(seconds: float) -> str:
    """Return a time with its unit: `0.35 ms`, `85 ms`, `1.8 s`."""
    size = abs(seconds)
    if size >= 0.9995:
        return f"{seconds:,.1f} s" if size < 100 else f"{seconds:,.0f} s"
    if size >= 0.00995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds * 1000:.2g} ms" if seconds else "0 ms"


def signed(value: float) -> str:
    """Return a figure with its sign, a minus being a minus."""
    return f"{value:+.4f}".replace("-", "−")


def rounded(count: int) -> int:
    """Return a number of queries as exactly as it can be known: two digits."""
    step: int = 10 ** max(0, int(math.log10(count)) - 1)
    return math.ceil(count / step) * step
