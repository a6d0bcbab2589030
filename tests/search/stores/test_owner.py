"""The process that owns the embedded index while a service runs."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from pathlib import Path

import pytest

from search.errors import IndexMissingError, StoreBusyError, StoreError
from search.stores.note import read_note
from search.stores.owning import owned
from search.stores.remote import RemoteStore, is_owned
from tests.search.stores.factory import ADMIN, document, edge_store, indexed, put, query

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[3]

CLAIM = """
import sys
from pathlib import Path
from search.stores.remote import RemoteStore
with RemoteStore(Path(sys.argv[1])).claim("the first sync") as interrupted:
    print(interrupted, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return an index of one document that a process of its own owns."""
    store = edge_store(tmp_path)
    put(store, indexed(document("a.md"), "Wniosek"))
    store.close()
    with owned(tmp_path / "index", lock_timeout=0):
        yield tmp_path / "index"


def owner_of(folder: Path) -> int:
    """Return the process id of the owner: the child of ours that runs one."""
    found = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "search.stores.owner"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(found.stdout.split()[0])


def test_only_this_user_can_read_the_secret(folder: Path) -> None:
    note = folder.with_name("index.owner.json")
    assert note.stat().st_mode & 0o777 == 0o600
    found = read_note(folder)
    assert found is not None
    assert Path(found.address).parent.stat().st_mode & 0o777 == 0o700


def test_without_the_secret_nothing_is_answered(folder: Path) -> None:
    found = read_note(folder)
    assert found is not None
    with pytest.raises(AuthenticationError):
        Client(found.address, authkey=b"guessed")
    assert RemoteStore(folder).count(ADMIN) == 1  # and it goes on answering others


def test_nobody_else_opens_the_files(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreBusyError, match=f"process {os.getpid()} "):
        edge_store(tmp_path)
    with pytest.raises(StoreBusyError), owned(folder, lock_timeout=0):
        pass
    assert RemoteStore(folder).count(ADMIN) == 1


def test_the_note_goes_and_the_files_are_free_afterwards(tmp_path: Path) -> None:
    edge_store(tmp_path).close()
    with owned(tmp_path / "index", lock_timeout=0):
        store = RemoteStore(tmp_path / "index")
        put(store, indexed(document("b.md"), "Umowa"))
    assert not is_owned(tmp_path / "index")
    with pytest.raises(StoreError):
        store.count(ADMIN)
    again = edge_store(tmp_path)
    assert [d.path for d in again.documents(ADMIN)] == ["b.md"]
    again.close()


def test_a_missing_index_is_said(tmp_path: Path) -> None:
    missing = pytest.raises(IndexMissingError, match="semsearch ingest")
    with missing, owned(tmp_path / "index", lock_timeout=0):
        pass


def test_an_owner_that_dies_is_replaced(folder: Path) -> None:
    store = RemoteStore(folder)
    put(store, indexed(document("b.md"), "Umowa"))
    os.kill(owner_of(folder), signal.SIGKILL)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            found = {d.path for d in store.documents(ADMIN)}
            break
        except StoreError:
            time.sleep(0.1)
    assert found == {"a.md", "b.md"}
    assert store.query(query("Umowa"), ADMIN)[0].document.path == "b.md"


def test_signals_meant_for_the_service_leave_it_to_finish(folder: Path) -> None:
    owner = owner_of(folder)
    os.kill(owner, signal.SIGTERM)
    os.kill(owner, signal.SIGINT)
    time.sleep(0.2)
    assert RemoteStore(folder).count(ADMIN) == 1
    assert owner_of(folder) == owner


def test_one_sync_at_a_time_and_a_killed_one_is_noticed(folder: Path) -> None:
    store = RemoteStore(folder)
    first = subprocess.Popen(
        [sys.executable, "-c", CLAIM, str(folder)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert first.stdin and first.stdout
    assert first.stdout.readline() == "False\n"
    with pytest.raises(StoreBusyError, match="the first sync"), store.claim("the second"):
        pass
    assert store.count(ADMIN) == 1  # reads go on
    first.kill()
    first.wait()
    first.stdin.close()
    first.stdout.close()
    patient = RemoteStore(folder, patience=10)
    with patient.claim("the third") as interrupted:
        assert interrupted
    with patient.claim("the fourth") as interrupted:
        assert not interrupted


def test_a_listing_that_is_left_early_leaves_the_connection_usable(folder: Path) -> None:
    store = RemoteStore(folder)
    put(store, [item for n in range(600) for item in indexed(document(f"{n}.md"), "Umowa")])
    assert next(store.documents(ADMIN)).title
    assert len(list(store.documents(ADMIN))) == 601
    assert store.count(ADMIN) == 601


def test_reads_while_another_writes(folder: Path) -> None:
    failures: list[Exception] = []
    store = RemoteStore(folder)
    written = threading.Event()

    def read() -> None:
        try:
            while not written.is_set():
                assert store.query(query("Wniosek"), ADMIN)[0].document.path == "a.md"
        except Exception as error:
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(40):
        put(store, indexed(document(f"{number}.txt"), "Umowa"))
    written.set()
    for reader in readers:
        reader.join()
    assert not failures
    assert store.count(ADMIN) == 41
