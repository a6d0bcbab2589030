"""From what speaks for a sentence to the probability that it holds the answer.

Two logistic models over signals that mean the same for every query: one picks the sentence,
one says how far to trust the pick.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from pydantic import TypeAdapter, ValidationError
from scipy.optimize import minimize
from scipy.special import expit

from search.errors import InputError

RIDGE = 1.0
"""Strength of the prior that a (standardized) signal says nothing."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a sentence."""

    cosine: float
    """Of the question's and the sentence's vectors."""
    coverage: float
    """The share of the question's words in the sentence and the headings above it."""
    rank: float
    """1 divided by the place of its passage, from 1."""
    passage_cosine: float = 0.0
    """As in the pool's signals."""
    margin: float = 0.0
    """Of the sentence chosen: how far its score is above the runner-up's."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A logistic model over evidence."""

    intercept: float
    cosine: float
    coverage: float
    rank: float = 0.0
    passage_cosine: float = 0.0
    margin: float = 0.0

    def score(self, evidence: Evidence) -> float:
        """Return the log-odds."""
        return (
            self.intercept
            + self.cosine * evidence.cosine
            + self.coverage * evidence.coverage
            + self.rank * evidence.rank
            + self.passage_cosine * evidence.passage_cosine
            + self.margin * evidence.margin
        )

    def probability(self, evidence: Evidence) -> float:
        """Return the log-odds as a probability."""
        return float(expit(self.score(evidence)))


@dataclass(frozen=True, slots=True)
class Calibration:
    """How sentences are picked and trusted; depends on the embedding model."""

    pick: Weights
    """Whether a sentence holds the answer; no margin is known yet."""
    trust: Weights
    """Whether the sentence picked does."""

    def to_json(self) -> str:
        """Write the coefficients."""
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> "Calibration":
        """Read the coefficients.

        Raises:
            InputError: that is no calibration; the message names the field.
        """
        try:
            return _CALIBRATION.validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "text"
            raise InputError(f"That is no calibration: {field}: {first['msg']}.") from None


_CALIBRATION = TypeAdapter(Calibration)


def fit(examples: Sequence[tuple[Evidence, bool]], signals: Sequence[str]) -> Weights:
    """Learn a logistic model by maximum likelihood with a ridge prior.

    Args:
        examples: evidence, and whether the sentence held the answer.
        signals: fields of the evidence that the model may use; the other weights are 0.

    Raises:
        InputError: the examples are all right or all wrong.
    """
    right = np.array([held for _, held in examples], dtype=float)
    if not 0 < right.sum() < len(right):
        raise InputError("A calibration needs right and wrong examples; these are all the same.")
    seen = np.array([[getattr(each, name) for name in signals] for each, _ in examples])
    mean, spread = seen.mean(axis=0), seen.std(axis=0)
    spread[spread == 0] = 1
    scaled = np.column_stack([np.ones(len(seen)), (seen - mean) / spread])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        odds = scaled @ weights
        prior = np.concatenate([[0], RIDGE * weights[1:]])
        value = np.logaddexp(0, odds).sum() - right @ odds + prior @ weights / 2
        return float(value), scaled.T @ (expit(odds) - right) + prior

    found = minimize(loss, np.zeros(scaled.shape[1]), jac=True, method="L-BFGS-B").x
    by_name = {name: float(w) for name, w in zip(signals, found[1:] / spread, strict=True)}
    intercept = float(found[0] - found[1:] @ (mean / spread))
    return Weights(**{"intercept": intercept, "cosine": 0.0, "coverage": 0.0, **by_name})


MULTILINGUAL_E5_SMALL = Calibration(
    pick=Weights(intercept=-21.3, cosine=17.7, coverage=4.97, rank=3.42),
    trust=Weights(intercept=-11.0, cosine=5.69, coverage=1.37, passage_cosine=6.41, margin=0.34),
)
"""Learned on half of the Polish questions of PoQuAD with the bundled model."""
