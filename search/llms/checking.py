"""Whether a language model works: does it answer, how fast, does it keep to a schema?"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from search.llms.base import LLM, Completion, Message, Prompt

COLOUR = "chartreuse"
"""What no model would say unless a schema forced it to."""
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"colour": {"type": "string", "enum": [COLOUR]}},
    "required": ["colour"],
    "additionalProperties": False,
}
TEXT = (
    "Zaległy urlop wykorzystuje się do końca września następnego roku. Delegacje rozlicza się w "
    "ciągu czternastu dni od powrotu. Invoices are kept in the archive for five years. "
)
REPETITIONS = 8
"""Of the text: some 500 tokens."""


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """What a look at a model found."""

    name: str
    local: bool
    context: int | None
    licence: str | None
    first_seconds: float
    """Until its first answer, loading included."""
    read_per_second: float | None
    """Tokens of prompts; None where the service does not tell."""
    written_per_second: float | None
    """Tokens; where the service does not tell, reading is in it."""
    schema: bool
    """Whether what it writes keeps to a JSON Schema."""
    logprobs: bool
    """Whether it tells how likely its tokens were."""
    said: str


def check_model(llm: LLM) -> ModelCheck:
    """Ask a model three things and measure that.

    Raises:
        ModelError: it cannot be loaded, reached or run.
    """
    forced = llm.complete(_prompt("What colour is the sky?", schema=SCHEMA, max_tokens=40))
    long = llm.complete(_prompt(TEXT * REPETITIONS + "What is all of this about?", max_tokens=64))
    said = llm.complete(_prompt("Say hello in Polish.", max_tokens=24, logprobs=True))
    spec = llm.spec
    return ModelCheck(
        name=spec.name,
        local=spec.local,
        context=spec.context,
        licence=spec.licence,
        first_seconds=forced.timings_ms["total"] / 1000,
        read_per_second=_speed(long.usage.prompt_tokens, long, "prompt"),
        written_per_second=_speed(long.usage.completion_tokens, long, "generate", "total"),
        schema=_keeps_to_schema(forced.text),
        logprobs=bool(said.logprobs),
        said=" ".join(said.text.split()),
    )


def _prompt(text: str, **given: Any) -> Prompt:
    return Prompt((Message("user", text),), **given)


def _speed(tokens: int, written: Completion, *stages: str) -> float | None:
    for stage in stages:
        if milliseconds := written.timings_ms.get(stage):
            return tokens / milliseconds * 1000 if tokens else None
    return None


def _keeps_to_schema(text: str) -> bool:
    try:
        return bool(json.loads(text) == {"colour": COLOUR})
    except ValueError:
        return False
