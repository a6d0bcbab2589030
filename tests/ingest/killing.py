"""A sync in a process of its own that is killed; and what must hold whenever it died."""

import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

from qdrant_client import QdrantClient

from ingest.sync import Scope, sync
from search.assemble import build_embedder, identity_for, open_store
from search.domain import Document, Principal, Vector
from search.settings import Settings
from search.stores.base import Store
from search.stores.server import ServerStore
from tests.ingest.folders import Silent, settings_in

ADMIN = Principal("default", admin=True)


def open_for(engine: str, folder: Path) -> tuple[Store, Settings]:
    """Open (or create) an index of either engine in a folder."""
    settings = settings_in(folder)
    embedder = build_embedder(settings.embedder)
    if engine == "edge":
        return open_store(settings, embedder, create=True), settings
    client = QdrantClient(path=str(folder / "qdrant"))
    return ServerStore(client, "docs", create=identity_for(embedder)), settings


def run(engine: str, data: Path, docs: Path) -> None:
    """Sync once; runs in a process of its own or in this one.

    Killed often enough in a row, what has gone from the folder adds up to a mass deletion.
    """
    store, settings = open_for(engine, data)
    scope = Scope(allow_mass_delete=True)
    try:
        sync([docs], build_embedder(settings.embedder), store, settings, Silent(), scope)
    finally:
        store.close()


def run_and_kill(engine: str, data: Path, docs: Path, after: float) -> bool:
    """Start a sync and kill it after so many seconds; tells whether it was still at work."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.ingest.killing"])
    process = context.Process(target=run, args=(engine, data, docs))
    process.start()
    process.join(after)
    alive = process.is_alive()
    if alive and process.pid:
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    return alive


def state(engine: str, data: Path) -> dict[str, tuple[Document, dict[int, tuple[str, Vector]]]]:
    """Return all documents by path, each with its chunks' texts and vectors."""
    store, _ = open_for(engine, data)
    found = {}
    for document in store.manifest():
        assert document.path not in found, f"two versions of {document.path}"
        items = store.read_back(document)
        found[document.path] = (document, {i.chunk.index: (i.chunk.text, i.dense) for i in items})
    total = store.count(ADMIN)
    store.close()
    assert total == sum(len(chunks) for _, chunks in found.values())
    return found


def whole(engine: str, data: Path) -> set[str]:
    """Return the content hashes of the versions that can be found whole.

    The embedded engine logs every operation before it carries it out, and so does a server,
    which does not die with its client: there, nobody ever meets part of a version. The
    client's local mode carries operations out point by point and dies in their midst.
    """
    store, _ = open_for(engine, data)
    found = set()
    for document in store.documents(ADMIN):
        indexes = [chunk.index for chunk in store.chunks(document, ADMIN)]
        complete = indexes == list(range(document.chunk_count))
        assert complete or engine == "server", f"{document.path} is there in part"
        if complete:
            found.add(document.content_hash)
    store.close()
    return found


class Folder:
    """A folder that changes at random: files added, edited, renamed and deleted."""

    def __init__(self, root: Path, seed: int) -> None:
        self._root = root
        self._random = random.Random(seed)
        self._made = 0
        for _ in range(24):
            self._write(self._new())

    def change(self) -> None:
        """Change a handful of files."""
        for _ in range(3):
            files = sorted(self._root.rglob("*.md"))
            self._write(self._new())
            self._write(self._random.choice(files))
            victim = self._random.choice(files)
            victim.rename(victim.with_name(f"renamed-{self._made}.md"))
            self._made += 1
        if len(files) > 24:
            self._random.choice(sorted(self._root.rglob("*.md"))).unlink()

    def _new(self) -> Path:
        self._made += 1
        folder = self._root / str(self._random.randrange(4))
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{self._made}.md"

    def _write(self, file: Path) -> None:
        sections = self._random.randrange(1, 30)
        paragraph = "Zdanie o urlopie, fakturze albo częściach zamiennych. " * 12
        text = "".join(f"## Część {i}\n\n{self._random.random()} {paragraph}\n\n"
                       for i in range(sections))  # fmt: skip
        file.write_text(f"# Dokument {self._made}\n\n{text}")


def kill_often(engine: str, folder: Path, kills: int, seed: int) -> int:
    """Kill syncs at random points of their run; returns how many were still at work.

    After each: every document of the last complete run whose content still lies in the
    folder is there, and whatever is there is whole.
    """
    docs, data = folder / "docs", folder / "data"
    changing = Folder(docs, seed)
    start = time.monotonic()
    run(engine, data, docs)
    duration = time.monotonic() - start
    chance = random.Random(seed)
    killed = 0
    for number in range(kills):
        before = whole(engine, data)
        changing.change()
        on_disk = _contents(docs)
        killed += run_and_kill(engine, data, docs, chance.uniform(0.02, duration))
        after = whole(engine, data)
        assert before & on_disk <= after, f"kill {number}: a document is missing"
    run(engine, data, docs)
    run(engine, folder / "undisturbed", docs)
    _assert_equal(state(engine, data), state(engine, folder / "undisturbed"))
    return killed


def _contents(docs: Path) -> set[str]:
    from ingest.scan import content_hash

    return {content_hash(file) for file in docs.rglob("*.md")}


def _assert_equal(
    ours: dict[str, tuple[Document, dict[int, tuple[str, Vector]]]],
    theirs: dict[str, tuple[Document, dict[int, tuple[str, Vector]]]],
) -> None:
    assert ours.keys() == theirs.keys()
    for path, (document, chunks) in ours.items():
        other, others = theirs[path]
        assert document == other
        assert chunks.keys() == others.keys()
        for index, (text, vector) in chunks.items():
            assert text == others[index][0]
            assert abs(vector - others[index][1]).max() < 1e-6
