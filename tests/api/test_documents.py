"""`/v1/documents`: listing, describing, reading and downloading."""

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.ingest.folders import index_folder


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents") / "docs"
    (folder / "hr").mkdir(parents=True)
    for number in range(5):
        text = f"# Regulamin {number}\n\nTreść numer {number}.\n"
        (folder / "hr" / f"{number}.md").write_text(text)
    (folder / "strona.html").write_text("<h1>Strona</h1><p>Tekst<script>alert(1)</script>")
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "a@b.example", "Umowa"
    mail.set_content("W załączniku.")
    mail.add_attachment("Tekst umowy.", filename="umowa.txt")
    (folder / "mail.eml").write_bytes(mail.as_bytes())
    return folder


@pytest.fixture(scope="module")
def client(docs: Path) -> Iterator[TestClient]:
    with TestClient(create_app(index_folder(docs, docs.parent))) as client:
        yield client


def listed(client: TestClient, **parameters: Any) -> list[str]:
    answer = client.get("/v1/documents", params=parameters).json()
    return [document["path"] for document in answer["documents"]]


def id_of(client: TestClient, path: str) -> str:
    documents = client.get("/v1/documents").json()["documents"]
    return next(str(d["id"]) for d in documents if d["path"] == path)


def test_pages_neither_overlap_nor_leave_gaps(client: TestClient) -> None:
    everything = listed(client)
    assert len(everything) == 8
    assert everything == sorted(everything)
    for sort in ("path", "title", "modified", "size"):
        for descending in (False, True):
            found: list[str] = []
            cursor = None
            while True:
                parameters = {"sort": sort, "descending": descending, "limit": 3}
                if cursor:
                    parameters["cursor"] = cursor
                page = client.get("/v1/documents", params=parameters).json()
                assert page["total"] == 8
                found += [document["path"] for document in page["documents"]]
                cursor = page["next"]
                if cursor is None:
                    break
            assert sorted(found) == everything


def test_listing_is_filtered(client: TestClient) -> None:
    assert listed(client, type="html") == ["strona.html"]
    assert listed(client, title="REGULAMIN 3") == ["hr/3.md"]
    assert listed(client, path="hr/") == [f"hr/{number}.md" for number in range(5)]
    assert listed(client, language="xx") == []
    for cursor in ("nonsense", "WyJwYXRoIiwgMSwgMl0="):
        assert client.get("/v1/documents", params={"cursor": cursor}).status_code == 422


def test_a_document(client: TestClient) -> None:
    id = id_of(client, "hr/3.md")
    found = client.get(f"/v1/documents/{id}").json()
    assert (found["title"], found["type"], found["chunks"]) == ("Regulamin 3", "md", 1)
    [chunk] = client.get(f"/v1/documents/{id}/chunks").json()
    assert chunk["text"] == "Treść numer 3."
    text = client.get(f"/v1/documents/{id}/text")
    assert text.text == "Treść numer 3."
    assert text.headers["content-type"].startswith("text/plain")


def test_the_file(client: TestClient, docs: Path) -> None:
    answer = client.get(f"/v1/documents/{id_of(client, 'hr/3.md')}/file")
    assert answer.content == (docs / "hr" / "3.md").read_bytes()
    assert answer.headers["content-disposition"] == 'attachment; filename="3.md"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    page = client.get(f"/v1/documents/{id_of(client, 'strona.html')}/file")
    assert page.headers["content-type"] == "application/octet-stream"


def test_files_that_cannot_be_had(client: TestClient, docs: Path, tmp_path: Path) -> None:
    attached = client.get(f"/v1/documents/{id_of(client, 'mail.eml/umowa.txt')}/file")
    assert attached.status_code == 404
    assert "attached to mail.eml" in attached.json()["detail"]
    id = id_of(client, "hr/0.md")
    (tmp_path / "secret").write_text("secret")
    there = (docs / "hr" / "0.md").rename(tmp_path / "0.md")
    try:
        assert client.get(f"/v1/documents/{id}/file").status_code == 404
        (docs / "hr" / "0.md").symlink_to(tmp_path / "secret")
        assert client.get(f"/v1/documents/{id}/file").status_code == 404
    finally:
        there.replace(docs / "hr" / "0.md")


@pytest.mark.parametrize("part", ["", "/chunks", "/text", "/file"])
def test_no_such_document(client: TestClient, part: str) -> None:
    answer = client.get(f"/v1/documents/no-such-id{part}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_part_of_a_file_can_be_asked_for_and_one_that_is_not_there_is_a_problem(
    client: TestClient, docs: Path
) -> None:
    url = f"/v1/documents/{id_of(client, 'hr/1.md')}/file"
    content = (docs / "hr" / "1.md").read_bytes()
    part = client.get(url, headers={"Range": "bytes=2-6"})
    assert (part.status_code, part.content) == (206, content[2:7])
    for wrong in ("bytes=9999-", "bytes=x"):
        answer = client.get(url, headers={"Range": wrong})
        assert answer.status_code == 416
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["content-range"] == f"bytes */{len(content)}"
        assert f"{len(content)} bytes" in answer.json()["detail"]
