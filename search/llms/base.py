"""The seam of generating language models: messages, and maybe a JSON Schema, to text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from search.deadline import NEVER, Deadline

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked; the same prompt gives the same text where the runtime allows."""

    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = None
    """A JSON Schema that the text is forced to satisfy."""
    max_tokens: int = 512
    temperature: float = 0.0
    seed: int = 0
    logprobs: bool = False
    """Ask for the log-probabilities of the generated tokens."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read and written."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )


NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote."""

    text: str
    usage: Usage = NO_USAGE
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    """`prompt` and `generate` where the runtime tells them, and `total`."""
    logprobs: Sequence[float] | None = None
    """Of each generated token; None where the runtime has none."""
    finished: bool = True
    """Whether the model came to an end, rather than to `max_tokens`."""


@dataclass(frozen=True, slots=True)
class LlmSpec:
    """What is known of a model."""

    name: str
    """E.g. `smollm2` or `qwen3:4b`."""
    context: int | None
    """Tokens; None where the endpoint does not tell."""
    licence: str | None
    """None where it is not known."""
    local: bool
    """Whether it runs on this machine."""


class LLM(Protocol):
    """Generates text; safe to share between threads."""

    @property
    def spec(self) -> LlmSpec:
        """Return what is known of the model."""
        ...

    def complete(self, prompt: Prompt, deadline: Deadline = NEVER) -> Completion:
        """Answer a prompt.

        Raises:
            DeadlineError: the deadline passed before the text was complete.
            ModelError: the model cannot be loaded, reached or run.
        """
        ...

    def stream(self, prompt: Prompt, deadline: Deadline = NEVER) -> Iterator[str | Completion]:
        """Yield pieces of the text as they are written, and at the end the completion.

        Closing the iterator stops the model.

        Raises:
            DeadlineError: the deadline passed before the text was complete.
            ModelError: the model cannot be loaded, reached or run.
        """
        ...
