"""The embedded store is open in one process at a time, and a second one harms nothing."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from search.errors import StoreBusyError
from search.stores.edge import EdgeStore
from tests.search.stores.factory import ADMIN, document, edge_store, indexed, put, query

HOLD = """
import sys, time
from pathlib import Path
from tests.search.stores.factory import document, edge_store, indexed, put
store = edge_store(Path(sys.argv[1]))
put(store, indexed(document("a.md"), "Wniosek"))
print("open", flush=True)
if sys.stdin.readline():
    put(store, indexed(document("b.md"), "Umowa"))
    store.close()
print("closed", flush=True)
"""

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.processes


def holder(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def test_a_second_process_is_told_who_holds_the_index_and_harms_nothing(tmp_path: Path) -> None:
    first = holder(tmp_path)
    assert first.stdin is not None and first.stdout is not None
    for _ in range(3):
        with pytest.raises(StoreBusyError, match=rf"process {first.pid} .* since 20") as busy:
            edge_store(tmp_path)
    assert "\n" not in str(busy.value)
    first.stdin.write("go on\n")
    first.stdin.flush()
    assert first.stdout.readline() == "closed\n"
    assert first.wait(10) == 0
    store = edge_store(tmp_path)  # what the first wrote after our attempts is all there
    assert {d.path for d in store.documents(ADMIN)} == {"a.md", "b.md"}
    assert store.query(query("Umowa"), ADMIN)[0].document.path == "b.md"
    store.close()
    first.stdin.close()
    first.stdout.close()


def test_the_lock_ends_with_a_killed_holder(tmp_path: Path) -> None:
    first = holder(tmp_path)
    first.send_signal(signal.SIGKILL)
    first.wait(10)
    store = edge_store(tmp_path)
    assert [d.path for d in store.documents(ADMIN)] == ["a.md"]  # the engine's log kept it
    store.close()
    for pipe in (first.stdin, first.stdout):
        assert pipe is not None
        pipe.close()


def test_waiting_for_the_holder(tmp_path: Path) -> None:
    first = holder(tmp_path)
    assert first.stdin is not None and first.stdout is not None
    first.stdin.write("go on\n")
    first.stdin.close()
    store = EdgeStore(tmp_path / "index", lock_timeout=30)
    assert store.count(ADMIN) == 2
    store.close()
    first.stdout.close()
    first.wait(10)


def test_a_failed_opening_lets_go(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    with pytest.raises(Exception, match="index"):
        EdgeStore(tmp_path / "index")
    with pytest.raises(Exception, match="index") as again:
        EdgeStore(tmp_path / "index")
    assert not isinstance(again.value, StoreBusyError)


def test_two_stores_in_one_process(tmp_path: Path) -> None:
    first = edge_store(tmp_path)
    with pytest.raises(StoreBusyError):
        edge_store(tmp_path)
    put(first, indexed(document("c.md"), "Nadal działa"))
    first.close()
