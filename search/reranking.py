"""Puts a reranker over the first passages of a search, and says how that went."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass

from search.deadline import Deadline
from search.domain import Hit, Reranked
from search.errors import DeadlineError, ModelError, ModelMissingError
from search.pool import Pool
from search.rerankers.base import Reranker, reordered

log = logging.getLogger("semsearch.rerank")


@dataclass(frozen=True, slots=True)
class Rerank:
    """Which reranker, over how many passages, for how long."""

    reranker: Reranker
    pool: int = 10
    """The first so many passages get new scores; those behind keep their order."""
    seconds: float = math.inf
    """What it may take; past it the retriever's order stays."""


def rerank_first(
    hits: Sequence[Hit], pool: Pool, how: Rerank, deadline: Deadline
) -> tuple[list[Hit], Reranked]:
    """Reorder the passages of a pool, which are the first of some hits.

    A reranker that is late or fails costs its gain, never the search: the order then stays as it
    was, and the report says so. A model that is not installed is an error all the same.

    Args:
        hits: best first.
        pool: the first of them.
        how: with which reranker.
        deadline: of the request; half of what is left of it is kept for what comes after.

    Raises:
        ModelMissingError: the reranker's model is not on this machine.
    """
    degraded = None
    seconds = min(how.seconds, deadline.remaining() / 2)
    try:
        reranking = how.reranker.rerank(pool, Deadline.after(seconds))
        order = reordered(pool, reranking)
    except DeadlineError:
        degraded = "rerank_timeout"
    except ModelMissingError:
        raise
    except ModelError as error:
        log.error("%s failed: %s", how.reranker.name, error)
        degraded = "rerank_failed"
    if degraded:
        return list(hits), Reranked(how.reranker.name, len(pool.hits), degraded)
    usage = reranking.usage
    report = Reranked(
        how.reranker.name,
        len(pool.hits),
        None,
        dict(reranking.events),
        usage.prompt_tokens,
        usage.completion_tokens,
    )
    return [*order, *hits[len(order) :]], report
