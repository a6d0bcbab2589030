"""What routes ask for, as annotated aliases."""

from typing import Annotated

from fastapi import Depends, Request

from search.pipeline import Pipeline


def _pipeline(request: Request) -> Pipeline:
    pipeline: Pipeline = request.app.state.pipeline
    return pipeline


PipelineDep = Annotated[Pipeline, Depends(_pipeline)]
