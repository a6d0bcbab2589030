"""The service as a process: the command line works through it while it runs."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.serving import COMMAND, log_of, run, served

pytestmark = pytest.mark.processes


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {
        "SEMSEARCH_EMBEDDER__MODEL": "fake",
        "SEMSEARCH_DATA_DIR": str(tmp_path / "data"),
    }


@pytest.fixture
def docs(tmp_path: Path, environment: dict[str, str]) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "urlop.md").write_text("# Urlop\n\nZaległy urlop wykorzystuje się do 30 września.\n")
    run(environment, "ingest", str(folder))
    return folder


@pytest.fixture
def service(environment: dict[str, str], docs: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with served(environment) as running:
        yield running


def found(url: str, query: str) -> list[str]:
    answer = httpx.get(f"{url}/v1/search", params={"q": query}).json()
    return [hit["path"] for hit in answer["hits"]]


def test_the_command_line_works_while_the_service_runs(
    environment: dict[str, str], docs: Path, service: tuple[subprocess.Popen[str], str]
) -> None:
    _, url = service
    assert json.loads(run(environment, "search", "urlop", "--json"))["hits"][0]["path"]
    (docs / "delegacja.md").write_text("# Delegacja\n\nRozliczenie delegacji trwa 14 dni.\n")
    assert "1 added" in run(environment, "ingest", str(docs))
    assert found(url, "rozliczenie delegacji")[0] == "delegacja.md"
    (docs / "delegacja.md").unlink()
    assert "1 deleted" in run(environment, "ingest", str(docs))
    assert found(url, "rozliczenie delegacji") == ["urlop.md"]
    assert "urlop.md" in run(environment, "ls")
    run(environment, "doctor")


def test_the_index_is_free_when_the_service_has_stopped(
    environment: dict[str, str], docs: Path, service: tuple[subprocess.Popen[str], str]
) -> None:
    process, _ = service
    process.terminate()
    assert process.wait(30) == 0
    assert "1 unchanged" in run(environment, "ingest", str(docs))


def test_the_index_is_free_when_the_service_was_killed(
    environment: dict[str, str], docs: Path, service: tuple[subprocess.Popen[str], str]
) -> None:
    process, _ = service
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    patient = environment | {"SEMSEARCH_STORE__LOCK_TIMEOUT": "20"}
    assert "1 unchanged" in run(patient, "ingest", str(docs))


def test_a_rebuild_waits_for_the_service_to_stop(
    environment: dict[str, str], docs: Path, service: tuple[subprocess.Popen[str], str]
) -> None:
    process, url = service
    refused = subprocess.run(
        [*COMMAND, "ingest", "--rebuild", str(docs)],
        env=environment, text=True, capture_output=True,
    )  # fmt: skip
    assert refused.returncode == 7
    assert f"process {process.pid}" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert found(url, "urlop") == ["urlop.md"]


def test_answers_on_a_kept_connection_do_not_wait_for_an_acknowledgement(
    service: tuple[subprocess.Popen[str], str],
) -> None:
    _, url = service
    with httpx.Client(base_url=url) as client:
        client.get("/healthz")
        times = []
        for _ in range(21):
            start = time.perf_counter()
            assert client.get("/healthz").status_code == 200
            times.append(time.perf_counter() - start)
    assert sorted(times)[10] < 0.03  # a delayed acknowledgement takes 0.04


def test_a_backup_is_made_while_the_service_runs(
    environment: dict[str, str], docs: Path, service: tuple[subprocess.Popen[str], str]
) -> None:
    _, url = service
    saved = json.loads(run(environment, "backup", str(docs.parent / "saved"), "--json"))
    assert (saved["documents"], found(url, "urlop")) == (1, ["urlop.md"])
    (docs / "delegacja.md").write_text("# Delegacja\n\nRozliczenie delegacji trwa 14 dni.\n")
    run(environment, "ingest", str(docs))
    assert set(found(url, "urlop")) == {"urlop.md", "delegacja.md"}
    run(environment, "restore", str(docs.parent / "saved"), "--force")
    assert found(url, "urlop") == ["urlop.md"]


def test_no_request_is_lost_when_the_service_stops(
    service: tuple[subprocess.Popen[str], str],
) -> None:
    process, url = service
    lost: list[Exception] = []
    answered = [0] * 8

    def hammer(number: int) -> None:
        with httpx.Client(base_url=url, timeout=30) as client:
            while True:
                try:
                    answer = client.get("/v1/search", params={"q": f"urlop {number}"})
                    assert answer.status_code == 200
                    answered[number] += 1
                except httpx.ConnectError:  # the port is closed: this request never began
                    return
                except Exception as error:
                    lost.append(error)
                    return

    clients = [threading.Thread(target=hammer, args=(number,)) for number in range(8)]
    for client in clients:
        client.start()
    time.sleep(1)
    process.terminate()
    assert process.wait(30) == 0
    for client in clients:
        client.join(30)
    assert not lost
    assert min(answered) > 0


def test_a_service_that_starts_empty_says_so_and_takes_what_is_ingested(
    environment: dict[str, str], docs: Path, tmp_path: Path
) -> None:
    environment |= {"SEMSEARCH_DATA_DIR": str(tmp_path / "empty")}
    with served(environment) as (_, url):
        assert "Nothing has been indexed yet" in log_of(environment).read_text()
        assert found(url, "urlop") == []
        run(environment, "ingest", str(docs))
        assert found(url, "urlop") == ["urlop.md"]
