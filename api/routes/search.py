"""`/v1/search`."""

from fastapi import APIRouter

from api.deps import PipelineDep, PrincipalDep
from api.schemas import Problem, SearchIn, SearchOut

router = APIRouter(prefix="/v1", tags=["search"])


@router.post(
    "/search",
    responses={422: {"model": Problem}, 503: {"model": Problem}},
    summary="Find the passages that answer a query",
)
def search(body: SearchIn, pipeline: PipelineDep, principal: PrincipalDep) -> SearchOut:
    """Search by meaning and by words under the caller's rights."""
    result = pipeline.search(
        body.query,
        principal,
        mode=body.mode,
        filters=body.filters.to_domain(),
        limit=body.limit,
        offset=body.offset,
    )
    return SearchOut.of(result)
