"""A language model that writes what it is told to, in no time; for tests and for trying things."""

from collections.abc import Callable, Iterator

from search.deadline import NEVER, Deadline
from search.llms.base import Completion, LlmSpec, Prompt, Usage

PIECE = 3
"""Characters of a piece."""


class FakeLlm:
    """Writes one text, or what a function makes of the prompt, in small pieces."""

    spec = LlmSpec("fake", 4096, "Apache-2.0", local=True)

    def __init__(self, writes: str | Callable[[Prompt], str]) -> None:
        """Remember what is to be written.

        Args:
            writes: the text, or what makes it.
        """
        self._writes = writes
        self.prompts: list[Prompt] = []
        """What it was asked."""
        self.pieces = 0
        """How many it has written in streams."""
        self.closed = False
        """Whether a stream came to its end or was closed."""

    def complete(self, prompt: Prompt, deadline: Deadline = NEVER) -> Completion:
        """Answer a prompt."""
        deadline.check("write")
        self.prompts.append(prompt)
        text = self._writes if isinstance(self._writes, str) else self._writes(prompt)
        return Completion(text, Usage(100, 10))

    def stream(self, prompt: Prompt, deadline: Deadline = NEVER) -> Iterator[str | Completion]:
        """Yield the text in pieces, and at the end the completion."""
        whole = self.complete(prompt, deadline)
        try:
            for start in range(0, len(whole.text), PIECE):
                self.pieces += 1
                yield whole.text[start : start + PIECE]
            yield whole
        finally:
            self.closed = True
