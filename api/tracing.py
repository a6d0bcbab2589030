"""One trace for each request, and whoever wants to know how the request went."""

import re
import time
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth import Caller
from search.domain import Trace

TRACE_HEADER = "X-Trace-Id"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_current: ContextVar[Trace | None] = ContextVar("semsearch_trace", default=None)


@dataclass(frozen=True, slots=True)
class TraceParent:
    """Where a request comes from (W3C Trace Context, `traceparent`)."""

    trace_id: str
    span_id: str
    sampled: bool

    @classmethod
    def read(cls, header: str) -> "TraceParent | None":
        """Return what a header says; None where it is malformed."""
        match = _TRACEPARENT.fullmatch(header.strip())
        if match is None:
            return None
        version, trace_id, span_id, flags, more = match.groups()
        if version == "ff" or (version == "00" and more) or not int(trace_id, 16):
            return None
        return cls(trace_id, span_id, bool(int(flags, 16) & 1)) if int(span_id, 16) else None


@dataclass(frozen=True, slots=True)
class Served:
    """A request that was answered; of what it asked only the trace knows."""

    method: str
    """`OTHER` where HTTP knows no such method, so that callers cannot make up series."""
    route: str
    """The template, such as `/v1/documents/{id}`; `unmatched` where there is none."""
    status: int
    start_ns: int
    """Nanoseconds since the epoch."""
    elapsed_ns: int
    trace: Trace
    parent: TraceParent | None
    caller: Caller | None
    """None where the request needed no key, or had no good one."""

    @property
    def milliseconds(self) -> float:
        """Return how long it took."""
        return self.elapsed_ns / 1e6


class Observer(Protocol):
    """Is told of every request; must not block, as it runs on the event loop."""

    def began(self) -> None:
        """Learn that a request is under way."""
        ...

    def served(self, served: Served) -> None:
        """Learn how it ended, when the answer is already sent."""
        ...


def current_trace() -> Trace:
    """Return the trace of the request at hand; a new one outside of any."""
    return _current.get() or Trace()


def current_trace_id() -> str | None:
    """Return the id of the request at hand."""
    trace = _current.get()
    return trace.id if trace else None


class Observed:
    """Gives every request its trace, and tells the observers how it went."""

    def __init__(self, app: ASGIApp, observers: Sequence[Observer]) -> None:
        self._app = app
        self._observers = observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; the answer carries the trace's id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        parent = TraceParent.read(Headers(scope=scope).get("traceparent", ""))
        trace = Trace(parent.trace_id) if parent else Trace()
        _current.set(trace)  # never reset: what handles a bug runs outside of this middleware
        status = 500

        async def with_trace_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[TRACE_HEADER] = trace.id
            await send(message)

        for observer in self._observers:
            observer.began()
        start_ns, start = time.time_ns(), time.perf_counter_ns()
        try:
            await self._app(scope, receive, with_trace_id)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            method = scope["method"] if scope["method"] in METHODS else "OTHER"
            caller = scope.get("state", {}).get("caller")
            elapsed = time.perf_counter_ns() - start
            ended = Served(method, route, status, start_ns, elapsed, trace, parent, caller)
            for observer in self._observers:
                observer.served(ended)
