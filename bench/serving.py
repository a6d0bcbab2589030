"""The service while 30,000 chunks are synced through it: its event loop, and its searches.

The service runs in a process of its own, with a probe in its event loop that sleeps for 5 ms
at a time: what it oversleeps is a stall. `semsearch ingest` fills the index from another
process, and a client asks one query after the other, first while nothing else happens, then
during the sync. The embedder is the fake one, so that chunks come as fast as they can.
"""

import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import numpy as np

from bench.figures import Figure

CHUNKS = 30_000
SECTIONS = 20
IDLE_SECONDS = 10
PROBE_SECONDS = 0.005
QUERIES = ("zaległy urlop", "rozliczenie delegacji", "password rules", "przegląd maszyny F-17")
INGEST = [sys.executable, "-c", "from cli.main import main; main()", "ingest"]


def run() -> Sequence[Figure]:
    """Fill the index of a running service and look at both ends."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        environment = os.environ | {
            "SEMSEARCH_EMBEDDER__MODEL": "fake",
            "SEMSEARCH_DATA_DIR": str(folder / "data"),
        }
        _write(folder / "docs", CHUNKS // SECTIONS)
        _write(folder / "first", 50)
        subprocess.run([*INGEST, str(folder / "first")], env=environment, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        service = subprocess.Popen(
            [sys.executable, "-m", "bench.serving", str(port)],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        url = f"http://127.0.0.1:{port}"
        _await_ready(url)
        until = time.monotonic() + IDLE_SECONDS
        idle = _ask(url, lambda: time.monotonic() < until)
        start = time.monotonic()
        sync = subprocess.Popen([*INGEST, str(folder / "docs")], env=environment,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        busy = _ask(url, lambda: sync.poll() is None)
        seconds = time.monotonic() - start
        if sync.returncode:
            raise RuntimeError("the sync failed")
        answer, _ = service.communicate("")
    stalls = json.loads(answer.splitlines()[-1])
    chunks = f"sync of {CHUNKS} chunks through the service"
    return [
        Figure(chunks, seconds, "s"),
        Figure(f"{chunks}, longest stall of the event loop", stalls["longest"], "ms",
               goal="<= 50 ms"),
        Figure(f"{chunks}, stall of the event loop, p99", stalls["p99"], "ms"),
        *(
            Figure(f"search {when}, p{percent}", float(np.percentile(times, percent)), "ms",
                   float(np.percentile(idle, percent) / np.percentile(times, percent)))
            for when, times in (("without a sync", idle), ("during the sync", busy))
            for percent in (50, 99)
        ),
    ]  # fmt: skip


def _ask(url: str, going_on: Callable[[], bool]) -> list[float]:
    """Ask one query after the other; returns milliseconds of each."""
    times: list[float] = []
    with httpx.Client(base_url=url, timeout=60) as client:
        while going_on():
            query = QUERIES[len(times) % len(QUERIES)]
            start = time.perf_counter()
            client.get("/v1/search", params={"q": query}).raise_for_status()
            times.append((time.perf_counter() - start) * 1000)
    return times


def _await_ready(url: str) -> None:
    for _ in range(600):
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError("the service does not start")


def _write(folder: Path, files: int) -> None:
    """Write files of a chunk a section, each of about 120 words."""
    rng = random.Random(7)
    folder.mkdir(parents=True)
    words = [f"słowo{number}" for number in range(5000)]
    for number in range(files):
        sections = (
            f"## Rozdział {section}\n\n{' '.join(rng.choices(words, k=200))}.\n"
            for section in range(SECTIONS)
        )
        (folder / f"{number}.md").write_text("\n".join(sections), encoding="utf-8")


async def _serve(port: int) -> None:
    import uvicorn

    from api.app import create_app
    from search.settings import load_settings

    server = uvicorn.Server(
        uvicorn.Config(create_app(load_settings()), port=port, log_level="error")
    )
    overslept: list[float] = []

    async def probe() -> None:
        while not server.should_exit:
            start = time.perf_counter()
            await asyncio.sleep(PROBE_SECONDS)
            overslept.append((time.perf_counter() - start - PROBE_SECONDS) * 1000)

    async def end_with_input() -> None:
        await asyncio.to_thread(sys.stdin.read)
        server.should_exit = True

    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.05)
    await asyncio.gather(serving, probe(), end_with_input())
    longest, p99 = max(overslept), float(np.percentile(overslept, 99))
    sys.stdout.write(json.dumps({"longest": longest, "p99": p99}) + "\n")


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
