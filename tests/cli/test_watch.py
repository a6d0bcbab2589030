"""`semsearch watch` as a service manager runs it: a process, changes, SIGTERM."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

import pytest

pytestmark = pytest.mark.processes


class Service:
    """A running watch and its log."""

    def __init__(self, docs: Path, data: Path, *options: str) -> None:
        self._environment = os.environ | {
            "SEMSEARCH_EMBEDDER__MODEL": "fake",
            "SEMSEARCH_DATA_DIR": str(data),
        }
        watch = ["watch", str(docs), "--quiet", "0.2", "--log-json", *options]
        self.process = subprocess.Popen(
            self._command(*watch), stderr=subprocess.PIPE, text=True, env=self._environment
        )
        self._lines: Queue[str] = Queue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *details: object) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()

    def wait_for(self, fits: Callable[[dict[str, Any]], bool], seconds: float = 60) -> Any:
        """Return the next event that fits."""
        end = time.monotonic() + seconds
        seen: list[str] = []
        while time.monotonic() < end:
            try:
                line = self._lines.get(timeout=0.2)
            except Empty:
                assert self.process.poll() is None, f"it ended; the last it said: {seen[-5:]}"
                continue
            seen.append(line)
            if line.startswith("{") and fits(event := json.loads(line)):
                return event
        raise AssertionError(f"it did not come; the last it said: {seen[-5:]}")

    def run(self, *arguments: str) -> str:
        return subprocess.run(
            self._command(*arguments), capture_output=True, text=True, env=self._environment,
            check=True,
        ).stdout  # fmt: skip

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=20)

    @staticmethod
    def _command(*arguments: str) -> list[str]:
        return [sys.executable, "-c", "from cli.main import main; main()", *arguments]

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.put(line)


def synced(**fields: int) -> Callable[[dict[str, Any]], bool]:
    def fits(event: dict[str, Any]) -> bool:
        return event["event"] == "synced" and all(event[k] == v for k, v in fields.items())

    return fits


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.md").write_text("Zaległy urlop.")
    return folder


@pytest.fixture
def service(docs: Path, tmp_path: Path) -> Iterator[Service]:
    with Service(docs, tmp_path / "data") as made:
        yield made


def test_changes_are_synced_until_sigterm(service: Service, docs: Path) -> None:
    service.wait_for(synced(added=1))
    (docs / "sub").mkdir()
    (docs / "sub" / "b.md").write_text("Nowy dokument.")
    service.wait_for(synced(added=1))
    listed = json.loads(service.run("ls", "--json"))
    assert [document["path"] for document in listed] == ["a.md", "sub/b.md"]
    (docs / "a.md").unlink()
    service.wait_for(synced(deleted=1))
    (docs / ".hidden.md").write_text("x")
    (docs / "sub" / "b.md").write_text("Zmieniony dokument.")
    service.wait_for(synced(changed=1))
    assert service.stop() == 0
    service_log = service.run("ls", "--json")
    assert [document["path"] for document in json.loads(service_log)] == ["sub/b.md"]


def test_it_survives_errors(service: Service, docs: Path) -> None:
    service.wait_for(synced(added=1))
    (docs / "broken.docx").write_bytes(b"no package")
    service.wait_for(synced(failed=1))
    (docs / "semsearch.yaml").write_text("rules: nonsense")
    service.wait_for(synced(failed=1))
    (docs / "semsearch.yaml").unlink()
    (docs / "broken.docx").unlink()
    (docs / "c.md").write_text("Umowa")
    service.wait_for(synced(added=1, failed=0))
    assert service.stop(signal.SIGINT) == 0


def test_it_waits_while_another_process_has_the_index(docs: Path, tmp_path: Path) -> None:
    from search.stores.lock import IndexLock

    (tmp_path / "data").mkdir()
    lock = IndexLock(tmp_path / "data" / "index", timeout=0)
    with Service(docs, tmp_path / "data") as service:
        event = service.wait_for(lambda event: event["event"] == "failed")
        assert event["busy"] is True
        assert "in use by process" in event["error"]
        lock.release()
        (docs / "b.md").write_text("Umowa")
        service.wait_for(synced(added=2))
        assert service.stop() == 0


def test_stopped_amid_a_sync(docs: Path, tmp_path: Path) -> None:
    for number in range(400):
        (docs / f"{number}.md").write_text(f"Dokument {number}. " * 50)
    with Service(docs, tmp_path / "data") as service:
        service.wait_for(lambda event: event["event"] == "read")
        assert service.stop() == 0
    with Service(docs, tmp_path / "data") as again:
        again.wait_for(synced(failed=0))
        assert len(json.loads(again.run("ls", "--json"))) == 401


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    with Service(tmp_path / "nowhere", tmp_path / "data") as service:
        assert service.process.wait(timeout=30) == 2
