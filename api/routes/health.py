"""`/healthz` and `/readyz`, which need no key and tell nothing of what is indexed."""

import logging
from collections.abc import Callable

from fastapi import APIRouter, Response

from api.deps import PipelineDep
from api.schemas import Health, Readiness
from search.assemble import identity_for
from search.errors import IndexMismatchError, SemsearchError
from search.pipeline import Pipeline

log = logging.getLogger("semsearch.health")

router = APIRouter(tags=["health"])

FAILED = "failed: "


@router.get("/healthz", summary="Tell whether the service runs")
async def healthz() -> Health:
    """Answer."""
    return Health(status="ok")


@router.get(
    "/readyz",
    summary="Tell whether the service can answer",
    responses={503: {"model": Readiness, "description": "It cannot; `checks` says why."}},
)
def readyz(pipeline: PipelineDep, response: Response) -> Readiness:
    """Embed a word, look into the store, and compare what the index was built with."""
    checks = {
        "model": _check("loaded", lambda: pipeline.embedder.embed_query("gotowe")),
        "store": _check("answers", pipeline.store.state),
        "index": _check("compatible", lambda: _compare(pipeline)),
    }
    ready = all(not found.startswith(FAILED) for found in checks.values())
    if not ready:
        response.status_code = 503
    return Readiness(
        status="ready" if ready else "not ready",
        model=pipeline.embedder.spec.name,
        checks=checks,
    )


def _check(good: str, look: Callable[[], object]) -> str:
    """Return what a check found; the message of an error is for the log, not for strangers."""
    try:
        look()
    except SemsearchError as error:
        log.error("not ready: %s", error)
        return FAILED + type(error).__name__
    return good


def _compare(pipeline: Pipeline) -> None:
    """Look whether the index was built anew, with something else, since the service started."""
    if pipeline.store.state().identity != identity_for(pipeline.embedder):
        raise IndexMismatchError("The index is another model's: start the service again.")
