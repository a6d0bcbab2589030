"""`/v1/similar`."""

from fastapi import APIRouter

from api.admission import Admitted
from api.answers import lay_out
from api.auth import Reader
from api.deps import PipelineDep, TraceDep
from api.filters import to_expression
from api.schemas import PROBLEMS, Problem, SearchOut
from api.schemas_similar import SimilarIn
from search.similar import similar

router = APIRouter(
    prefix="/v1",
    tags=["search"],
    responses=PROBLEMS | {404: {"model": Problem, "description": "There is no such example."}},
)


@router.post("/similar", summary="Find passages like some examples, and unlike others")
def more_like_this(
    body: SimilarIn,
    pipeline: PipelineDep,
    principal: Reader,
    trace: TraceDep,
    deadline: Admitted,
) -> SearchOut:
    """Find more like texts, documents or passages; only what the caller may read is met."""
    where = to_expression(body.filter)
    result = similar(
        pipeline,
        [example.to_domain() for example in body.positive],
        [example.to_domain() for example in body.negative],
        principal,
        likeness=body.likeness,
        where=where,
        limit=body.limit,
        offset=body.offset,
        per_document=body.per_document,
        trace=trace,
        deadline=deadline,
    )
    return lay_out(result, body, pipeline, principal, where, deadline)
