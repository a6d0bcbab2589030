"""What a reranker or an answerer is given: one query and the passages retrieved for it."""

from dataclasses import dataclass

from search.domain import Hit


@dataclass(frozen=True, slots=True)
class Signals:
    """What tells how well one passage fits, on scales that mean the same for every query.

    Fused scores are relative to their query; these are not, so thresholds may be put on them.
    """

    cosine: float
    """Of the query's and the passage's dense vectors."""
    coverage: float
    """The share of the query's content words that stand in the passage, by their stems."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The candidates of one query, best first by the retriever; the same for every arm."""

    query: str
    hits: tuple[Hit, ...]
    signals: tuple[Signals, ...]
    """One for each hit."""
