"""`semsearch serve`: the HTTP service."""

import socket
from typing import Annotated

import typer

from cli.output import stderr
from search.errors import ConfigError
from search.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(serve)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on.")] = None,
) -> None:
    """Answer searches over HTTP, until interrupted.

    Without keys or tokens it listens on this machine's loopback only, and whoever asks is a local
    administrator.

    Examples:

        semsearch serve

        SEMSEARCH_AUTH__MODE=keys semsearch serve --host 0.0.0.0

        curl -s localhost:8000/v1/search -H 'Content-Type: application/json'
        -d '{"query": "urlop na żądanie"}'
    """
    from api.app import create_app
    from api.logs import configure_logging
    from api.server import serve_until_told
    from search.assemble import ensure_index

    settings = load_settings()
    host, port = host or settings.api.host, port or settings.api.port
    app = create_app(settings, host=host)
    # What keeps the service from starting is said in one line, before its log begins.
    if ensure_index(settings):
        stderr().print(
            "Nothing has been indexed yet: `semsearch ingest FOLDER` works while the service runs, "
            "and so do uploads.",
            soft_wrap=True,
        )
    listener = _listen(host, port)
    who = {
        "none": "whoever asks is a local administrator",
        "keys": "every request needs a key",
        "oidc": "every request needs a token",
    }[settings.auth.mode]
    stderr().print(f"http://{host}:{port} ({who}); documentation at /docs", soft_wrap=True)
    configure_logging(settings.logging)
    serve_until_told(app, listener, settings.api.shutdown_timeout)


def _listen(host: str, port: int) -> socket.socket:
    """Take the address.

    Raises:
        ConfigError: it is taken, or is not this machine's.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ConfigError(
            f"The service cannot listen on {host}:{port} ({error.strerror}): "
            "choose another with --host and --port."
        ) from error
    # asyncio sends at once (TCP_NODELAY) only on sockets that name their protocol. Without it
    # every answer on a kept connection waits 40 ms for the client's acknowledgement.
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, listener.detach())
