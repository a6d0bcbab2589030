"""Language models that write what a test tells them to."""

import json
from typing import Any

from search.llms.base import Prompt
from search.llms.fake import FakeLlm


def reply(*claims: tuple[int, str, str], answerable: bool = True) -> str:
    """Return a reply: (passage, quote, text) for each claim."""
    made = [{"passage": p, "quote": quote, "text": text} for p, quote, text in claims]
    return json.dumps({"answerable": answerable, "claims": made}, ensure_ascii=False)


class Obedient(FakeLlm):
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
