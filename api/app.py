"""The application factory; routes live in `api.routes`, one file a resource."""

import ipaddress
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.auth import Authenticator
from api.limits import BodyLimit, SecurityHeaders
from api.problems import problem
from api.routes import documents, feedback, health, metrics, search
from api.tracing import Observed, Observer
from api.watching import Watching
from search.assemble import build_pipeline, owning_index
from search.errors import ConfigError, CredentialError, SemsearchError
from search.settings import Settings

log = logging.getLogger("semsearch.api")


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
        with owning_index(settings):
            app.state.pipeline = build_pipeline(settings)
            with watching.started(app.state.pipeline):
                yield
            app.state.pipeline.close()

    app = FastAPI(
        title="semsearch",
        version=version("semsearch"),
        summary="Search your own documents by meaning, on your own hardware.",
        lifespan=lifespan,
    )
    app.state.authenticator = Authenticator(settings)
    app.state.metrics, app.state.memory = watching.metrics, watching.memory
    app.state.feedback = watching.feedback
    for resource in (search, documents, feedback, health):
        app.include_router(resource.router)
    if settings.metrics.mode == "scope":
        app.include_router(metrics.router)
    app.add_middleware(BodyLimit, limit=settings.api.max_body_kb * 1024)
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
            "set SEMSEARCH_AUTH__MODE=keys and make one with `semsearch keys create NAME`."
        )


async def _known_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SemsearchError)
    title = "Unauthorized" if isinstance(error, CredentialError) else type(error).__name__
    if error.http_status >= 500:
        log.error("%s", error)
    return problem(error.http_status, title.removesuffix("Error"), str(error))


async def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    detail = "; ".join(
        f"{'.'.join(str(part) for part in wrong['loc'][1:]) or 'body'}: {wrong['msg']}"
        for wrong in error.errors()
    )
    return problem(422, "Invalid request", detail)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    """Answer for what FastAPI itself refuses: no such path, no such method."""
    assert isinstance(error, HTTPException)
    return problem(error.status_code, str(error.detail), f"{request.method} {request.url.path}")


async def _bug(request: Request, error: Exception) -> JSONResponse:
    """Tell the log what happened, and the caller only that it did."""
    log.error("a request failed", exc_info=error)
    return problem(500, "Internal error", "The service failed; its log says how.")
