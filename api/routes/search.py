"""`/v1/search`."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response
from fastapi.sse import EventSourceResponse

from api.admission import Admitted
from api.answers import ANSWER_EVENTS, EVENT_STREAM, events, lay_out, with_answer
from api.auth import Reader
from api.deps import LayerDep, PipelineDep, TraceDep
from api.filters import to_expression
from api.schemas import NOT_BLANK, PROBLEMS, SearchIn, SearchOut
from search.answering import Answering, answer_from
from search.domain import SearchResult
from search.filters import Expression, matching
from search.pipeline import MAX_QUERY_CHARACTERS

router = APIRouter(prefix="/v1", tags=["search"], responses=PROBLEMS)


@dataclass(frozen=True, slots=True)
class Searcher:
    """What answers a search, for whom, and until when."""

    pipeline: PipelineDep
    layer: LayerDep
    principal: Reader
    deadline: Admitted
    trace: TraceDep

    def answering(self, body: SearchIn) -> Answering | None:
        """Return what the caller wants answered with; it names only what is offered."""
        self.layer.require_offered(body.rerank, body.answer)
        return self.layer.answer(body.answer)

    def find(self, body: SearchIn, where: Expression) -> tuple[SearchResult, SearchOut]:
        """Search, rerank where that is asked for, and count."""
        result = self.pipeline.search(
            body.query,
            self.principal,
            mode=body.mode,
            where=where,
            limit=body.limit,
            offset=body.offset,
            sort=body.sort,
            per_document=body.per_document,
            diversity=body.diversity,
            highlight=body.highlight,
            rerank=self.layer.rerank(body.rerank),
            deadline=self.deadline,
            trace=self.trace,
        )
        out = lay_out(result, body, self.pipeline, self.principal, where, self.deadline)
        return result, out

    def answer(self, body: SearchIn, where: Expression) -> SearchOut:
        """Search, and answer from the passages where that is asked for."""
        how = self.answering(body)
        result, out = self.find(body, where)
        if how is None:
            return out
        pool = self.pipeline.pool(result, self.principal, self.deadline)
        with self.trace.span("answer"):
            answered = answer_from(pool, how, self.deadline)
        return with_answer(out, answered, self.trace)


Asked = Annotated[Searcher, Depends(Searcher)]


@router.post(
    "/search",
    summary="Find the passages that answer a query",
    response_model=SearchOut,
    responses={
        200: {
            "description": "What was found. With `Accept: text/event-stream` and an answerer: "
            "an event `result` with that, events `draft` with the answer as it is written, and "
            "an event `answer` with the checked answer.",
            "content": {EVENT_STREAM: {"itemSchema": ANSWER_EVENTS}},
        }
    },
)
def search(
    body: SearchIn,
    asked: Asked,
    request: Request,
    accept: Annotated[
        str | None,
        Header(description="Whether the answer streams.", examples=["text/event-stream"]),
    ] = None,
) -> SearchOut | Response:
    """Search by meaning and by words; only what the caller may read is met."""
    where = to_expression(body.filter)
    how = asked.answering(body)
    if how is None or accept is None or EVENT_STREAM not in accept:
        return asked.answer(body, where)
    result, out = asked.find(body, where)
    pool = asked.pipeline.pool(result, asked.principal, asked.deadline)
    admission = request.app.state.admission
    return EventSourceResponse(events(out, pool, how, asked.trace, admission))


@router.get("/search", summary="Find passages, for simple callers")
def search_simply(
    asked: Asked,
    q: Annotated[
        str,
        Query(
            min_length=1,
            max_length=MAX_QUERY_CHARACTERS,
            description="The query.",
            examples=["urlop na żądanie"],
            json_schema_extra={"pattern": NOT_BLANK},
        ),
    ],
    mode: Annotated[
        Literal["hybrid", "dense", "lexical"] | None,
        Query(description="By meaning and words, or one of them."),
    ] = None,
    language: Annotated[list[str], Query(description="Any of these.")] = [],  # noqa: B006
    type: Annotated[list[str], Query(description="Any of these.")] = [],  # noqa: B006
    tags: Annotated[list[str], Query(description="Any of these.")] = [],  # noqa: B006
    limit: Annotated[int, Query(ge=1, le=100, description="Hits.")] = 10,
    offset: Annotated[
        int, Query(ge=0, le=10_000, description="Of the best, how many to leave out.")
    ] = 0,
    rerank: Annotated[
        str | None, Query(min_length=1, max_length=200, description="As in `POST`.")
    ] = None,
    answer: Annotated[
        str | None, Query(min_length=1, max_length=200, description="As in `POST`.")
    ] = None,
) -> SearchOut:
    """Search as `POST /v1/search` does, with the filters one uses most."""
    body = SearchIn(query=q, mode=mode, limit=limit, offset=offset, rerank=rerank, answer=answer)
    where = matching(language=tuple(language), type=tuple(type), tags=tuple(tags))
    return asked.answer(body, where)
