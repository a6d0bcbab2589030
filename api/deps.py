"""What routes ask for, as annotated aliases."""

from typing import Annotated

from fastapi import Depends, Path, Request

from api.tracing import current_trace
from ingest.job_queue import JobQueue
from search.domain import Trace
from search.layer import LlmLayer
from search.pipeline import Pipeline
from search.settings import Settings


def _pipeline(request: Request) -> Pipeline:
    pipeline: Pipeline = request.app.state.pipeline
    return pipeline


PipelineDep = Annotated[Pipeline, Depends(_pipeline)]


def _layer(request: Request) -> LlmLayer:
    layer: LlmLayer = request.app.state.layer
    return layer


LayerDep = Annotated[LlmLayer, Depends(_layer)]


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


SettingsDep = Annotated[Settings, Depends(_settings)]


def _jobs(request: Request) -> JobQueue:
    jobs: JobQueue = request.app.state.jobs
    return jobs


JobsDep = Annotated[JobQueue, Depends(_jobs)]

DocumentId = Annotated[
    str,
    Path(
        max_length=100,
        description="As hits and lists of documents name it.",
        examples=["1f0c6a1e-3f0f-5b39-9a53-6a2b1c6f0a11"],
    ),
]

TraceDep = Annotated[Trace, Depends(current_trace)]
"""The trace of this request; what a route times in it is logged, measured and exported."""
