"""`semsearch serve`: the HTTP service."""

from typing import Annotated

import typer

from search.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(serve)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on.")] = None,
) -> None:
    """Answer searches over HTTP on this machine, until interrupted.

    Examples:

        semsearch serve

        curl -s localhost:8000/v1/search -H 'Content-Type: application/json'
        -d '{"query": "urlop na żądanie"}'
    """
    import uvicorn

    from api.app import create_app

    settings = load_settings()
    host, port = host or settings.api.host, port or settings.api.port
    uvicorn.run(create_app(settings, host=host), host=host, port=port, log_level="warning")
