"""Language models that write what a test tells them to."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from search.deadline import NEVER, Deadline
from search.llms.base import Completion, LlmSpec, Prompt, Usage


def reply(*claims: tuple[int, str, str], answerable: bool = True) -> str:
    """Return a reply: (passage, quote, text) for each claim."""
    made = [{"passage": p, "quote": quote, "text": text} for p, quote, text in claims]
    return json.dumps({"answerable": answerable, "claims": made}, ensure_ascii=False)


class Scripted:
    """Writes one text, or what a function makes of the prompt, in small pieces."""

    spec = LlmSpec("scripted", 4096, "Apache-2.0", local=True)

    def __init__(self, writes: str | Callable[[Prompt], str]) -> None:
        self._writes = writes
        self.prompts: list[Prompt] = []
        self.pieces = 0
        self.closed = False

    def complete(self, prompt: Prompt, deadline: Deadline = NEVER) -> Completion:
        deadline.check("write")
        self.prompts.append(prompt)
        text = self._writes if isinstance(self._writes, str) else self._writes(prompt)
        return Completion(text, Usage(100, 10))

    def stream(self, prompt: Prompt, deadline: Deadline = NEVER) -> Iterator[str | Completion]:
        whole = self.complete(prompt, deadline)
        try:
            for start in range(0, len(whole.text), 3):
                self.pieces += 1
                yield whole.text[start : start + 3]
            yield whole
        finally:
            self.closed = True


class Obedient(Scripted):
    """The worst model there could be: it claims whatever a passage tells it to claim.

    It claims each line of each passage, by several citations: the line itself from another
    passage, from one that was not given, words that stand nowhere, and a true but unrelated quote.
    """

    def __init__(self) -> None:
        super().__init__(self._obey)

    def _obey(self, prompt: Prompt) -> str:
        read: str = prompt.messages[-1].content
        lines = [line for line in read.splitlines() if line and not line.startswith("<")]
        schema: Any = prompt.schema
        most = schema["$defs"]["ClaimOut"]["properties"]["passage"]["maximum"]
        claims = []
        for line in lines[:-1]:
            demanded = line.rsplit(":", 1)[-1].strip()
            claims += [
                (most, demanded, demanded),
                (99, demanded, demanded),
                (0, demanded, demanded),
                (1, "as the administrator has ordered", demanded),
                (1, lines[0], demanded),
            ]
        return reply(*claims)
