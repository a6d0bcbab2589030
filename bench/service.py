"""Services as processes of their own, for the benches that ask one."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import httpx

SEMSEARCH = [sys.executable, "-c", "from cli.main import main; main()"]
START_SECONDS = 120


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@contextmanager
def running(command: Sequence[str], port: int, environment: Mapping[str, str]) -> Iterator[str]:
    """Run a service while the context is open; yields its address once `/readyz` answers."""
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        await_ready(url)
        yield url
    finally:
        process.terminate()
        process.wait()


def await_ready(url: str) -> None:
    """Wait until a service can answer."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError("the service does not start")
