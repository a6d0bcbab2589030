"""What an experiment asks: queries with what is known of their answers."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from search.experiments.datasets import Query

SLICES = ("answerable", "kind")
"""Fields of a query's metadata by which results are also shown apart, beside the language."""


@dataclass(frozen=True, slots=True)
class Question:
    """A query and what is known of its answer."""

    id: str
    text: str
    relevant: Mapping[str, int]
    """Document path -> grade; empty where nothing is known, or nothing answers it."""
    references: tuple[str, ...] = ()
    """Right answers, any of which will do."""
    answerable: bool | None = None
    """None where it is not known."""
    slices: Mapping[str, str] = field(default_factory=dict)
    """E.g. `{"language": "pl", "kind": "synonym"}`."""

    @property
    def judged(self) -> bool:
        """Tell whether a ranking for it can be measured."""
        return any(self.relevant.values())


def questions_of(
    queries: Sequence[Query], qrels: Mapping[str, Mapping[str, int]]
) -> list[Question]:
    """Gather what a dataset knows of its queries.

    Metadata that is understood: `language`, `answerable`, `answers` and `kind`.
    """
    return [_question(query, qrels.get(query.id, {})) for query in queries]


def sampled(questions: Sequence[Question], limit: int | None, seed: int) -> list[Question]:
    """Draw so many questions at random, in their order; the same seed draws the same.

    The first ones of a dataset are often about the same few documents.
    """
    if limit is None or limit >= len(questions):
        return list(questions)
    drawn = random.Random(seed).sample(range(len(questions)), limit)
    return [questions[place] for place in sorted(drawn)]


def _question(query: Query, relevant: Mapping[str, int]) -> Question:
    known: dict[str, Any] = query.metadata
    answerable = known.get("answerable")
    references = tuple(str(answer) for answer in known.get("answers") or ())
    slices = {name: str(known[name]) for name in SLICES if known.get(name) is not None}
    if known.get("language"):
        slices["language"] = str(known["language"])
    if "answerable" in slices:
        slices["answerable"] = "answerable" if answerable else "unanswerable"
    return Question(
        id=query.id,
        text=query.text,
        relevant={path: grade for path, grade in relevant.items() if grade > 0},
        references=references,
        answerable=None if answerable is None else bool(answerable),
        slices=slices,
    )
