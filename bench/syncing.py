"""A folder of 5,000 files end to end: the first sync, one without changes, one with 1 %.

`debian-handbook` (the package of that name: a book in 12 languages, Polish among them) is
indexed when it is installed, otherwise a folder of files made of the examples' sentences.
Embedding alone is the same passages through the same embedder without anything around it;
its ratio is its share of the time that the whole takes, at best 1.
"""

import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.figures import Figure, in_own_process
from bench.indexing import EXAMPLES, Recorder

HANDBOOK = Path("/usr/share/doc/debian-handbook/html")
HANDBOOK_LANGUAGES = ("pl-PL", "en-US")
"""A dozen would take the better part of an hour."""
FILES = 5000
CHANGED = 50


def run() -> Sequence[Figure]:
    """Index, then sync again, in one process, as a service would."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        figures = []
        if HANDBOOK.is_dir():
            for language in HANDBOOK_LANGUAGES:
                shutil.copytree(HANDBOOK / language, folder / "book" / language)
            book = in_own_process("bench.syncing", str(folder), "book")
            figures += _first("debian-handbook, pl and en", book)
        _make_folder(folder / "files")
        files = in_own_process("bench.syncing", str(folder), "files")
    return [
        *figures,
        *_first(f"{FILES} files", files),
        Figure(f"{FILES} files, nothing changed", files["unchanged"], "s", goal="< 2 s"),
        Figure(f"{FILES} files, {CHANGED} changed", files["changed"], "s",
               files["seconds"] / files["changed"]),
    ]  # fmt: skip


def _first(what: str, answer: dict[str, float]) -> list[Figure]:
    seconds = answer["seconds"]
    return [
        Figure(f"{what}, first sync", seconds, "s"),
        Figure(f"{what}, passages", answer["passages"], ""),
        Figure(f"{what}, embedding alone", answer["alone"], "s", answer["alone"] / seconds),
        Figure(f"{what}, share of the time spent embedding", answer["embed"] / seconds, "",
               goal=">= 0.9"),
        Figure(f"{what}, share reading (two threads)", answer["read"] / seconds, ""),
        Figure(f"{what}, share storing (its own thread)", answer["store"] / seconds, ""),
    ]  # fmt: skip


def _make_folder(folder: Path) -> None:
    lines = (EXAMPLES / "golden" / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    parts = [part for line in lines for part in json.loads(line)["text"].split("\n\n")]
    drawn = random.Random(11)
    for number in range(FILES):
        place = folder / str(number % 50)
        place.mkdir(parents=True, exist_ok=True)
        text = "\n\n".join(drawn.sample(parts, 2))
        (place / f"{number}.md").write_text(f"# Note {number}\n\n{text}\n", encoding="utf-8")


def main(folder: str, name: str) -> None:
    """Sync three times, then embed the same passages alone; print what it took."""
    from ingest.indexer import batches
    from ingest.sync import sync
    from search.assemble import build_embedder, open_store
    from search.settings import load_settings

    docs = Path(folder) / name
    settings = load_settings(data_dir=Path(folder) / f"data-{name}")
    embedder = build_embedder(settings.embedder)
    embedder.embed_passages(["warm-up"])  # loading the model is measured by nobody here
    store = open_store(settings, embedder, create=True)

    def seconds_of(observer: Recorder) -> tuple[float, float, float, float]:
        start = time.perf_counter()
        stages = sync([docs], embedder, store, settings, observer).stages
        return time.perf_counter() - start, stages.embed, stages.read, stages.store

    recorder = Recorder()
    first, embed, read, stored = seconds_of(recorder)
    unchanged = min(seconds_of(Recorder())[0] for _ in range(3))
    texts = [f for f in sorted(docs.rglob("*")) if f.suffix in (".md", ".html")]
    for file in texts[:: max(1, len(texts) // CHANGED)][:CHANGED]:
        file.write_text(file.read_text(encoding="utf-8") + "\nNowe zdanie.\n", encoding="utf-8")
    changed = seconds_of(Recorder())[0]
    store.close()
    start = time.perf_counter()
    unique = list(dict.fromkeys(recorder.passages))
    lengths = [min(n, embedder.spec.max_tokens) for n in embedder.count_tokens(unique)]
    for group in batches(lengths, settings.embedder.batch_tokens):
        embedder.embed_passages([unique[position] for position in group])
    alone = time.perf_counter() - start
    answer = {
        "seconds": first, "embed": embed, "read": read, "store": stored, "alone": alone,
        "passages": len(recorder.passages), "unchanged": unchanged, "changed": changed,
    }  # fmt: skip
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
