"""`auto`: a dear answerer is asked only where a cheap one finds that there is an answer."""

from collections.abc import Iterator

from search.answerers.base import Answer, Answerer
from search.deadline import NEVER, Deadline
from search.pool import Pool


class Gated:
    """Lets the first answerer decide whether the second is asked."""

    def __init__(self, gate: Answerer, answerer: Answerer) -> None:
        self._gate = gate
        self._answerer = answerer

    @property
    def name(self) -> str:
        """Return the name of the arm."""
        return f"auto:{self._answerer.name}"

    def answer(self, pool: Pool, deadline: Deadline = NEVER) -> Answer:
        """Return the abstention of the gate, or else what the answerer says."""
        found = self._gate.answer(pool, deadline)
        if not found.answered or self._answerer is self._gate:
            return found
        return self._answerer.answer(pool, deadline)

    def stream(self, pool: Pool, deadline: Deadline = NEVER) -> Iterator[str | Answer]:
        """Yield the abstention of the gate, or else what the answerer writes."""
        found = self._gate.answer(pool, deadline)
        if not found.answered or self._answerer is self._gate:
            yield found
        else:
            yield from self._answerer.stream(pool, deadline)
