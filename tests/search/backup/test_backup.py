"""Backups: every query answers as before, a damaged file is named, nothing is half made."""

import json
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from qdrant_client import QdrantClient

from search.assemble import build_embedder, identity_for, open_store
from search.backup import layout
from search.backup import restore as module
from search.backup.layout import Manifest
from search.backup.restore import open_backup, restore
from search.backup.save import save
from search.domain import Document, IndexedChunk, Mode, Principal
from search.errors import (
    IndexMismatchError,
    IndexStateError,
    PathError,
    SemsearchError,
    StoreError,
)
from search.lexical.bm25 import Bm25
from search.pipeline import Pipeline
from search.settings import Settings
from search.state.database import MIGRATIONS, Database
from search.state.keys import Keys
from search.stores.base import Store
from search.stores.server import ServerStore
from tests.ingest.folders import run_sync, settings_in
from tests.ingest.killing import open_for

EXAMPLES = Path(__file__).parents[3] / "examples"
MODES: tuple[Mode, ...] = ("hybrid", "dense", "lexical")
ROUNDING = 1e-5
PRINCIPALS = (
    Principal("default", admin=True),
    Principal("default", user="ewa", groups=frozenset({"hr"})),
    Principal("default"),
    Principal("other", admin=True),
)
EMBEDDER_IDENTITY = identity_for(build_embedder(settings_in(Path()).embedder))

T = TypeVar("T")
Found = dict[tuple[str, Mode, int], list[tuple[str, float]]]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Index some of the examples, with access lists, keys and an upload."""
    folder = tmp_path_factory.mktemp("original")
    docs = folder / "docs"
    for part in ("hr", "it", "finance", "quality"):
        (docs / part).mkdir(parents=True)
        for file in (EXAMPLES / part).iterdir():
            if file.suffix in (".md", ".txt", ".html", ".csv"):
                shutil.copy2(file, docs / part)
    (docs / "semsearch.yaml").write_text(
        "access: [public]\nrules:\n"
        "  - {match: 'hr/**', access: ['group:hr'], tags: [kadry]}\n"
        "  - {match: 'finance/**', access: []}\n"
    )
    settings = settings_in(folder)
    assert not run_sync([docs], settings).failures
    Keys(Database(settings.data_dir)).create("intranet", "default")
    uploads = settings.data_dir / "uploads" / "default"
    uploads.mkdir(parents=True)
    (uploads / "aneks.txt").write_text("Aneks nr 3")
    return settings


@pytest.fixture(scope="module")
def saved(original: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backups") / "saved"
    with_store(original, lambda store: save(store, original.data_dir, folder, "test"))
    return folder


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Path:
    """Return a backup that a test may damage."""
    return Path(shutil.copytree(saved, tmp_path / "copy"))


@pytest.fixture
def empty(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "restored")


def with_store(settings: Settings, use: Callable[[Store], T]) -> T:
    store = open_store(settings, build_embedder(settings.embedder), create=True)
    try:
        return use(store)
    finally:
        store.close()


def restore_into(settings: Settings, folder: Path, *, force: bool = False) -> None:
    manifest = open_backup(folder, EMBEDDER_IDENTITY)

    def use(store: Store) -> None:
        restore(store, settings.data_dir, folder, manifest, "test", force=force)

    with_store(settings, use)


def all_answers(store: Store, settings: Settings) -> Found:
    """Ask every golden query in every mode for everybody."""
    pipeline = Pipeline(
        build_embedder(settings.embedder), Bm25(settings.lexical), store, settings.retrieval
    )
    lines = (EXAMPLES / "golden" / "queries.jsonl").read_text().splitlines()
    return {
        (query, mode, number): [
            (hit.id, hit.score) for hit in pipeline.search(query, who, mode=mode).hits
        ]
        for query in (json.loads(line)["text"] for line in lines)
        for mode in MODES
        for number, who in enumerate(PRINCIPALS)
    }


def assert_same(before: Found, after: Found) -> None:
    """Compare answers, but for the last bit: an engine adds up in the order its points lie in."""
    assert before.keys() == after.keys()
    for asked, hits in before.items():
        scores = [score for _, score in hits]
        assert [score for _, score in after[asked]] == pytest.approx(scores, rel=ROUNDING), asked
        again = dict(after[asked])
        for id, score in hits:
            if score > scores[-1] * (1 + ROUNDING):  # else it may have changed places with a tie
                assert again[id] == pytest.approx(score, rel=ROUNDING), asked


def vectors(store: Store) -> dict[str, IndexedChunk]:
    items = (item for document in store.manifest() for item in store.read_back(document))
    return {item.id: item for item in items}


def assert_same_vectors(
    before: dict[str, IndexedChunk], after: dict[str, IndexedChunk], tolerance: float = 0
) -> None:
    """Compare vectors; local mode of the client normalizes them again, and loses the last bit."""
    assert before.keys() == after.keys()
    for id, item in before.items():
        assert after[id].sparse == item.sparse
        assert np.allclose(after[id].dense, item.dense, rtol=tolerance, atol=0)


def documents(store: Store) -> dict[str, Document]:
    return {document.id: document for document in store.manifest()}


def test_every_query_is_answered_as_before(
    original: Settings, saved: Path, empty: Settings
) -> None:
    before = with_store(original, lambda store: all_answers(store, original))
    restore_into(empty, saved)
    after = with_store(empty, lambda store: all_answers(store, empty))
    assert len(before) == 108 * 3 * 4
    assert_same(before, after)
    assert_same_vectors(with_store(original, vectors), with_store(empty, vectors))
    readers = [sum(len(hits) for (_, _, n), hits in before.items() if n == who) for who in range(4)]
    assert readers[0] > readers[1] > readers[2] > readers[3] == 0
    assert with_store(empty, documents) == with_store(original, documents)


def test_keys_and_uploads_come_back(original: Settings, saved: Path, empty: Settings) -> None:
    restore_into(empty, saved)
    (key,) = Keys(Database(empty.data_dir)).all()
    assert key == Keys(Database(original.data_dir)).all()[0]
    assert (empty.data_dir / "uploads/default/aneks.txt").read_text() == "Aneks nr 3"


def test_from_one_engine_into_the_other_and_back(
    original: Settings, saved: Path, empty: Settings, tmp_path: Path
) -> None:
    server = ServerStore(QdrantClient(":memory:"), "test", create=EMBEDDER_IDENTITY)
    manifest = open_backup(saved, EMBEDDER_IDENTITY)
    restore(server, tmp_path / "server", saved, manifest, "test")
    on_server = all_answers(server, original)
    assert documents(server) == with_store(original, documents)
    again = tmp_path / "again"
    save(server, tmp_path / "server", again, "test")
    other = ServerStore(QdrantClient(":memory:"), "other", create=EMBEDDER_IDENTITY)
    restore(other, tmp_path / "other", again, manifest, "test")
    assert_same(on_server, all_answers(other, original))
    assert_same_vectors(with_store(original, vectors), vectors(other), ROUNDING)
    restore_into(empty, again)
    before = with_store(original, lambda store: all_answers(store, original))
    assert_same(before, with_store(empty, lambda store: all_answers(store, empty)))


def test_parts_are_bounded(
    original: Settings, tmp_path: Path, empty: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "PART_CHUNKS", 10)
    folder = tmp_path / "parts"
    made = with_store(original, lambda store: save(store, original.data_dir, folder, "test"))
    assert made.parts > 3
    restore_into(empty, folder)
    assert with_store(empty, lambda store: store.state()) == with_store(
        original, lambda store: store.state()
    )


def names(folder: Path) -> list[str]:
    return Manifest.read(folder).files


@pytest.mark.parametrize("number", range(6))
def test_a_damaged_byte_is_found_before_anything_is_touched(
    copy: Path, empty: Settings, number: int
) -> None:
    name = [*names(copy), "SHA256SUMS"][number]
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(PathError) as error:
        restore_into(empty, copy)
    assert name in str(error.value) or "SHA256SUMS" in str(error.value)
    assert not empty.data_dir.exists()


@pytest.mark.parametrize("number", range(6))
def test_a_missing_file_is_named(copy: Path, empty: Settings, number: int) -> None:
    name = [*names(copy), "SHA256SUMS"][number]
    (copy / name).unlink()
    with pytest.raises(PathError, match=name):
        restore_into(empty, copy)


def rewrite(folder: Path, **fields: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))
    layout.write_sums(folder, names(folder) if fields.get("format", 1) == 1 else [])


def test_a_newer_format_is_refused(copy: Path, empty: Settings) -> None:
    path = copy / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 2}))
    with pytest.raises(PathError, match="upgrade"):
        restore_into(empty, copy)


def test_another_model_is_refused(copy: Path, empty: Settings) -> None:
    stored = json.loads((copy / "manifest.json").read_text())["identity"]
    rewrite(copy, identity=stored | {"model": "other", "revision": "9"})
    with pytest.raises(IndexMismatchError, match=r"other@9.*SEMSEARCH_EMBEDDER__MODEL"):
        restore_into(empty, copy)


def test_the_state_of_a_newer_version_is_refused(copy: Path, empty: Settings) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(copy / "state.db")) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    layout.write_sums(copy, names(copy))
    with pytest.raises(StoreError, match="newer version"):
        restore_into(empty, copy)


def restore_until_killed(engine: str, data: Path, folder: Path, after: int) -> None:
    """Restore in small steps and die after some of them; for a process of its own."""
    module.BATCH = 10
    steps = count(1)

    def step(chunks: int) -> None:
        if next(steps) == after:
            os.kill(os.getpid(), signal.SIGKILL)

    manifest = open_backup(folder, EMBEDDER_IDENTITY)
    store, settings = open_for(engine, data)
    restore(store, settings.data_dir, folder, manifest, "test", on_chunks=step)


@pytest.mark.processes
@pytest.mark.parametrize("after", [1, 4, 9])
@pytest.mark.parametrize("engine", ["edge", "server"])
def test_a_restore_that_was_killed_can_be_repeated(
    original: Settings, saved: Path, tmp_path: Path, engine: str, after: int
) -> None:
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=restore_until_killed, args=(engine, tmp_path, saved, after))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    store, settings = open_for(engine, tmp_path)
    held = len(documents(store))
    whole = with_store(original, documents)
    assert 0 < held < len(whole)
    restore(store, settings.data_dir, saved, open_backup(saved, EMBEDDER_IDENTITY), "test")
    assert documents(store) == whole
    assert store.state() == with_store(original, lambda store: store.state())
    store.close()
    assert [key.name for key in Keys(Database(settings.data_dir)).all()] == ["intranet"]


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Settings]:
    docs = tmp_path / "other-docs"
    docs.mkdir()
    (docs / "inne.md").write_text("# Inne\n\nCoś innego.\n")
    settings = settings_in(tmp_path / "other")
    assert not run_sync([docs], settings).failures
    yield settings


def test_what_is_there_already_stays_unless_forced(
    original: Settings, saved: Path, other: Settings
) -> None:
    with pytest.raises(IndexStateError, match="--force"):
        restore_into(other, saved)
    assert [d.path for d in with_store(other, documents).values()] == ["inne.md"]
    restore_into(other, saved, force=True)
    assert with_store(other, documents) == with_store(original, documents)


def test_another_version_of_a_document_gives_way_when_forced(
    original: Settings, saved: Path, empty: Settings
) -> None:
    docs = original.data_dir.parent / "docs"
    file = docs / "quality" / "polityka-jakosci.md"
    text = file.read_text()
    try:
        file.write_text("# Polityka\n\nInna.\n")
        assert not run_sync([docs], empty).failures
    finally:
        file.write_text(text)
    restore_into(empty, saved, force=True)
    assert with_store(empty, documents) == with_store(original, documents)
    state = with_store(empty, lambda store: store.state())
    assert state == with_store(original, lambda store: store.state())


def test_keys_that_are_there_already_stay_unless_forced(saved: Path, empty: Settings) -> None:
    Keys(Database(empty.data_dir)).create("mine", "default")
    with pytest.raises(IndexStateError, match=r"state\.db holds keys"):
        restore_into(empty, saved)
    assert [key.name for key in Keys(Database(empty.data_dir)).all()] == ["mine"]
    restore_into(empty, saved, force=True)
    assert [key.name for key in Keys(Database(empty.data_dir)).all()] == ["intranet"]


def test_uploads_that_are_there_already_stay_unless_forced(saved: Path, empty: Settings) -> None:
    mine = empty.data_dir / "uploads" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("moje")
    with pytest.raises(IndexStateError, match="uploads"):
        restore_into(empty, saved)
    assert mine.read_text() == "moje"
    restore_into(empty, saved, force=True)
    assert not mine.exists()


def test_a_backup_that_fails_leaves_nothing(original: Settings, tmp_path: Path) -> None:
    def stop(count: int) -> None:
        raise StoreError("the disk is full")

    with pytest.raises(StoreError):
        with_store(
            original,
            lambda store: save(store, original.data_dir, tmp_path / "new", "test", stop),
        )
    assert list(tmp_path.iterdir()) == []


def test_a_backup_never_overwrites(original: Settings, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("mine")
    with pytest.raises(PathError, match="not empty"):
        with_store(
            original, lambda store: save(store, original.data_dir, tmp_path / "taken", "test")
        )
    assert (tmp_path / "taken" / "file").read_text() == "mine"


def test_only_its_owner_may_look_into_a_backup(saved: Path) -> None:
    assert saved.stat().st_mode & 0o077 == 0


def test_an_empty_index_can_be_saved(empty: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "nothing"
    made = with_store(empty, lambda store: save(store, empty.data_dir, folder, "test"))
    assert (made.documents, made.chunks, made.parts, made.state) == (0, 0, 0, False)
    restore_into(empty, folder)


def test_what_is_no_backup(tmp_path: Path, empty: Settings) -> None:
    with pytest.raises(SemsearchError, match="no backup"):
        restore_into(empty, tmp_path)
