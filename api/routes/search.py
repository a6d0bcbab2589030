"""`/v1/search`."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from api.admission import Admitted
from api.answers import lay_out
from api.auth import Reader
from api.deps import PipelineDep, TraceDep
from api.filters import to_expression
from api.schemas import NOT_BLANK, PROBLEMS, SearchIn, SearchOut
from search.deadline import Deadline
from search.domain import Principal, Trace
from search.filters import Expression, matching
from search.pipeline import MAX_QUERY_CHARACTERS, Pipeline

router = APIRouter(prefix="/v1", tags=["search"], responses=PROBLEMS)


@router.post("/search", summary="Find the passages that answer a query")
def search(
    body: SearchIn, pipeline: PipelineDep, principal: Reader, deadline: Admitted, trace: TraceDep
) -> SearchOut:
    """Search by meaning and by words; only what the caller may read is met."""
    return _answer(pipeline, principal, body, to_expression(body.filter), deadline, trace)


@router.get("/search", summary="Find passages, for simple callers")
def search_simply(
    pipeline: PipelineDep,
    principal: Reader,
    deadline: Admitted,
    trace: TraceDep,
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
) -> SearchOut:
    """Search as `POST /v1/search` does, with the filters one uses most."""
    body = SearchIn(query=q, mode=mode, limit=limit, offset=offset)
    where = matching(language=tuple(language), type=tuple(type), tags=tuple(tags))
    return _answer(pipeline, principal, body, where, deadline, trace)


def _answer(
    pipeline: Pipeline,
    principal: Principal,
    body: SearchIn,
    where: Expression,
    deadline: Deadline,
    trace: Trace,
) -> SearchOut:
    result = pipeline.search(
        body.query,
        principal,
        mode=body.mode,
        where=where,
        limit=body.limit,
        offset=body.offset,
        sort=body.sort,
        per_document=body.per_document,
        diversity=body.diversity,
        highlight=body.highlight,
        deadline=deadline,
        trace=trace,
    )
    return lay_out(result, body, pipeline, principal, where, deadline)
