"""Clients that ask one search after another, all in one process: `python -m bench.clients`."""

import asyncio
import json
import random
import sys
import time
from pathlib import Path

import httpx
import numpy as np

GOLDEN = Path(__file__).resolve().parents[1] / "examples" / "golden" / "queries.jsonl"
POOL = 64
"""Different queries: few enough that a cache has hits, as with what an intranet is asked."""


def queries() -> list[str]:
    """Return the pool of queries."""
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()[:POOL]
    return [json.loads(line)["text"] for line in lines]


async def main(url: str, clients: int, seconds: float) -> None:
    """Ask every query once, then at random for so long; print rate and percentiles."""
    pool = queries()
    times: list[float] = []
    errors = 0

    async def ask(client: httpx.AsyncClient, query: str) -> None:
        nonlocal errors
        start = time.perf_counter()
        answer = await client.get("/v1/search", params={"q": query})
        times.append((time.perf_counter() - start) * 1000)
        errors += answer.status_code != 200

    async def keep_asking(client: httpx.AsyncClient, seed: int, until: float) -> None:
        drawn = random.Random(seed)
        while time.perf_counter() < until:
            await ask(client, drawn.choice(pool))

    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:
        for query in pool:
            await ask(client, query)
        times.clear()
        start = time.perf_counter()
        asking = (keep_asking(client, seed, start + seconds) for seed in range(clients))
        await asyncio.gather(*asking)
        rate = len(times) / (time.perf_counter() - start)
    p50, p95, p99 = np.percentile(times, [50, 95, 99])
    figures = {"rate": rate, "p50": p50, "p95": p95, "p99": p99, "errors": errors}
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
