"""Peak memory of a sync by how much text it indexes: it should not grow with it.

The embedder is the fake one, so that the model's own memory and its time stay out: what is
measured is what plan, reading, queues and store hold. The curve is in `results/memory.png`.
"""

import json
import random
import resource
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.figures import Figure, in_own_process
from bench.indexing import EXAMPLES, Recorder

RESULTS = Path(__file__).parent / "results"
KILOBYTES = 50
"""Of text in each file."""
FILES = (200, 1000, 5000, 20_000)


def run() -> Sequence[Figure]:
    """Index ever larger folders, each in a process of its own."""
    curve: list[tuple[float, float]] = []
    for files in FILES:
        with tempfile.TemporaryDirectory() as temporary:
            answer = in_own_process("bench.memory", temporary, str(files))
        curve.append((answer["megabytes"], answer["peak_mib"]))
    _plot(curve)
    smallest = curve[0][1]
    return [
        Figure(f"peak memory, {megabytes:.0f} MB of text", peak, "MiB", peak / smallest)
        for megabytes, peak in curve
    ]


def _plot(curve: Sequence[tuple[float, float]]) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    text, peak = zip(*curve, strict=True)
    axes.plot(text, peak, marker="o", label="peak memory of the sync")
    axes.plot(text, text, linestyle=":", label="as much memory as text")
    axes.set(xlabel="text indexed, MB", ylabel="memory, MiB", ylim=(0, max(*text, *peak) * 1.05))
    axes.legend()
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / "memory.png", dpi=120)
    plt.close(figure)


def main(temporary: str, files: str) -> None:
    """Make a folder, sync it, print its size and the peak."""
    from ingest.sync import sync
    from search.assemble import build_embedder, open_store
    from search.settings import load_settings

    folder = Path(temporary)
    size = _make_folder(folder / "docs", int(files))
    settings = load_settings(data_dir=folder / "data", embedder={"model": "fake"})
    embedder = build_embedder(settings.embedder)
    store = open_store(settings, embedder, create=True)
    sync([folder / "docs"], embedder, store, settings, Quiet())
    store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"megabytes": size / 1e6, "peak_mib": peak}) + "\n")


class Quiet(Recorder):
    """Keeps nothing, not even passages."""

    def read(self, reading: object) -> None:
        """Say nothing."""


def _make_folder(folder: Path, files: int) -> int:
    lines = (EXAMPLES / "golden" / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    parts = [part for line in lines for part in json.loads(line)["text"].split("\n\n")]
    drawn = random.Random(3)
    size = 0
    for number in range(files):
        place = folder / str(number % 100)
        place.mkdir(parents=True, exist_ok=True)
        text = f"{number}\n\n"
        while len(text) < KILOBYTES * 1000:
            text += drawn.choice(parts) + "\n\n"
        size += (place / f"{number}.txt").write_bytes(text.encode())
    return size


if __name__ == "__main__":
    main(*sys.argv[1:])
