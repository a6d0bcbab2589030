"""What routes ask for, as annotated aliases."""

from typing import Annotated

from fastapi import Depends, Request

from search.domain import Principal
from search.pipeline import Pipeline


def _pipeline(request: Request) -> Pipeline:
    pipeline: Pipeline = request.app.state.pipeline
    return pipeline


def _principal(request: Request) -> Principal:
    principal: Principal = request.app.state.principal
    return principal


PipelineDep = Annotated[Pipeline, Depends(_pipeline)]
PrincipalDep = Annotated[Principal, Depends(_principal)]
