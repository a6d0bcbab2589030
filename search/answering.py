"""Puts an answerer over the passages of a search, and says how that went."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace

from search.answerers.base import Answer, Answerer
from search.deadline import Deadline
from search.domain import Hit
from search.errors import DeadlineError, ModelError, ModelMissingError
from search.pool import Pool

log = logging.getLogger("semsearch.answer")


@dataclass(frozen=True, slots=True)
class Answering:
    """Which answerer, from how many passages, for how long."""

    answerer: Answerer
    passages: int
    """The first so many of the hits."""
    seconds: float
    """What it may take."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What an answerer made of the passages it was given."""

    arm: str
    """The answerer's name."""
    passages: tuple[Hit, ...]
    """What it was given; citations count from its first."""
    answer: Answer | None
    """None where it was too late or failed."""
    degraded: str | None = None
    """Why there is none: `answer_timeout`, `answer_failed`."""


def stream_answer(pool: Pool, how: Answering, deadline: Deadline) -> Iterator[str | Answered]:
    """Yield a draft of the answer as it is written, and at the end what is left when checked.

    An answerer that is late or fails costs the answer, never the hits. Closing the iterator
    stops the model.

    Args:
        pool: the passages found; more than the answerer is to be given do no harm.
        how: with which answerer.
        deadline: of the request.

    Raises:
        ModelMissingError: the answerer's model is not on this machine.
    """
    pool = replace(pool, hits=pool.hits[: how.passages], signals=pool.signals[: how.passages])
    limit = Deadline(min(deadline.at, Deadline.after(how.seconds).at))
    name = how.answerer.name
    try:
        for piece in how.answerer.stream(pool, limit):
            yield piece if isinstance(piece, str) else Answered(name, pool.hits, piece)
    except DeadlineError:
        yield Answered(name, pool.hits, None, "answer_timeout")
    except ModelMissingError:
        raise
    except ModelError as error:
        log.error("%s failed: %s", name, error)
        yield Answered(name, pool.hits, None, "answer_failed")


def answer_from(pool: Pool, how: Answering, deadline: Deadline) -> Answered:
    """Return what an answerer makes of the passages found; see `stream_answer`.

    Raises:
        ModelMissingError: the answerer's model is not on this machine.
    """
    *_, answered = stream_answer(pool, how, deadline)
    assert isinstance(answered, Answered)
    return answered
