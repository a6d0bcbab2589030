"""Memory of a sync, and of the index that came of it, by how much text there is.

The embedder is the fake one, so that the model's own memory and its time stay out. The
finished index is opened in a fresh process. Counted is memory that is not a mapped file, at
its peak. The curve is in `results/memory.png`.
"""

import json
import random
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.figures import Figure, in_own_process
from bench.indexing import EXAMPLES, Recorder

RESULTS = Path(__file__).parent / "results"
KILOBYTES = 50
"""Of text in each file."""
FILES = (200, 1000, 4000)


def run() -> Sequence[Figure]:
    """Index ever larger folders, each in a process of its own."""
    curve: list[tuple[float, float, float]] = []
    for files in FILES:
        with tempfile.TemporaryDirectory() as temporary:
            peak = in_own_process("bench.memory", "sync", temporary, str(files))
            opened = in_own_process("bench.memory", "open", temporary)
        curve.append((peak["megabytes"], peak["mib"], opened["mib"]))
    _plot(curve)
    return [
        figure
        for megabytes, sync, index in curve
        for figure in (
            Figure(f"{megabytes:.0f} MB of text: the sync", sync, "MiB", curve[0][1] / sync),
            Figure(f"{megabytes:.0f} MB of text: the index, open", index, "MiB"),
        )
    ]


def _plot(curve: Sequence[tuple[float, float, float]]) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    text, sync, index = zip(*curve, strict=True)
    axes.plot(text, sync, marker="o", label="a sync, index included")
    axes.plot(text, index, marker="s", label="the index, open in any process")
    axes.set(xlabel="text indexed, MB", ylabel="memory, MiB")
    axes.set_ylim(0, max(*sync, *index) * 1.1)
    axes.legend()
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / "memory.png", dpi=120)
    plt.close(figure)


def main(what: str, temporary: str, files: str = "0") -> None:
    """Sync a folder made for it, or open the index that came of it; print the memory."""
    from ingest.sync import sync
    from search.assemble import build_embedder, open_store
    from search.settings import load_settings

    folder = Path(temporary)
    size = _make_folder(folder / "docs", int(files)) if what == "sync" else 0
    settings = load_settings(data_dir=folder / "data", embedder={"model": "fake"})
    embedder = build_embedder(settings.embedder)
    base = anonymous()
    with peak_memory() as peak:
        store = open_store(settings, embedder, create=True)
        if what == "sync":
            base = 0  # what is imported and loaded for it is its own
            sync([folder / "docs"], embedder, store, settings, Quiet())
    store.close()
    sys.stdout.write(json.dumps({"megabytes": size / 1e6, "mib": peak[0] - base}) + "\n")


def anonymous() -> float:
    """Return the memory of this process that is not a mapped file, in MiB."""
    for line in Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) / 1024
    return 0.0


@contextmanager
def peak_memory() -> Iterator[list[float]]:
    """Yield a list that holds the highest memory seen, in MiB, once the context ends."""
    peak = [anonymous()]
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.2):
            peak[0] = max(peak[0], anonymous())

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        peak[0] = max(peak[0], anonymous())
        done.set()
        thread.join()


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
