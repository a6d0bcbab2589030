"""`/v1/sync` and `/v1/jobs`: bringing sources up to date, and how far that is."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Path
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event

from api.answers import EVENT_STREAM
from api.auth import Administrator, Anybody, Caller
from api.deps import JobsDep, PipelineDep
from api.job_schemas import JOB_EVENT, JobOut, SyncIn
from api.schemas import PROBLEMS, Problem
from ingest.order import Order
from search.errors import NotFoundError
from search.state.jobs import Job, Jobs

LOOK_SECONDS = 0.25
"""Between two looks at a job that somebody follows."""

SILENCE_SECONDS = 15.0
"""After which a comment keeps the connection open."""

router = APIRouter(prefix="/v1", tags=["jobs"], responses=PROBLEMS)


@router.post(
    "/sync",
    status_code=202,
    summary="Bring sources up to date with their folders",
    responses={404: {"model": Problem, "description": "There is no such source."}},
)
def sync(body: SyncIn, pipeline: PipelineDep, jobs: JobsDep, caller: Administrator) -> JobOut:
    """Start a job that indexes what is new or changed in folders and removes what is gone."""
    known = pipeline.store.facet("source", caller.principal)
    wanted = list(dict.fromkeys(body.sources)) if body.sources is not None else sorted(known)
    for source in wanted:
        if source not in known:
            raise NotFoundError(f"There is no source {source[:100]!r}: documents name theirs.")
    order = Order(
        principal=caller.principal,
        sources=tuple(wanted),
        allow_mass_delete=body.allow_mass_delete,
    )
    return JobOut.of(jobs.submit("sync", order, caller.identity))


@router.get(
    "/jobs/{id}",
    summary="Ask how far a job is",
    response_model=JobOut,
    responses={
        200: {
            "description": "The job, or with `Accept: text/event-stream` an event with the job "
            "whenever something changes, until it has ended.",
            "content": {EVENT_STREAM: {"itemSchema": JOB_EVENT}},
        },
        404: {"model": Problem, "description": "There is no such job."},
    },
)
def get_job(
    id: Annotated[
        str,
        Path(
            max_length=100,
            description="As the job was named when it began.",
            examples=["0af7651916cd43dd8448eb211c80319c"],
        ),
    ],
    jobs: JobsDep,
    caller: Anybody,
    # OpenAPI knows what is accepted from the media types of the answer, not from a parameter.
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """Tell how far a job is that the caller, or for an administrator the tenant, asked for."""
    job = _visible(jobs.jobs, id, caller)
    if accept is not None and EVENT_STREAM in accept:
        return EventSourceResponse(_events(jobs.jobs, job))
    return JSONResponse(JobOut.of(job).model_dump(mode="json"))


def _visible(jobs: Jobs, id: str, caller: Caller) -> Job:
    """Find a job; one that others asked for is as if it were not there."""
    job = jobs.get(id)
    ours = job is not None and job.tenant == caller.principal.tenant
    if job is None or not ours or (job.caller != caller.identity and not caller.principal.admin):
        raise NotFoundError(f"There is no job {id[:100]}.")
    return job


async def _events(jobs: Jobs, job: Job) -> AsyncIterator[bytes]:
    """Yield an event for each change of a job, the last when it has ended."""
    yield _event(job)
    said = time.monotonic()
    while job.ended is None:
        await asyncio.sleep(LOOK_SECONDS)
        found = await run_in_threadpool(jobs.get, job.id)
        if found is None:
            return
        if found != job:
            job, said = found, time.monotonic()
            yield _event(job)
        elif time.monotonic() - said > SILENCE_SECONDS:
            said = time.monotonic()
            yield KEEPALIVE_COMMENT


def _event(job: Job) -> bytes:
    return format_sse_event(event="job", data_str=JobOut.of(job).model_dump_json())
