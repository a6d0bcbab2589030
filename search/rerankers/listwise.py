"""A language model orders the passages: RankGPT (Sun et al. 2023), a window sliding upwards.

A window of passages is put into order at a time, from the end of the pool to its beginning, so
that the best rise through the windows that overlap. What the model writes is forced by a JSON
Schema where the runtime can do that, and checked here in any case.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from search.deadline import NEVER, Deadline
from search.llms.base import LLM, NO_USAGE, Prompt
from search.llms.prompts import about_passages
from search.pool import Pool
from search.rerank_settings import RerankSettings
from search.rerankers.base import Reranking
from search.rerankers.wordings import wording_for

TOKENS_A_NUMBER = 6
"""What a number in a list may take, white space and all."""


class RankingOut(BaseModel):
    """What the model is forced to write."""

    model_config = ConfigDict(extra="forbid")

    order: list[int] = Field(description="Numbers of all passages, the best first, each once.")


class ListwiseReranker:
    """See the module."""

    def __init__(self, llm: LLM, settings: RerankSettings, name: str | None = None) -> None:
        """Wrap a model.

        Args:
            llm: the model.
            settings: how many passages it orders at a time, and how much of them it is given.
            name: of the arm; by the model's when None.
        """
        self._llm = llm
        self._settings = settings
        self._name = name

    @property
    def name(self) -> str:
        """Return the name of the arm, e.g. `listwise:smollm2`."""
        return self._name or f"listwise:{self._llm.spec.name}"

    def rerank(self, pool: Pool, deadline: Deadline = NEVER) -> Reranking:
        """Order a pool; its scores count down from the number of passages.

        A window for which the model wrote no list at all keeps its order (`refused`); a list
        with numbers twice, missing or unknown is repaired (`repaired`).

        Raises:
            DeadlineError: the deadline passed before all windows were in order.
            ModelError: the model cannot be loaded, reached or run.
        """
        places = list(range(len(pool.hits)))
        usage, events = NO_USAGE, {"repaired": 0, "refused": 0}
        for first, last in windows(len(places), self._settings.window, self._settings.stride):
            deadline.check("order the passages")
            window = places[first:last]
            written = self._llm.complete(self._prompt(pool, window), deadline)
            usage += written.usage
            order, event = read_order(written.text, len(window))
            places[first:last] = [window[place] for place in order]
            if event:
                events[event] += 1
        scores = [0.0] * len(places)
        for rank, place in enumerate(places):
            scores[place] = float(len(places) - rank)
        return Reranking(tuple(scores), usage, {name: n for name, n in events.items() if n})

    def _prompt(self, pool: Pool, window: Sequence[int]) -> Prompt:
        wording = wording_for(pool)
        texts = [pool.hits[place].chunk.text for place in window]
        budget = self._settings.passage_characters
        return Prompt(
            about_passages(wording.ranking, wording.query, pool.query, texts, budget),
            schema=order_schema(len(texts)),
            max_tokens=32 + TOKENS_A_NUMBER * len(texts),
        )


def windows(passages: int, size: int, stride: int) -> list[tuple[int, int]]:
    """Return where windows begin and end, from the last to the first, each overlapping the next.

    Args:
        passages: of the pool; one alone needs no order.
        size: of a window.
        stride: by how much each begins before the last one.
    """
    if passages < 2:
        return []
    firsts = range(max(0, passages - size), 0, -stride)
    return [(first, min(passages, first + size)) for first in (*firsts, 0)]


def read_order(written: str, passages: int) -> tuple[list[int], str | None]:
    """Return an order of places from what a model wrote.

    Args:
        written: JSON, one hopes.
        passages: how many there were.

    Returns:
        The places 0 … passages - 1, best first; None when the model wrote just that, `repaired`
        when numbers were unknown, there twice or missing (these follow in their old order), and
        `refused` when there is no such number at all (then the order is the old one).
    """
    try:
        numbers = RankingOut.model_validate_json(written).order
    except ValidationError:
        return list(range(passages)), "refused"
    known = dict.fromkeys(number - 1 for number in numbers if 1 <= number <= passages)
    if not known:
        return list(range(passages)), "refused"
    order = [*known, *(place for place in range(passages) if place not in known)]
    return order, None if order == [number - 1 for number in numbers] else "repaired"


def order_schema(passages: int) -> Mapping[str, Any]:
    """Return the JSON Schema of an order; that each number stands once no grammar can force."""
    schema = RankingOut.model_json_schema()
    schema["properties"]["order"] |= {
        "items": {"type": "integer", "minimum": 1, "maximum": passages},
        "minItems": passages,
        "maxItems": passages,
    }
    return schema
