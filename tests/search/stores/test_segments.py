"""The embedded store moves what it gathered in memory to disk, and search does not notice."""

import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from search.stores import edge_create
from search.stores.base import Store
from search.stores.edge import EdgeStore
from tests.search.stores.factory import (
    ADMIN,
    document,
    edge_store,
    indexed,
    put,
    query,
    server_store,
)

TOPICS = ("urlop", "delegacja", "faktura", "hasło", "umowa", "maszyna", "czynsz")


def fill(store: Store, documents: int) -> None:
    for number in range(documents):
        author = "Anna" if number % 3 == 0 else "Jan"
        texts = [f"{TOPICS[number % 7]} {number} część {part}" for part in range(4)]
        put(store, indexed(document(f"{number:03}.md", author=author, chunks=4), *texts))


def answers(store: Store) -> list[object]:
    found: list[object] = [store.count(ADMIN), store.facet("author", ADMIN)]
    found.append(sorted(d.path for d in store.documents(ADMIN)))
    for topic in TOPICS:
        dense = store.query(query(f"{topic} 7 część 2", "dense"), ADMIN)
        found.append([(h.document.path, h.chunk.index) for h in dense])
    return found


def scores(store: Store) -> list[object]:
    hits = [store.query(query(f"{topic} 7 część 2"), ADMIN) for topic in TOPICS]
    return [
        [(h.document.path, h.chunk.index, round(h.score, 4)) for h in found[:5]] for found in hits
    ]


def segments(store: Store) -> int:
    assert isinstance(store, EdgeStore)
    return store._shard.info().segments_count


def test_segments_answer_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = edge_store(tmp_path / "whole")
    fill(whole, 120)
    monkeypatch.setattr(edge_create, "SEGMENT_CHUNKS", 150)
    parts = edge_store(tmp_path / "parts")
    fill(parts, 120)
    assert (segments(whole), segments(parts)) == (1, 4)
    assert answers(parts) == answers(whole)
    assert scores(parts) == scores(whole)
    for store in (whole, parts):
        store.remove([d for d in store.documents(ADMIN) if d.author == "Jan"])
        fill(store, 4)
    assert answers(parts) == answers(whole)  # scores may differ: IDF counts what was removed
    parts.close()
    parts = edge_store(tmp_path / "parts")
    assert answers(parts) == answers(whole)
    whole.close()
    parts.close()


def test_search_in_segments_is_exact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_create, "SEGMENT_CHUNKS", 100)
    parts, exact = edge_store(tmp_path), server_store(tmp_path)
    for store in (parts, exact):
        fill(store, 100)
    for topic in TOPICS:
        found = [
            [(h.document.path, h.chunk.index) for h in store.query(query(topic, "dense"), ADMIN)]
            for store in (parts, exact)
        ]
        assert found[0] == found[1]
    parts.close()


def test_nobody_waits_for_a_segment_while_the_store_answers_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge_create, "SEGMENT_CHUNKS", 120)
    edge_store(tmp_path).close()
    answering = EdgeStore(tmp_path / "index", answering=True)
    fill(answering, 120)
    assert segments(answering) == 1
    before = answers(answering)
    answering.close()
    again = edge_store(tmp_path)
    assert segments(again) > 1
    assert answers(again) == before
    again.close()


FILL = """
import sys
from pathlib import Path
from search.stores import edge_create
edge_create.SEGMENT_CHUNKS = 120
from tests.search.stores.factory import edge_store
from tests.search.stores.test_segments import fill_on
fill_on(edge_store(Path(sys.argv[1])))
"""


def fill_on(store: Store) -> None:
    """Add documents for ever; print the number of each once it is published."""
    number = store.count_documents(ADMIN)
    while True:
        texts = [f"dokument {number} część {part}" for part in range(4)]
        put(store, indexed(document(f"{number}.md", chunks=4), *texts))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        number += 1


@pytest.mark.processes
@pytest.mark.slow
def test_nothing_published_is_lost_by_a_kill(tmp_path: Path) -> None:
    chance, published = random.Random(7), -1
    for _ in range(12):
        command = [sys.executable, "-c", FILL, str(tmp_path)]
        root = Path(__file__).resolve().parents[3]
        process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.uniform(0, 0.8))
        process.kill()
        published = max([published, *(int(line) for line in process.stdout.read().split())])
        process.wait()
        process.stdout.close()
        store = edge_store(tmp_path)
        store.repair()
        found = {d.path: d for d in store.documents(ADMIN)}
        assert set(found) >= {f"{number}.md" for number in range(published + 1)}
        assert all(len(store.chunks(d, ADMIN)) == 4 for d in found.values())
        vectors = [item.dense for d in found.values() for item in store.read_back(d)]
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
        store.close()
    assert published > 120
