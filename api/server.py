"""Runs the application under uvicorn, and stops it without losing a request."""

import asyncio
import signal
import socket
from types import FrameType

import uvicorn
from fastapi import FastAPI

DRAIN_SECONDS = 1.0
"""How long a stopping service still takes requests: until clients that keep their connection
have been told, with an answer, to make no more use of it."""
ARRIVAL_SECONDS = 1.0
"""How long, after the port is closed, connections are kept on which no request has come yet."""


class DrainingServer(uvicorn.Server):
    """Ends kept connections with their next answer, then closes the port, then waits for the rest.

    uvicorn alone closes idle connections in the instant that it is told to stop, and with them
    a request that is just arriving; and the port with the connections that wait there.
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        self.server_state.default_headers.append((b"connection", b"close"))
        await asyncio.sleep(DRAIN_SECONDS)
        waiting = [taken for listener in sockets or [] for taken in _take(listener)]
        for server in self.servers:
            server.close()
        loop = asyncio.get_running_loop()
        for connection in waiting:
            await loop.connect_accepted_socket(self._protocol, connection)
        until = loop.time() + ARRIVAL_SECONDS
        while self.server_state.connections and loop.time() < until:
            await asyncio.sleep(0.02)
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        """Make what uvicorn makes for a connection."""
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made


def _take(listener: socket.socket) -> list[socket.socket]:
    """Accept the connections that wait at a port; closing it would break them."""
    taken: list[socket.socket] = []
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # nobody is waiting
            return taken
        connection.setblocking(False)
        taken.append(connection)


def serve_until_told(app: FastAPI, listener: socket.socket, shutdown_timeout: int) -> None:
    """Answer requests until SIGTERM or SIGINT; then finish those that are open, and return.

    Args:
        app: the application.
        listener: a socket that listens.
        shutdown_timeout: seconds that open requests get at the end.
    """
    config = uvicorn.Config(
        app,
        log_config=None,  # as the settings of the log ask
        access_log=False,  # ours knows who asked, and for which trace
        timeout_graceful_shutdown=shutdown_timeout,
        server_header=False,
    )
    # uvicorn raises the signal again when all is done: that it came is then no news.
    before = {number: signal.signal(number, _ignore) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        DrainingServer(config).run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore(number: int, frame: FrameType | None) -> None:
    pass
