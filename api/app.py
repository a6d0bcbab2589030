"""The application factory; routes live in `api.routes`, one file a resource."""

import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from api.routes import health, search
from api.schemas import Problem
from search.assemble import build_pipeline, local_administrator
from search.errors import ConfigError, SemsearchError
from search.settings import Settings


def create_app(settings: Settings, host: str | None = None) -> FastAPI:
    """Build the service; the index opens when it starts and closes when it stops.

    There are no keys yet: whoever reaches the service reads all of the tenant, so it
    listens on this machine's loopback alone.

    Args:
        settings: all settings.
        host: the address that will be listened on, when it is not the settings'.

    Raises:
        ConfigError: the address is not this machine's loopback.
    """
    _require_loopback(host or settings.api.host)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.pipeline = build_pipeline(settings)
        app.state.principal = local_administrator(settings)
        yield
        app.state.pipeline.close()

    app = FastAPI(
        title="semsearch",
        version=version("semsearch"),
        summary="Search your own documents by meaning, on your own hardware.",
        lifespan=lifespan,
    )
    app.include_router(search.router)
    app.include_router(health.router)
    app.add_exception_handler(SemsearchError, _known_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    return app


def _require_loopback(host: str) -> None:
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback:
        raise ConfigError(
            f"The service has no access control yet and listens on 127.0.0.1 only, not on {host}: "
            "unset SEMSEARCH_API__HOST or leave --host out."
        )


def _problem(status: int, title: str, detail: str) -> JSONResponse:
    body = Problem(title=title, status=status, detail=detail)
    return JSONResponse(body.model_dump(), status, media_type="application/problem+json")


async def _known_error(request: Request, error: Exception) -> JSONResponse:
    status = error.http_status if isinstance(error, SemsearchError) else 500
    return _problem(status, type(error).__name__.removesuffix("Error"), str(error))


async def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    detail = "; ".join(
        f"{'.'.join(str(part) for part in problem['loc'][1:]) or 'body'}: {problem['msg']}"
        for problem in error.errors()
    )
    return _problem(422, "Invalid request", detail)
