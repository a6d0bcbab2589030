"""Runs the command line and the service as processes, for tests of the whole."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

COMMAND = [sys.executable, "-c", "from cli.main import main; main()"]


@contextmanager
def served(environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = log_of(environment)
    with log.open("w") as output:  # not a pipe: nobody would read it, and it would fill up
        process = subprocess.Popen(
            [*COMMAND, "serve", "--port", str(port)],
            env=environment, text=True, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        await_ready(url)
        yield process, url
    finally:
        process.terminate()
        process.wait(30)


def log_of(environment: dict[str, str]) -> Path:
    return Path(environment["SEMSEARCH_DATA_DIR"]).with_suffix(".log")


def await_ready(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            assert time.monotonic() < deadline
        time.sleep(0.05)


def run(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [*COMMAND, *arguments], env=environment, text=True, capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
