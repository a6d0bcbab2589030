"""The service under 1, 8 and 32 clients, against a bare route over qdrant-client's local mode.

Service, bare route and clients are processes of their own on one machine, so that they share
its cores. About 2,000 chunks, because local mode gets slower with every one.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from bench.clients import GOLDEN
from bench.figures import Figure, in_own_process
from bench.service import SEMSEARCH, free_port, running

CHUNKS = 2_000
SECTIONS = 20
SECTION_WORDS = 50
CLIENTS = (1, 8, 32)
SECONDS = 4.0


def run() -> Sequence[Figure]:
    """Index the same chunks for all and ask each of them under each load."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        environment = os.environ | {"SEMSEARCH_DATA_DIR": str(folder / "data")}
        _write(folder / "docs")
        subprocess.run(
            [*SEMSEARCH, "ingest", str(folder / "docs")], env=environment, check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        bare = _measured(_bare(environment))
        without = _measured(_service(environment | {"SEMSEARCH_EMBEDDER__QUERY_CACHE": "0"}))
        cached = _measured(_service(environment))
    return [
        *_figures("bare route, local mode", bare, bare),
        *_figures("service without the query cache", without, bare),
        *_figures("service", cached, bare),
    ]


Measured = dict[int, dict[str, float]]
"""What the clients found, by how many they were."""


def _measured(service: AbstractContextManager[str]) -> Measured:
    with service as url:
        return {
            clients: in_own_process("bench.clients", url, str(clients), str(SECONDS))
            for clients in CLIENTS
        }


def _service(environment: Mapping[str, str]) -> AbstractContextManager[str]:
    port = free_port()
    return running([*SEMSEARCH, "serve", "--port", str(port)], port, environment)


def _bare(environment: Mapping[str, str]) -> AbstractContextManager[str]:
    port = free_port()
    return running([sys.executable, "-m", "bench.bare", str(port)], port, environment)


def _figures(who: str, ours: Measured, theirs: Measured) -> Iterator[Figure]:
    for clients, found in ours.items():
        if found["errors"]:
            raise RuntimeError(f"{who}: {found['errors']} requests of {clients} clients failed")
        other = theirs[clients] if ours is not theirs else None
        label = f"{who}, {clients} client{'s' if clients > 1 else ''}"
        ratio = found["rate"] / other["rate"] if other else None
        yield Figure(f"{label}, rate", found["rate"], "1/s", ratio)
        for percentile in ("p50", "p95", "p99"):
            ratio = other[percentile] / found[percentile] if other else None
            yield Figure(f"{label}, {percentile}", found[percentile], "ms", ratio)


def _write(folder: Path) -> None:
    """Write files of a chunk a section, out of the words of the example documents."""
    corpus = (GOLDEN.parent / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    words = [word for line in corpus for word in json.loads(line)["text"].split()]
    rng = random.Random(7)
    folder.mkdir()

    def section(number: int) -> str:
        start = rng.randrange(len(words) - SECTION_WORDS)
        return f"## Część {number}\n\n{' '.join(words[start : start + SECTION_WORDS])}\n"

    for file in range(CHUNKS // SECTIONS):
        text = "\n".join(section(number) for number in range(SECTIONS))
        (folder / f"{file}.md").write_text(text, encoding="utf-8")
