"""What routes ask for, as annotated aliases."""

from typing import Annotated

from fastapi import Depends, Request

from api.tracing import current_trace
from search.domain import Trace
from search.pipeline import Pipeline


def _pipeline(request: Request) -> Pipeline:
    pipeline: Pipeline = request.app.state.pipeline
    return pipeline


PipelineDep = Annotated[Pipeline, Depends(_pipeline)]

TraceDep = Annotated[Trace, Depends(current_trace)]
"""The trace of this request; what a route times in it is logged, measured and exported."""
