"""How long `semsearch search` takes as a whole process, the interpreter's start included."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.figures import Figure

RUNS = 5
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def run() -> Sequence[Figure]:
    """Measure a search on the example index, and importing PyTorch, which it does without."""
    semsearch = [sys.executable, "-c", "from cli.main import main; main()"]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"SEMSEARCH_DATA_DIR": folder}
        subprocess.run(
            [*semsearch, "ingest", str(EXAMPLES), "--json"],
            env=environment, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        search = [*semsearch, "search", "ile dni urlopu zaległego", "--json"]
        ours = median(_seconds(search, environment) for _ in range(RUNS))
    library = "import sentence_transformers"
    theirs = median(_seconds([sys.executable, "-c", library], dict(os.environ)) for _ in range(3))
    return [
        Figure("semsearch search, whole process", ours, "s", goal="< 1.5 s"),
        Figure("importing sentence-transformers alone", theirs, "s", theirs / ours),
    ]


def _seconds(command: Sequence[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start
