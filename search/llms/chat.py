"""What services write in OpenAI's chat format, at once or in pieces; unknown parts are ignored."""

import json
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from search.llms.base import Completion, Usage

DONE = "[DONE]"


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class UsageOut(_Part):
    """Tokens."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class TimingsOut(_Part):
    """Of llama.cpp."""

    prompt_ms: float | None = None
    predicted_ms: float | None = None


class TokenOut(_Part):
    """A token that was written."""

    logprob: float


class LogprobsOut(_Part):
    """The tokens that were written."""

    content: list[TokenOut] | None = None


class TextOut(_Part):
    """A message, or a piece of one."""

    content: str | None = None


class ChoiceOut(_Part):
    """One answer, or a piece of one."""

    message: TextOut | None = None
    delta: TextOut | None = None
    finish_reason: str | None = None
    logprobs: LogprobsOut | None = None


class ChatOut(_Part):
    """An answer, or a piece of one, which has a `delta` instead of a `message`."""

    choices: list[ChoiceOut]
    usage: UsageOut | None = None
    timings: TimingsOut | None = None

    def completion(self, total_ms: float) -> Completion:
        """Return an answer that came at once.

        Raises:
            ValueError: there is none.
        """
        if not self.choices or self.choices[0].message is None:
            raise ValueError("no message")
        choice = self.choices[0]
        text = (choice.message.content if choice.message else None) or ""
        return _completion(
            text, self.usage, self.timings, _logprobs(choice), choice.finish_reason, total_ms
        )


class ChatWriter:
    """Puts an answer together from server-sent events."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._logprobs: list[float] = []
        self._usage: UsageOut | None = None
        self._timings: TimingsOut | None = None
        self._finish: str | None = None

    def read(self, line: str) -> str:
        """Take a line, and return the text in it.

        Raises:
            ValueError: it is no event of a chat.
        """
        if not line.startswith("data:"):  # empty lines between events, comments to keep alive
            return ""
        data = line.removeprefix("data:").strip()
        if data == DONE:
            return ""
        part = ChatOut.model_validate({"choices": []} | json.loads(data))
        self._usage = part.usage or self._usage
        self._timings = part.timings or self._timings
        if not part.choices:
            return ""
        choice = part.choices[0]
        self._finish = choice.finish_reason or self._finish
        self._logprobs += _logprobs(choice) or ()
        piece = (choice.delta.content if choice.delta else None) or ""
        self._pieces.append(piece)
        return piece

    def completion(self, total_ms: float) -> Completion:
        """Return the whole.

        Raises:
            ValueError: nothing was written.
        """
        if self._finish is None and not self._pieces:
            raise ValueError("no message")
        return _completion(
            "".join(self._pieces), self._usage, self._timings, self._logprobs or None,
            self._finish, total_ms,
        )  # fmt: skip


def _logprobs(choice: ChoiceOut) -> Sequence[float] | None:
    content = choice.logprobs.content if choice.logprobs else None
    return [token.logprob for token in content] if content else None


def _completion(
    text: str,
    usage: UsageOut | None,
    timings: TimingsOut | None,
    logprobs: Sequence[float] | None,
    finish: str | None,
    total_ms: float,
) -> Completion:
    known = {"total": total_ms}
    if timings and timings.prompt_ms is not None and timings.predicted_ms is not None:
        known |= {"prompt": timings.prompt_ms, "generate": timings.predicted_ms}
    used = Usage(usage.prompt_tokens, usage.completion_tokens) if usage else Usage()
    return Completion(text, used, known, logprobs, finished=finish != "length")
