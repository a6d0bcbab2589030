"""`/healthz`."""

from fastapi import APIRouter

from api.deps import PipelineDep, PrincipalDep
from api.schemas import Health

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Tell whether the service can answer")
def healthz(pipeline: PipelineDep, principal: PrincipalDep) -> Health:
    """Count the documents: the store answers."""
    return Health(status="ok", documents=sum(pipeline.store.facet("type", principal).values()))
