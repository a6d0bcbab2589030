"""The seam of answerers: a pool of passages to an answer whose citations can be checked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from search.deadline import NEVER, Deadline
from search.llms.base import NO_USAGE, Usage
from search.pool import Pool


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a claim of an answer stands, verbatim."""

    passage: int
    """Place of the passage among the pool's hits, from 0."""
    start: int
    end: int
    """Character range of the quote in the passage's text."""
    quote: str
    """That range of the text, to the letter."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered, or that nothing is."""

    text: str
    """Empty when the question is not answered."""
    citations: tuple[Citation, ...] = ()
    confidence: float | None = None
    """From 0 to 1, comparable between queries; None where the answerer cannot tell."""
    withheld: str | None = None
    """Why there is no answer: `no passages`, `not confident`, `unanswerable`, `unsupported`."""
    usage: Usage = NO_USAGE
    events: Mapping[str, int] = field(default_factory=dict)
    """What happened on the way, counted: `claims_dropped`, `invalid_output`."""

    @property
    def answered(self) -> bool:
        """Tell whether there is an answer."""
        return self.withheld is None


class Answerer(Protocol):
    """Answers from a pool, never from its own memory; safe to share between threads."""

    @property
    def name(self) -> str:
        """Return the name of the arm, e.g. `extractive` or `llm:smollm2`."""
        ...

    def answer(self, pool: Pool, deadline: Deadline = NEVER) -> Answer:
        """Answer the query of a pool.

        Raises:
            DeadlineError: the deadline passed before there was an answer.
            ModelError: the model cannot be loaded, reached or run.
        """
        ...

    def stream(self, pool: Pool, deadline: Deadline = NEVER) -> Iterator[str | Answer]:
        """Yield pieces of the text as they are written, and at the end the checked answer.

        What was streamed is a draft: the answer at the end may hold less, or nothing. Closing
        the iterator stops the model.

        Raises:
            DeadlineError: the deadline passed before there was an answer.
            ModelError: the model cannot be loaded, reached or run.
        """
        ...
