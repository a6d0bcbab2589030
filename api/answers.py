"""How routes that find passages answer: the hits, what is counted around them, what is answered."""

from collections.abc import AsyncIterator, Iterator
from typing import TypeVar

import anyio
from fastapi.concurrency import iterate_in_threadpool, run_in_threadpool
from fastapi.sse import format_sse_event
from pydantic import BaseModel

from api.admission import Admission
from api.description import event_schema
from api.schemas import SearchOut, Selection
from api.schemas_layer import AnsweredOut, AnswerOut, DraftOut
from search.answering import Answered, Answering, stream_answer
from search.deadline import Deadline
from search.domain import Principal, SearchResult, Trace
from search.filters import Expression
from search.pipeline import Pipeline
from search.pool import Pool

EVENT_STREAM = "text/event-stream"

ANSWER_EVENTS = {
    "oneOf": [
        event_schema("result", SearchOut),
        event_schema("draft", DraftOut),
        event_schema("answer", AnsweredOut),
    ]
}
"""What comes while a search is answered."""

T = TypeVar("T")


def lay_out(
    result: SearchResult,
    asked: Selection,
    pipeline: Pipeline,
    principal: Principal,
    where: Expression,
    deadline: Deadline,
) -> SearchOut:
    """Count the documents that match the filter, and lay a result out.

    Raises:
        DeadlineError: the deadline passed.
    """
    trace = result.trace
    with trace.span("count"):
        deadline.check("count the documents")
        total = pipeline.store.count_documents(principal, where)
    trace.attributes["total"] = total
    with trace.span("facets"):
        facets = pipeline.facets(asked.facets, principal, where, deadline)
    spec = pipeline.embedder.spec
    return SearchOut.of(
        result,
        grouped=asked.per_document is not None,
        total=total,
        facets=facets,
        model=spec.name,
        revision=spec.revision,
    )


def with_answer(out: SearchOut, answered: Answered, trace: Trace) -> SearchOut:
    """Add an answer to what was found, and what it took."""
    answer = AnswerOut.of(answered)
    return out.model_copy(update={"answer": answer, "timings_ms": _timings(trace)})


async def events(
    out: SearchOut, pool: Pool, how: Answering, trace: Trace, admission: Admission
) -> AsyncIterator[bytes]:
    """Yield what was found, the answer as it is written, and the answer when it is checked.

    It takes a turn of its own, as the route's is over, and its own time: a reader sees that it
    goes on. When the reader leaves, the model stops.
    """
    yield _event("result", out)
    deadline = Deadline.after(how.seconds)
    async with admission.slot(deadline):
        pieces = stream_answer(pool, how, deadline)
        try:
            with trace.span("answer"):
                async for piece in iterate_in_threadpool(pieces):
                    if isinstance(piece, str):
                        yield _event("draft", DraftOut(text=piece))
                    else:
                        answered = piece
        finally:
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(_close, pieces)
    final = AnsweredOut(answer=AnswerOut.of(answered), timings_ms=_timings(trace))
    yield _event("answer", final)


def _close(pieces: Iterator[T]) -> None:
    close = getattr(pieces, "close", None)
    if close is not None:
        close()


def _timings(trace: Trace) -> dict[str, float]:
    return {stage: round(ms, 3) for stage, ms in trace.timings_ms.items()}


def _event(name: str, data: BaseModel) -> bytes:
    return format_sse_event(event=name, data_str=data.model_dump_json())
