"""Reranking by query likelihood (Sachan et al. 2022): how probable is the query after a passage?

The mean log-probability of the query's tokens is standardized over the pool and added, by a
weight, to the standardized score of the retriever: a tiny model alone ranks worse than the
retriever does, the two together better (DESIGN, decision 9).
"""

from collections.abc import Callable, Sequence
from statistics import fmean, pstdev
from threading import Lock
from typing import TYPE_CHECKING

from search.deadline import NEVER, Deadline
from search.domain import Hit
from search.llms.base import Usage
from search.pool import Pool
from search.rerankers.base import Reranking

if TYPE_CHECKING:
    from search.rerankers.causal_lm import CausalLm

PROMPTS = {
    "pl": "Tekst: {text}\n\nPytanie do tekstu:",
    "de": "Text: {text}\n\nFrage zum Text:",
    "en": "Text: {text}\n\nQuestion about the text:",
}
"""What the query follows, by the passage's language."""


class LikelihoodReranker:
    """See the module; the model loads at first use."""

    def __init__(self, name: str, weight: float, load: Callable[[], "CausalLm"]) -> None:
        """Prepare it.

        Args:
            name: of the arm.
            weight: of the likelihood, against 1 for the retriever's score.
            load: loads the model.
        """
        self._name = name
        self._weight = weight
        self._load = load
        self._model: CausalLm | None = None
        self._lock = Lock()

    @property
    def name(self) -> str:
        """Return the name of the arm."""
        return self._name

    def rerank(self, pool: Pool, deadline: Deadline = NEVER) -> Reranking:
        """Score every passage of a pool.

        Raises:
            DeadlineError: the deadline passed before all were scored.
            ModelError: the model cannot be loaded.
        """
        if not pool.hits:
            return Reranking(())
        deadline.check("read the passages")
        passages = [(hit.id, _prompt(hit)) for hit in pool.hits]
        found, tokens, known = self._ready().log_likelihoods(f" {pool.query}", passages, deadline)
        retrieved = standardized([hit.score for hit in pool.hits])
        likely = standardized(found)
        scores = tuple(r + self._weight * s for r, s in zip(retrieved, likely, strict=True))
        return Reranking(scores, Usage(tokens), {"cached": known})

    def _ready(self) -> "CausalLm":
        with self._lock:
            if self._model is None:
                self._model = self._load()
            return self._model


def standardized(values: Sequence[float]) -> list[float]:
    """Return values less their mean, by their standard deviation; all 0 where they are equal."""
    mean, spread = fmean(values), pstdev(values)
    return [(value - mean) / spread if spread else 0.0 for value in values]


def _prompt(hit: Hit) -> str:
    prompt = PROMPTS.get(hit.document.language, PROMPTS["en"])
    above = " › ".join(hit.chunk.section) or hit.document.title
    return prompt.replace("{text}", f"{above}. {hit.chunk.text}")
