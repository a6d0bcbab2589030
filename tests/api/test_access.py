"""Who may see what: every endpoint under every kind of caller."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from search.settings import Settings
from search.state.database import Database
from search.state.jobs import FileFailure, Jobs, Outcome
from search.state.keys import Keys
from tests.ingest.folders import changed, run_sync, settings_in

NOBODYS_ID = "11111111-2222-5333-8444-555555555555"
SECRET = "Wynagrodzenie prezesa wynosi 40 000 zł"
SECRET_WORDS = ("prezes", "40 000", "place", "Płace", "kadry", "hr/")


@dataclass
class World:
    client: TestClient
    settings: Settings
    docs: Path
    keys: Keys
    secret_id: str
    public_id: str
    secret_job: str

    def key(self, name: str, **rights: Any) -> dict[str, str]:
        secret, _ = self.keys.create(name, rights.pop("tenant", "default"), **rights)
        return {"Authorization": f"Bearer {secret}"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("service")
    docs = folder / "docs"
    (docs / "hr").mkdir(parents=True)
    (docs / "hr" / "place.md").write_text(f"# Płace\n\n{SECRET}.\n")
    (docs / "urlop.md").write_text("# Urlop\n\nUrlop przysługuje każdemu.\n")
    (docs / "semsearch.yaml").write_text(
        "access: [public]\nrules:\n"
        "  - {match: 'hr/**', access: ['group:hr', 'user:prezes'], tags: [kadry]}\n"
    )
    settings = changed(settings_in(folder), "auth", mode="keys")
    assert not run_sync([docs], settings).failures
    keys = Keys(Database(settings.data_dir))
    with TestClient(create_app(settings, host="0.0.0.0")) as client:
        secret, _ = keys.create("setup", "default", scopes=["admin"])
        admin = {"Authorization": f"Bearer {secret}"}
        found = client.get("/v1/documents", headers=admin).json()["documents"]
        ids = {document["path"]: document["id"] for document in found}
        jobs = Jobs(Database(settings.data_dir))
        job = jobs.add("default", "key:somebody", "upload").id
        jobs.finish(job, Outcome(failures=(FileFailure("hr/place.md", SECRET),)))
        yield World(client, settings, docs, keys, ids["hr/place.md"], ids["urlop.md"], job)


@pytest.fixture
def world(service: World) -> World:
    """Return the service without any key."""
    with Database(service.settings.data_dir).connect() as connection:
        connection.execute("DELETE FROM keys")
    return service


def requests(world: World) -> list[tuple[str, str, dict[str, Any]]]:
    """Every endpoint under /v1, asked for what is secret."""
    id = world.secret_id
    like: dict[str, Any] = {"positive": [{"text": "Urlop"}]}
    query = {"query": SECRET, "facets": ["type", "language", "tags", "author", "year", "source"]}
    return [
        ("POST", "/v1/search", {"json": query}),
        ("POST", "/v1/search", {"json": query | {"per_document": 2, "sort": "newest"}}),
        ("POST", "/v1/search", {"json": query | {"mode": "dense"}}),
        ("POST", "/v1/search", {"json": query | {"mode": "lexical"}}),
        ("POST", "/v1/search", {"json": query | {"filter": {"field": "tags", "equals": "kadry"}}}),
        ("GET", "/v1/search", {"params": {"q": SECRET}}),
        ("GET", "/v1/search", {"params": {"q": SECRET, "tags": "kadry"}}),
        ("POST", "/v1/similar", {"json": {"positive": [{"text": SECRET}]}}),
        ("POST", "/v1/similar", {"json": like | {"per_document": 2}}),
        ("POST", "/v1/similar", {"json": like | {"facets": query["facets"], "likeness": "all"}}),
        ("POST", "/v1/similar", {"json": like | {"positive": [{"document_id": id}]}}),
        ("POST", "/v1/similar", {"json": like | {"positive": [{"document_id": id, "chunk": 0}]}}),
        ("POST", "/v1/similar", {"json": like | {"negative": [{"document_id": id}]}}),
        ("GET", "/v1/suggest", {"params": {"q": "pła"}}),
        ("GET", "/v1/suggest", {"params": {"q": "p"}}),
        ("GET", "/v1/documents", {}),
        ("GET", "/v1/documents", {"params": {"title": "płace"}}),
        ("GET", f"/v1/documents/{id}", {}),
        ("GET", f"/v1/documents/{id}/chunks", {}),
        ("GET", f"/v1/documents/{id}/text", {}),
        ("GET", f"/v1/documents/{id}/file", {}),
    ]


def changes(world: World) -> list[tuple[str, str, dict[str, Any], int]]:
    """Every endpoint that changes something, or tells of it, and what those get who may write
    but not read what is secret."""
    secret_source = {"sources": [str(world.docs / "hr")]}
    return [
        ("POST", "/v1/documents", {"files": {"files": ("..", b"x")}}, 422),
        ("DELETE", f"/v1/documents/{world.secret_id}", {}, 404),
        ("POST", "/v1/sync", {"json": secret_source}, 403),
        ("GET", f"/v1/jobs/{world.secret_job}", {}, 404),
    ]


def everything(world: World) -> list[tuple[str, str, dict[str, Any]]]:
    vote = {"trace_id": "0" * 32, "document_id": world.secret_id, "kind": "up"}
    return [
        *requests(world),
        *((method, path, what) for method, path, what, _ in changes(world)),
        ("POST", "/v1/feedback", {"json": vote}),  # of one's own searches only: see test_feedback
    ]


def test_the_list_of_endpoints_is_complete(world: World) -> None:
    asked = {
        (method, path.replace(world.secret_id, "{id}").replace(world.secret_job, "{id}"))
        for method, path, _ in everything(world)
    }
    paths = world.client.get("/openapi.json").json()["paths"]
    there = {(m.upper(), path) for path, methods in paths.items() for m in methods}
    assert {(m, path) for m, path in there if path.startswith("/v1")} == asked
    open_to_all = {"/healthz", "/readyz"}
    assert {path for _, path in there if not path.startswith("/v1")} == open_to_all | {"/metrics"}


def expired(world: World) -> dict[str, str]:
    headers = world.key("old", groups=["hr"], lifetime=timedelta(seconds=1))
    with Database(world.settings.data_dir).connect() as connection:
        past = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        connection.execute("UPDATE keys SET expires = ? WHERE name = 'old'", (past,))
    return headers


def revoked(world: World) -> dict[str, str]:
    headers = world.key("gone", groups=["hr"])
    world.keys.revoke("gone")
    return headers


OUTSIDERS: dict[str, Any] = {
    "none": lambda world: {},
    "empty": lambda world: {"Authorization": "Bearer "},
    "forged": lambda world: {"Authorization": "Bearer sem_" + "A" * 43},
    "other scheme": lambda world: {"Authorization": "Basic YTpi"},
    "expired": expired,
    "revoked": revoked,
}


@pytest.mark.parametrize("caller", OUTSIDERS)
def test_without_a_valid_key_nothing_is_answered(world: World, caller: str) -> None:
    headers = OUTSIDERS[caller](world)
    for method, path, what in everything(world):
        answer = world.client.request(method, path, headers=headers, **what)
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"
        assert not leaks(answer.text)


STRANGERS: dict[str, dict[str, Any]] = {
    "wrong group": {"groups": ["it"]},
    "no group": {},
    "a group named like the user": {"groups": ["prezes"]},
    "a user named like the group": {"user": "hr"},
    "wrong tenant": {"tenant": "other", "groups": ["hr"], "user": "prezes"},
    "administrator of another tenant": {"tenant": "other", "scopes": ["admin"]},
}


@pytest.mark.parametrize("caller", STRANGERS)
def test_strangers_meet_neither_content_nor_existence(world: World, caller: str) -> None:
    headers = world.key(caller, **STRANGERS[caller])
    other_tenant = STRANGERS[caller].get("tenant") == "other"
    for method, path, what in requests(world):
        answer = world.client.request(method, path, headers=headers, **what)
        secret = world.secret_id in f"{path} {what}"
        assert answer.status_code == (404 if secret else 200), (method, path)
        assert not leaks(answer.text.replace(SECRET, "")), (method, path)
        body = answer.json()
        if "facets" in body:
            assert body["total"] == sum(body["facets"].get("type", {"": body["total"]}).values())
        if "total" in body:
            assert body["total"] <= (0 if other_tenant else 1)
    for method, path, what in requests(world):
        if world.secret_id in f"{path} {what}":
            hidden = world.client.request(method, path, headers=headers, **what)
            gone = json.loads(json.dumps(what).replace(world.secret_id, NOBODYS_ID))
            path = path.replace(world.secret_id, NOBODYS_ID)
            missing = world.client.request(method, path, headers=headers, **gone)
            assert _told(hidden, world.secret_id) == _told(missing, NOBODYS_ID), (path, what)


def _told(answer: Any, id: str) -> str:
    """Return what an answer tells, but for the id asked for and that of the request."""
    told: str = answer.text.replace(id, "{id}").replace(answer.headers["x-trace-id"], "{trace}")
    return told


@pytest.mark.parametrize("caller", STRANGERS)
def test_strangers_who_may_write_change_and_learn_nothing(world: World, caller: str) -> None:
    rights: dict[str, Any] = {"scopes": ["read", "write"]} | STRANGERS[caller]
    headers = world.key(caller, **rights)
    for method, path, what, status in changes(world):
        answer = world.client.request(method, path, headers=headers, **what)
        may_sync = path == "/v1/sync" and "admin" in rights["scopes"]
        assert answer.status_code == (404 if may_sync else status), (method, path)
        assert not leaks(answer.text.replace(str(world.docs / "hr"), "")), (method, path)
    unknown = world.client.get("/v1/jobs/no-such-job", headers=headers).json()
    hidden = world.client.get(f"/v1/jobs/{world.secret_job}", headers=headers).json()
    assert unknown["detail"].replace("no-such-job", "") == hidden["detail"].replace(
        world.secret_job, ""
    )
    for method, path, what, _ in changes(world)[:3]:
        reader = world.key("reader", groups=["hr"], scopes=["read"])
        answer = world.client.request(method, path, headers=reader, **what)
        assert answer.status_code == 403, (method, path)


@pytest.mark.parametrize(
    "rights", [{"groups": ["hr"]}, {"user": "prezes"}, {"scopes": ["admin"]}], ids=str
)
def test_who_may_does(world: World, rights: dict[str, Any]) -> None:
    headers = world.key("right", **rights)
    for method, path, what in requests(world):
        answer = world.client.request(method, path, headers=headers, **what)
        assert answer.status_code == 200, (method, path)
        if world.secret_id in str(what):  # an example is not among what is like it
            assert [hit["path"] for hit in answer.json()["hits"]] == ["urlop.md"]
            continue
        assert "place.md" in answer.text + answer.headers.get("content-disposition", "") or (
            path.endswith(("/chunks", "/text")) and SECRET in answer.text
        ), (method, path)


def test_a_key_without_the_scope(world: World) -> None:
    headers = world.key("writer", groups=["hr"], scopes=["write"])
    for method, path, what in requests(world):
        answer = world.client.request(method, path, headers=headers, **what)
        assert answer.status_code == 403, (method, path)
        assert not leaks(answer.text)


def test_changes_take_effect_at_the_next_request(world: World) -> None:
    path = f"/v1/documents/{world.secret_id}"
    headers = world.key("hr", groups=["hr"])
    assert world.client.get(path, headers=headers).status_code == 200
    world.keys.revoke("hr")
    assert world.client.get(path, headers=headers).status_code == 401


def test_without_any_key_the_service_answers_401(world: World) -> None:
    assert not world.keys.all()
    assert world.client.post("/v1/search", json={"query": "x"}).status_code == 401
    assert world.client.get("/healthz").status_code == 200
    assert world.client.get("/openapi.json").status_code == 200


def leaks(text: str) -> bool:
    return any(word in text for word in SECRET_WORDS)
