"""The answer that knows nothing: the control in experiments."""

from collections.abc import Iterator

from search.answerers.base import Answer
from search.deadline import NEVER, Deadline
from search.pool import Pool

REPLY = "See the documents found."


class NullAnswerer:
    """Replies the same to every question; a measure by which it gains measures nothing."""

    name = "null"

    def answer(self, pool: Pool, deadline: Deadline = NEVER) -> Answer:
        """Return the constant reply, or none where nothing was found."""
        if not pool.hits:
            return Answer("", withheld="no passages")
        return Answer(REPLY)

    def stream(self, pool: Pool, deadline: Deadline = NEVER) -> Iterator[str | Answer]:
        """Yield the reply."""
        answer = self.answer(pool, deadline)
        if answer.answered:
            yield answer.text
        yield answer
