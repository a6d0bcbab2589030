"""`semsearch serve`: the HTTP service."""

from typing import Annotated

import typer

from cli.output import stderr
from search.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(serve)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on.")] = None,
) -> None:
    """Answer searches over HTTP, until interrupted.

    Without keys it listens on this machine's loopback only, and whoever asks is a local
    administrator.

    Examples:

        semsearch serve

        SEMSEARCH_AUTH__MODE=keys semsearch serve --host 0.0.0.0

        curl -s localhost:8000/v1/search -H 'Content-Type: application/json'
        -d '{"query": "urlop na żądanie"}'
    """
    import uvicorn

    from api.app import create_app

    settings = load_settings()
    host, port = host or settings.api.host, port or settings.api.port
    app = create_app(settings, host=host)
    keys = settings.auth.mode == "keys"
    who = "every request needs a key" if keys else "whoever asks is a local administrator"
    stderr().print(f"http://{host}:{port} ({who}); documentation at /docs", soft_wrap=True)
    uvicorn.run(app, host=host, port=port, log_level="warning")
