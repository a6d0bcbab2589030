"""`/healthz` and `/readyz`, which need no key and tell nothing of what is indexed."""

from fastapi import APIRouter

from api.deps import PipelineDep
from api.schemas import Health, Problem, Readiness

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Tell whether the service runs")
async def healthz() -> Health:
    """Answer."""
    return Health(status="ok")


@router.get(
    "/readyz", summary="Tell whether the service can answer", responses={503: {"model": Problem}}
)
def readyz(pipeline: PipelineDep) -> Readiness:
    """Embed a word and look into the store; whichever fails says so with a 503."""
    pipeline.embedder.embed_query("gotowe")
    identity = pipeline.store.identity
    next(pipeline.store.manifest(), None)
    return Readiness(
        status="ready",
        model=identity.model,
        checks={"model": "loaded", "store": "answers", "index": "compatible"},
    )
