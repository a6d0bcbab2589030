"""Uploads, syncs and deletes through the service: jobs in processes of their own."""

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.types import Message

from api.app import create_app
from search.settings import Settings
from search.state.database import Database
from search.state.jobs import Jobs
from search.state.keys import Keys
from tests.ingest.folders import changed, run_sync, settings_in

pytestmark = pytest.mark.processes

File = tuple[str, bytes]


@dataclass
class World:
    client: TestClient
    settings: Settings
    docs: Path
    keys: Keys

    def key(self, name: str, **rights: Any) -> dict[str, str]:
        tenant = rights.pop("tenant", "default")
        scopes = rights.pop("scopes", ["read", "write"])
        secret, _ = self.keys.create(name, tenant, scopes=scopes, **rights)
        return {"Authorization": f"Bearer {secret}"}

    def post(self, headers: dict[str, str], *files: File, **fields: Any) -> Any:
        named = [("files", (name, content)) for name, content in files]
        return self.client.post("/v1/documents", headers=headers, files=named, data=fields)

    def upload(self, headers: dict[str, str], *files: File, **fields: Any) -> dict[str, Any]:
        answer = self.post(headers, *files, **fields)
        assert answer.status_code == 202, answer.text
        return self.ended(headers, answer.json()["job"]["id"])

    def ended(self, headers: dict[str, str], id: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while True:
            job: dict[str, Any] = self.client.get(f"/v1/jobs/{id}", headers=headers).json()
            if job["ended"]:
                return job
            assert time.monotonic() < deadline, job
            time.sleep(0.05)

    def listed(self, headers: dict[str, str]) -> dict[str, dict[str, Any]]:
        documents = self.client.get("/v1/documents", headers=headers).json()["documents"]
        return {document["path"]: document for document in documents}

    def search(self, headers: dict[str, str], query: str) -> list[str]:
        answer = self.client.get("/v1/search", headers=headers, params={"q": query})
        return [hit["path"] for hit in answer.json()["hits"]]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("uploads")
    docs = folder / "docs"
    docs.mkdir()
    (docs / "semsearch.yaml").write_text("access: [public]\n")
    (docs / "urlop.md").write_text("# Urlop\n\nUrlop przysługuje każdemu.\n")
    settings = changed(settings_in(folder), "auth", mode="keys")
    settings = changed(settings, "api", max_upload_mb=2, job_queue=3, rate_per_minute=0)
    settings = changed(settings, "ingest", max_file_mb=1)
    assert not run_sync([docs], settings).failures
    keys = Keys(Database(settings.data_dir))
    with TestClient(create_app(settings)) as client:
        yield World(client, settings, docs, keys)


@pytest.fixture
def world(service: World) -> Iterator[World]:
    """Return the service as it was, but for keys."""
    yield service
    admin = service.key("cleaner", scopes=["admin"])
    for document in service.listed(admin).values():
        if document["source"] != str(service.docs) and document["attached_to"] is None:
            path = f"/v1/documents/{document['id']}"
            assert service.client.delete(path, headers=admin).status_code == 204


@pytest.fixture
def admin(world: World) -> dict[str, str]:
    return world.key("admin", scopes=["admin"])


def test_what_is_uploaded_is_found(world: World, admin: dict[str, str]) -> None:
    files = [("delegacja.md", b"# Delegacja\n\nRozliczenie delegacji trwa 14 dni.\n"),
             ("hr\\umowa [2].txt", "Umowa o pracę na okres próbny.".encode())]  # fmt: skip
    answer = world.post(admin, *files, tags=["kadry"], folder="2025")
    assert answer.status_code == 202
    body = answer.json()
    assert body["job"]["state"] in ("queued", "running")
    job = world.ended(admin, body["job"]["id"])
    assert (job["state"], job["kind"], job["error"]) == ("done", "upload", None)
    assert (job["outcome"]["added"], job["outcome"]["failed"]) == (2, 0)
    assert (job["progress"]["files"], job["progress"]["of"]) == (2, 2)
    assert job["progress"]["chunks"] == job["outcome"]["chunks"] == 2
    assert world.search(admin, "rozliczenie delegacji")[0] == "2025/delegacja.md"
    listed = world.listed(admin)
    ids = {file["path"]: file["document_id"] for file in body["files"]}
    assert ids == {p: listed[p]["id"] for p in ("2025/delegacja.md", "2025/hr/umowa [2].txt")}
    assert listed["2025/hr/umowa [2].txt"]["tags"] == ["kadry"]
    id = ids["2025/hr/umowa [2].txt"]
    assert world.client.get(f"/v1/documents/{id}/file", headers=admin).content == files[1][1]
    assert not list((world.settings.data_dir / "incoming").iterdir())


def test_the_same_name_again_is_a_new_version(world: World, admin: dict[str, str]) -> None:
    world.upload(admin, ("plan.md", b"# Plan\n\nStary plan.\n"), tags=["stary"])
    before = world.listed(admin)["plan.md"]
    job = world.upload(admin, ("plan.md", b"# Plan\n\nNowy harmonogram.\n"), access=["public"])
    assert (job["outcome"]["added"], job["outcome"]["changed"]) == (0, 1)
    after = world.listed(world.key("reader"))["plan.md"]
    assert after["id"] == before["id"]
    assert (before["tags"], after["tags"]) == (["stary"], [])
    text = world.client.get(f"/v1/documents/{after['id']}/text", headers=admin).text
    assert "harmonogram" in text
    assert "Stary" not in text


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("../a.md", 422),
        ("..\\..\\a.md", 422),
        ("hr/../../a.md", 422),
        ("/etc/a.md", 422),
        ("pytanie?.md", 422),
        (".ukryty.md", 422),
        (".git/a.md", 422),
        ("semsearch.yaml", 422),
        ("x" * 300 + ".md", 422),
        ("a/" * 600 + "a.md", 422),
        ("CON.md", 422),
        ("program.exe", 415),
        ("bez-rozszerzenia", 415),
    ],
)
def test_names_that_are_refused(
    world: World, admin: dict[str, str], name: str, status: int
) -> None:
    answer = world.post(admin, ("dobry.md", b"tekst"), (name, b"tekst"))
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert str(world.settings.data_dir) not in answer.text
    assert list(world.listed(admin)) == ["urlop.md"]
    assert not list((world.settings.data_dir / "incoming").iterdir())


@pytest.mark.parametrize("folder", ["..", "/etc", "a/../..", ".git", "a\\..\\..", "C:\\x"])
def test_folders_that_are_refused(world: World, admin: dict[str, str], folder: str) -> None:
    assert world.post(admin, ("a.md", b"tekst"), folder=folder).status_code == 422


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"access": ["everyone"]}, "access"),
        ({"access": ["private", "public"]}, "private"),
        ({"tags": ["x" * 101]}, "tags"),
        ({"colour": "red"}, "colour"),
        ({"folder": ["a", "b"]}, "folder"),
        ({"folder": "x" * 3000}, "folder"),
    ],
)
def test_fields_that_are_refused(
    world: World, admin: dict[str, str], fields: dict[str, Any], said: str
) -> None:
    answer = world.post(admin, ("a.md", b"tekst"), **fields)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_forms_that_are_refused(world: World, admin: dict[str, str]) -> None:
    def send(content: bytes, kind: str = "multipart/form-data; boundary=x") -> Any:
        headers = admin | {"Content-Type": kind}
        return world.client.post("/v1/documents", content=content, headers=headers)

    part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.md"\r\n\r\ntekst\r\n'
    for answer in (
        send(b"{}", "application/json"),
        send(b"", "multipart/form-data"),
        send(b"no form at all"),
        send(part),
        send(b"--x--\r\n"),
        send(part + part + b"--x--\r\n"),
        send(part.replace(b'"files"', b'"other"') + b"--x--\r\n"),
        send(part.replace(b"a.md", b"\xff.md") + b"--x--\r\n"),
        send(part.replace(b"tekst", b"") + b"--x--\r\n"),
    ):
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    assert not list((world.settings.data_dir / "incoming").iterdir())


def test_what_is_too_large(world: World, admin: dict[str, str]) -> None:
    mebibyte = b"x" * 1024**2
    large = world.post(admin, ("a.md", mebibyte + b"x"))
    assert large.status_code == 413
    assert "a.md" in large.json()["detail"]
    many = world.post(admin, *((f"{n}.md", mebibyte[:-9]) for n in range(3)))
    assert many.status_code == 413
    assert "2 MiB" in many.json()["detail"]
    assert not list((world.settings.data_dir / "incoming").iterdir())


def test_nothing_is_read_of_those_who_may_not(world: World) -> None:
    async def unread() -> Message:
        raise AssertionError("the body was asked for")

    for headers, status in (({}, 401), (world.key("reader", scopes=["read"]), 403)):
        answers: list[Message] = []

        async def keep(message: Message, answers: list[Message] = answers) -> None:
            answers.append(message)

        sent = {"content-type": "multipart/form-data; boundary=x", "content-length": "9" * 12}
        raw = [(n.lower().encode(), v.encode()) for n, v in (headers | sent).items()]
        scope = {"type": "http", "method": "POST", "path": "/v1/documents", "headers": raw,
                 "query_string": b"", "http_version": "1.1", "scheme": "http",
                 "server": ("testserver", 80), "client": ("::1", 1), "root_path": ""}  # fmt: skip
        asyncio.run(create_app(world.settings)(scope, unread, keep))
        assert answers[0]["status"] == status


def test_access_is_what_the_caller_may_give(world: World, admin: dict[str, str]) -> None:
    anna = world.key("anna", user="anna", groups=["hr"])
    jan = world.key("jan", user="jan")
    for entry in ("user:jan", "group:it"):
        refused = world.post(anna, ("a.md", b"tekst"), access=["user:anna", entry])
        assert refused.status_code == 403
        assert entry in refused.json()["detail"]
    world.upload(anna, ("kadry.md", b"Tajne kadry."), access=["group:hr"])
    world.upload(anna, ("moje.md", b"Moje notatki."), access=["user:anna"])
    world.upload(anna, ("skrzynka.md", b"Bez reguly."))
    world.upload(admin, ("janowe.md", b"Dla Jana."), access=["user:jan"])
    assert set(world.listed(anna)) == {"urlop.md", "kadry.md", "moje.md"}
    assert set(world.listed(jan)) == {"urlop.md", "janowe.md"}
    assert set(world.listed(world.key("hr", groups=["hr"]))) == {"urlop.md", "kadry.md"}
    assert len(world.listed(admin)) == 5
    taken = world.post(jan, ("kadry.md", b"Nadpisane."), access=["user:jan"])
    assert taken.status_code == 409
    assert "Tajne" not in taken.text
    below = world.post(jan, ("kadry.md/x.md", b"Pod plikiem."), access=["user:jan"])
    assert below.status_code == 409
    uploads = world.listed(admin)["kadry.md"]["source"]
    sync = world.client.post("/v1/sync", json={"sources": [uploads]}, headers=admin)
    assert world.ended(admin, sync.json()["id"])["outcome"]["unchanged"] == 4
    assert set(world.listed(jan)) == {"urlop.md", "janowe.md"}


def test_tenants_keep_apart(world: World, admin: dict[str, str]) -> None:
    other = world.key("other", tenant="other", scopes=["admin"])
    mine = world.upload(admin, ("wspolna.md", b"Nasza wersja."))
    theirs = world.upload(other, ("wspolna.md", b"Ich wersja."), access=["public"])
    assert set(world.listed(other)) == {"wspolna.md"}
    assert world.listed(other)["wspolna.md"]["id"] != world.listed(admin)["wspolna.md"]["id"]
    for headers, job in ((other, mine), (admin, theirs), (world.key("colleague"), mine)):
        answer = world.client.get(f"/v1/jobs/{job['id']}", headers=headers)
        missing = world.client.get("/v1/jobs/none", headers=headers)
        assert answer.status_code == missing.status_code == 404
        assert answer.json()["detail"].replace(job["id"], "none") == missing.json()["detail"]
    source = world.listed(admin)["wspolna.md"]["source"]
    sync = world.client.post("/v1/sync", json={"sources": [source]}, headers=other)
    assert sync.status_code == 404
    id = world.listed(other)["wspolna.md"]["id"]
    assert world.client.delete(f"/v1/documents/{id}", headers=admin).status_code == 404
    assert world.client.delete(f"/v1/documents/{id}", headers=other).status_code == 204


def test_an_administrator_sees_the_jobs_of_the_tenant(world: World, admin: dict[str, str]) -> None:
    anna = world.key("anna", user="anna")
    job = world.upload(anna, ("a.md", b"tekst"), access=["user:anna"])
    assert world.client.get(f"/v1/jobs/{job['id']}", headers=admin).status_code == 200


def test_a_file_that_cannot_be_indexed_is_not_kept(world: World, admin: dict[str, str]) -> None:
    job = world.upload(admin, ("zepsuty.pdf", b"%PDF-1.7 nothing"), ("dobry.md", b"Tekst."))
    assert job["state"] == "done"
    assert (job["outcome"]["added"], job["outcome"]["failed"]) == (1, 1)
    assert job["outcome"]["failures"][0]["path"] == "zepsuty.pdf"
    uploads = Path(world.listed(admin)["dobry.md"]["source"])
    assert [file.name for file in uploads.glob("*.*") if file.suffix != ".yaml"] == ["dobry.md"]
    assert "zepsuty" not in (uploads / "semsearch.yaml").read_text()


def test_a_broken_version_leaves_the_former(world: World, admin: dict[str, str]) -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "a@b.example", "Umowa"
    mail.set_content("Dobra wersja.")
    world.upload(admin, ("list.eml", mail.as_bytes()), tags=["pierwsza"])
    job = world.upload(admin, ("list.eml", b"\n\n"), tags=["druga"])
    assert job["outcome"]["failed"] == 1
    found = world.listed(admin)["list.eml"]
    assert found["tags"] == ["pierwsza"]
    file = world.client.get(f"/v1/documents/{found['id']}/file", headers=admin)
    assert b"Dobra wersja" in file.content


def test_a_deleted_document_is_gone_with_its_attachments(
    world: World, admin: dict[str, str]
) -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "a@b.example", "Umowa"
    mail.set_content("W załączniku.")
    mail.add_attachment("Tekst umowy.", filename="umowa.txt")
    anna = world.key("anna", user="anna")
    world.upload(anna, ("mail.eml", mail.as_bytes()), access=["user:anna"])
    found = world.listed(anna)
    attached = world.client.delete(
        f"/v1/documents/{found['mail.eml/umowa.txt']['id']}", headers=anna
    )
    assert attached.status_code == 409
    assert "attached to mail.eml" in attached.json()["detail"]
    path = f"/v1/documents/{found['mail.eml']['id']}"
    for who, status in (("jan", 404), ("anna", 204), ("anna", 404)):
        headers = anna if who == "anna" else world.key("jan", user="jan")
        assert world.client.delete(path, headers=headers).status_code == status
    assert set(world.listed(anna)) == {"urlop.md"}
    assert world.search(anna, "tekst umowy") == ["urlop.md"]
    uploads = Path(found["mail.eml"]["source"])
    assert not (uploads / "mail.eml").exists()


def test_a_document_of_a_folder_is_not_deleted(world: World, admin: dict[str, str]) -> None:
    id = world.listed(admin)["urlop.md"]["id"]
    kept = world.client.delete(f"/v1/documents/{id}", headers=admin)
    assert kept.status_code == 409
    assert ".semsearchignore" in kept.json()["detail"]
    reader = world.key("reader", scopes=["read"])
    assert world.client.delete(f"/v1/documents/{id}", headers=reader).status_code == 403
    assert "urlop.md" in world.listed(admin)


def test_a_sync_brings_a_folder_up_to_date(world: World, admin: dict[str, str]) -> None:
    (world.docs / "nowy.md").write_text("# Nowy\n\nNowy dokument o kantynie.\n")
    answer = world.client.post("/v1/sync", json={"sources": [str(world.docs)]}, headers=admin)
    assert answer.status_code == 202
    job = world.ended(admin, answer.json()["id"])
    assert (job["outcome"]["added"], job["outcome"]["unchanged"]) == (1, 1)
    assert world.search(admin, "kantyna")[0] == "nowy.md"
    (world.docs / "nowy.md").unlink()
    everything = world.client.post("/v1/sync", json={}, headers=admin).json()
    assert world.ended(admin, everything["id"])["outcome"]["deleted"] == 1
    assert set(world.listed(admin)) == {"urlop.md"}


def test_only_known_sources_are_synced(world: World, admin: dict[str, str], tmp_path: Path) -> None:
    answers = [
        world.client.post("/v1/sync", json={"sources": [source]}, headers=admin)
        for source in (str(tmp_path), "/no/such/folder", str(world.docs.parent), ".")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({a.json()["detail"].partition("'")[0] for a in answers}) == 1
    writer = world.key("writer")
    refused = world.client.post("/v1/sync", json={"sources": [str(world.docs)]}, headers=writer)
    assert refused.status_code == 403


def test_a_source_of_two_tenants_is_left_to_the_command_line(
    world: World, admin: dict[str, str]
) -> None:
    shared = world.docs / "acme"
    shared.mkdir()
    (shared / "semsearch.yaml").write_text("tenant: acme\naccess: [public]\n")
    (shared / "plan.md").write_text("Plan firmy acme.")
    run_sync([world.docs], world.settings)
    try:
        acme = world.key("acme", tenant="acme", scopes=["admin"])
        assert set(world.listed(acme)) == {"acme/plan.md"}
        for headers in (acme, admin):
            body = {"sources": [str(world.docs)]}
            answer = world.client.post("/v1/sync", json=body, headers=headers)
            job = world.ended(headers, answer.json()["id"])
            assert job["state"] == "failed"
            assert "command line" in job["error"]
        assert set(world.listed(admin)) == {"urlop.md"}
    finally:
        (shared / "plan.md").unlink()
        (shared / "semsearch.yaml").unlink()
        shared.rmdir()
        run_sync([world.docs], world.settings)


def test_deletions_that_look_like_an_accident_are_withheld(
    world: World, admin: dict[str, str]
) -> None:
    aside = world.docs.with_name("aside")
    world.docs.rename(aside)
    try:
        body = {"sources": [str(world.docs)]}
        id = world.client.post("/v1/sync", json=body, headers=admin).json()["id"]
        outcome = world.ended(admin, id)["outcome"]
        assert (outcome["withheld"], outcome["deleted"]) == (True, 0)
        assert "urlop.md" in world.listed(admin)
    finally:
        aside.rename(world.docs)


def test_a_job_is_followed_until_it_has_ended(world: World, admin: dict[str, str]) -> None:
    files = [(f"{n}.md", f"# {n}\n\nDokument numer {n}.".encode()) for n in range(20)]
    id = world.post(admin, *files).json()["job"]["id"]
    headers = admin | {"Accept": "text/event-stream"}
    with world.client.stream("GET", f"/v1/jobs/{id}", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in answer.iter_lines() if line]
    assert {line for line in lines if not line.startswith("data: ")} == {"event: job"}
    states = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert [state["ended"] is not None for state in states] == [False] * (len(states) - 1) + [True]
    assert states[-1] == world.client.get(f"/v1/jobs/{id}", headers=admin).json()
    assert states[-1]["outcome"]["added"] == 20


def test_jobs_wait_for_each_other_and_only_so_many(world: World, admin: dict[str, str]) -> None:
    answers = [world.post(admin, (f"{n}.md", b"Dokument.")) for n in range(8)]
    taken = [answer for answer in answers if answer.status_code == 202]
    sent_away = [answer for answer in answers if answer.status_code == 503]
    assert len(taken) + len(sent_away) == 8
    assert 4 <= len(taken) < 8  # one at work, three that wait
    assert all(int(answer.headers["retry-after"]) > 0 for answer in sent_away)
    jobs = [world.ended(admin, answer.json()["job"]["id"]) for answer in taken]
    assert {job["state"] for job in jobs} == {"done"}
    for former, latter in pairwise(jobs):
        assert former["ended"] <= latter["started"]
    assert not list((world.settings.data_dir / "incoming").iterdir())


def test_searches_are_answered_during_a_job(world: World, admin: dict[str, str]) -> None:
    files = [(f"{n}.md", ("# Rozdział\n\n" + "Zdanie. " * 500).encode()) for n in range(50)]
    id = world.post(admin, *files).json()["job"]["id"]
    seen = 0
    while world.client.get(f"/v1/jobs/{id}", headers=admin).json()["ended"] is None:
        assert "urlop.md" in world.search(admin, "urlop przysługuje każdemu")
        seen += 1
    assert seen > 1
    assert world.ended(admin, id)["outcome"]["added"] == 50


def test_unfinished_jobs_of_a_killed_service_have_failed(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("Tekst.")
    settings = settings_in(tmp_path)
    run_sync([docs], settings)
    jobs = Jobs(Database(settings.data_dir))
    waiting = jobs.add("default", "local", "upload")
    running = jobs.add("default", "local", "sync")
    jobs.start(running.id)
    left = settings.data_dir / "incoming" / "left"
    left.mkdir(parents=True)
    with TestClient(create_app(settings)) as client:
        for job in (waiting, running):
            state = client.get(f"/v1/jobs/{job.id}").json()
            assert state["state"] == "failed"
            assert "stopped" in state["error"]
            assert state["ended"]
    assert not left.exists()


def test_a_stopping_service_ends_its_job(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("Tekst.")
    settings = settings_in(tmp_path)
    run_sync([docs], settings)
    before = {thread.name for thread in threading.enumerate()}
    with TestClient(create_app(settings)) as client:
        files = [("files", (f"{n}.md", b"Zdanie o pracy. " * 5000)) for n in range(60)]
        id = client.post("/v1/documents", files=files).json()["job"]["id"]
        wait_until(lambda: client.get(f"/v1/jobs/{id}").json()["state"] == "running")
        start = time.monotonic()
    assert time.monotonic() - start < 20
    job = Jobs(Database(settings.data_dir)).get(id)
    assert job is not None
    assert job.state == "failed"
    assert "stopped" in (job.error or "")
    assert {thread.name for thread in threading.enumerate()} <= before
    report = run_sync([docs], settings)  # the index is free and whole
    assert not report.failures


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_job_ends_with_a_service_that_is_killed(tmp_path: Path) -> None:
    import subprocess
    import sys

    from ingest.order import Order, write_settings
    from search.domain import Principal

    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(400):
        (docs / f"{number}.md").write_text(f"Dokument {number}. " * 200)
    settings = settings_in(tmp_path)
    order = Order(principal=Principal("default", admin=True), sources=(str(docs),))
    job = subprocess.Popen(
        [sys.executable, "-P", "-m", "ingest.job"], text=True, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ.copy(),
    )  # fmt: skip
    assert job.stdin is not None and job.stdout is not None
    job.stdin.write(f"{write_settings(settings)}\n{order.model_dump_json()}\n")
    job.stdin.flush()
    assert json.loads(job.stdout.readline())["progress"]["of"] == 400
    job.stdin.close()  # as the kernel does when the service dies
    assert job.wait(10) == 1
    assert '"outcome":{' not in job.stdout.read()
    job.stdout.close()
    assert run_sync([docs], settings).plan.work
