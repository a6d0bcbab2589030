"""The application factory; routes live in `api.routes`, one file a resource."""

import ipaddress
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Route

from api.admission import Admission
from api.auth import Authenticator
from api.description import DESCRIPTION, TAGS, VERSION, Described
from api.limits import BodyLimit, SecurityHeaders
from api.problems import problem
from api.routes import documents, feedback, health, jobs, metrics, search, similar, suggest, uploads
from api.tracing import TRACE_HEADER, Observed, Observer
from api.watching import Watching
from ingest.job_queue import JobQueue
from search.assemble import build_layer, build_pipeline, ensure_index, owning_index
from search.errors import BusyError, ConfigError, CredentialError, SemsearchError
from search.settings import Settings

log = logging.getLogger("semsearch.api")

SPARE_THREADS = 32
"""Threads beside those that search: for authentication, health and small routes."""


def create_app(
    settings: Settings, host: str | None = None, observers: Sequence[Observer] = ()
) -> FastAPI:
    """Build the service; the index opens when it starts and closes when it stops.

    Args:
        settings: all settings.
        host: the address that will be listened on, when it is not the settings'.
        observers: who else is told of every request.

    Raises:
        ConfigError: it would be open to others without any keys, or traces should be sent but
            the packages for that are missing.
    """
    if settings.auth.mode == "none":
        _require_loopback(host or settings.api.host)

    watching = Watching(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        ensure_index(settings)
        with owning_index(settings), JobQueue(settings).running() as app.state.jobs:
            app.state.pipeline = build_pipeline(settings, shared=True)
            app.state.layer = build_layer(settings, app.state.pipeline.embedder)
            app.state.admission = Admission(settings.api)
            # Requests at work must never keep all threads from those that only say who asks.
            threads = current_default_thread_limiter()
            threads.total_tokens = settings.api.concurrency + SPARE_THREADS
            with watching.started(app.state.pipeline, app.state.admission, app.state.jobs):
                yield
            app.state.pipeline.close()

    app = Described(
        title="semsearch",
        version=VERSION,
        summary="Search your own documents by meaning, on your own hardware.",
        description=DESCRIPTION,
        openapi_tags=TAGS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        generate_unique_id_function=lambda route: route.name,
        lifespan=lifespan,
    )
    app.state.authenticator = Authenticator(settings)
    app.state.settings = settings
    app.state.metrics, app.state.memory = watching.metrics, watching.memory
    app.state.feedback = watching.feedback
    for resource in (search, similar, suggest, documents, uploads, jobs, feedback, health):
        app.include_router(resource.router)
    if settings.metrics.mode == "scope":
        app.include_router(metrics.router)
    app.add_middleware(BodyLimit, limit=settings.api.max_body_kb * 1024, streamed=uploads.STREAMED)
    if settings.api.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.api.cors_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "X-Request-Timeout", "traceparent"],
            expose_headers=["Retry-After", TRACE_HEADER],
        )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Observed, observers=[*watching.observers, *observers])  # the outermost
    app.add_exception_handler(SemsearchError, _known_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _bug)
    return app


def _require_loopback(host: str) -> None:
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback:
        raise ConfigError(
            f"Without keys the service listens on 127.0.0.1 only, not on {host}: "
            "set SEMSEARCH_AUTH__MODE=keys and make one with `semsearch keys create NAME`, or "
            "SEMSEARCH_AUTH__MODE=oidc."
        )


async def _known_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SemsearchError)
    title = "Unauthorized" if isinstance(error, CredentialError) else type(error).__name__
    if error.http_status >= 500:
        log.error("%s", error)
    later = {"Retry-After": str(error.retry_after)} if isinstance(error, BusyError) else None
    return problem(error.http_status, title.removesuffix("Error"), str(error), later)


async def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    detail = "; ".join(
        f"{'.'.join(str(part) for part in wrong['loc'][1:]) or 'body'}: {wrong['msg']}"
        for wrong in error.errors()
    )
    return problem(422, "Invalid request", detail)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    """Answer for what FastAPI itself refuses: no such path, no such method, no readable body."""
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == 400:  # all that FastAPI says with a 400
        return problem(422, "Invalid request", "The body cannot be read: send JSON in UTF-8.")
    headers = dict(error.headers or {})
    if error.status_code == 405:  # Starlette names the methods of one route, a path may have more
        here = [r for r in request.app.routes if isinstance(r, Route) and r.path_regex.match(path)]
        headers["Allow"] = ", ".join(sorted({m for route in here for m in route.methods or ()}))
    return problem(error.status_code, str(error.detail), f"{request.method} {path}", headers)


async def _bug(request: Request, error: Exception) -> JSONResponse:
    """Tell the log what happened, and the caller only that it did."""
    log.error("a request failed", exc_info=error)
    return problem(500, "Internal error", "The service failed; its log says how.")
