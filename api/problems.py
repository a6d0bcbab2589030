"""Errors as they leave the service: problem details (RFC 9457) with the trace's id."""

from collections.abc import Mapping

from fastapi.responses import JSONResponse

from api.schemas import Problem
from api.tracing import TRACE_HEADER, current_trace_id


def problem(
    status: int, title: str, detail: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return an error as an answer."""
    trace_id = current_trace_id()
    body = Problem(title=title, status=status, detail=detail, trace_id=trace_id)
    sent = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if trace_id:
        sent[TRACE_HEADER] = trace_id
    return JSONResponse(
        body.model_dump(exclude_none=True),
        status,
        media_type="application/problem+json",
        headers={**sent, **(headers or {})},
    )
