"""`/v1/feedback`."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from api.admission import admitted
from api.auth import Anybody, Reader
from api.memory import SearchMemory
from api.numbers import OnlyNumbers
from api.schemas import PROBLEMS, Problem
from search.state.feedback import FeedbackLog

router = APIRouter(
    prefix="/v1",
    tags=["feedback"],
    dependencies=[Depends(admitted, scope="function")],
    responses=PROBLEMS,
)


class FeedbackIn(BaseModel):
    """What somebody made of a hit."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "trace_id": "0af7651916cd43dd8448eb211c80319c",
                    "document_id": "6f1c2b1e-8c55-5d0b-9a3e-2f5d0f2c7a11",
                    "kind": "click",
                }
            ]
        },
    )

    trace_id: str = Field(
        pattern=r"^[0-9a-f]{32}$", description="`trace_id` of the search's answer."
    )
    document_id: str = Field(min_length=1, max_length=64, description="Of a hit of that search.")
    chunk: Annotated[int, Field(ge=0, le=2**31), OnlyNumbers] | None = Field(
        None, description="Of the hit; the document as a whole if left out."
    )
    kind: Literal["click", "up", "down"] = Field(
        description="It was opened, found good, or found bad."
    )
    note: str | None = Field(None, min_length=1, max_length=1000, description="In their words.")


def _memory(request: Request) -> SearchMemory:
    memory: SearchMemory = request.app.state.memory
    return memory


def _log(request: Request) -> FeedbackLog:
    log: FeedbackLog = request.app.state.feedback
    return log


@router.post(
    "/feedback",
    status_code=204,
    summary="Say what became of a hit",
    responses={404: {"model": Problem, "description": "No search of yours showed this."}},
)
def give_feedback(
    body: FeedbackIn,
    caller: Anybody,
    principal: Reader,
    memory: Annotated[SearchMemory, Depends(_memory)],
    log: Annotated[FeedbackLog, Depends(_log)],
) -> None:
    """Keep a click or a vote beside what the search showed, for later experiments.

    Only for a search that the same caller made, in the last days.
    """
    memory.settle()
    log.add(
        body.trace_id,
        principal.tenant,
        caller.identity,
        body.kind,
        body.document_id,
        body.chunk,
        body.note,
    )
