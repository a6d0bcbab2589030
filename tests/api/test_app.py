"""The HTTP service, over the fake embedder and a real embedded store."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from search.domain import Vector
from search.embedders.base import ModelSpec
from search.embedders.fake import FakeEmbedder
from search.errors import ConfigError, ModelMissingError
from search.settings import Settings, load_settings
from search.stores.remote import RemoteStore
from tests.ingest.folders import index_folder


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("app")
    docs = folder / "docs"
    docs.mkdir()
    (docs / "urlop.md").write_text("# Urlop\n\nZaległy urlop wykorzystuje się do 30 września.\n")
    (docs / "travel.md").write_text("# Travel\n\nTravel expenses are paid within two weeks.\n")
    return index_folder(docs, folder)


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings)) as client:
        yield client


def test_a_search(client: TestClient) -> None:
    answer = client.post("/v1/search", json={"query": "zaległe urlopy"})
    assert answer.status_code == 200
    body = answer.json()
    hit = body["hits"][0]
    assert (hit["path"], hit["title"]) == ("urlop.md", "Urlop")
    marked = [hit["text"][start:end] for start, end in hit["marks"]]
    assert marked == ["Zaległy", "urlop"]
    assert {"embed", "retrieve", "total"} <= set(body["timings_ms"])
    assert body["trace_id"]


def test_filters_and_limit(client: TestClient) -> None:
    where = {"field": "path", "equals": "travel.md"}
    body = {"query": "urlop travel", "filter": where, "limit": 1}
    hits = client.post("/v1/search", json=body).json()["hits"]
    assert [hit["path"] for hit in hits] == ["travel.md"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "query"),
        ({"query": ""}, "query"),
        ({"query": "   "}, "query"),
        ({"query": "x" * 5000}, "query"),
        ({"query": "x", "limit": 0}, "limit"),
        ({"query": "x", "mode": "magic"}, "mode"),
        ({"query": "x", "filter": {"field": "colour", "equals": "red"}}, "language, author"),
        ({"query": "x", "filter": {"field": "type", "equals": "md", "gte": 1}}, "exactly one"),
        ({"query": "x", "filter": {"field": "type", "gte": 3}}, "no order"),
        ({"query": "x", "filter": {"field": "year", "equals": "x"}}, "whole number"),
        ({"query": "x", "filter": {"field": "year", "gte": "2025-01-01"}}, "numbers"),
        ({"query": "x", "filter": {"field": "modified", "gte": 3}}, "dates"),
        ({"query": "x", "filter": {"field": "modified", "equals": "x"}}, "range"),
        ({"query": "x", "filter": {"field": "language", "contains": "x"}}, "searched in"),
        ({"query": "x", "filter": {"field": "tenant", "equals": "other"}}, "no field"),
        ({"query": "x", "filter": {"field": "access", "equals": "public"}}, "no field"),
        ({"query": "x", "filter": {"all": 3}}, "filter.all"),
        ({"query": "x", "rerank": "gpt"}, "gpt is not offered"),
        ({"query": "x", "facets": ["tenant"]}, "facets"),
        ({"query": "x", "depth": 3}, "depth"),
    ],
)
def test_a_wrong_request_is_a_problem_that_names_the_field(
    client: TestClient, body: dict[str, object], field: str
) -> None:
    answer = client.post("/v1/search", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in answer.json()["detail"]


def test_health(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz").json()
    assert ready["status"] == "ready"
    assert ready["model"] == "fake"
    assert ready["checks"] == {"model": "loaded", "store": "answers", "index": "compatible"}


class BrokenModel(FakeEmbedder):
    def embed_query(self, text: str) -> Vector:
        raise ModelMissingError("there is no model in /srv/secret-folder")


class OtherModel(FakeEmbedder):
    @property
    def spec(self) -> ModelSpec:
        return replace(super().spec, revision="fake-2")


@pytest.mark.parametrize(
    ("embedder", "check", "why"),
    [
        (BrokenModel(), "model", "failed: ModelMissingError"),
        (OtherModel(), "index", "failed: IndexMismatchError"),
    ],
)
def test_what_is_not_ready_is_said_but_no_more(
    client: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    embedder: FakeEmbedder,
    check: str,
    why: str,
) -> None:
    app: Any = client.app
    monkeypatch.setattr(app.state.pipeline, "embedder", embedder)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    body = answer.json()
    assert body["status"] == "not ready"
    assert body["checks"].pop(check) == why
    assert not any(found.startswith("failed") for found in body["checks"].values())
    assert "secret" not in answer.text


def test_without_its_store_it_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A\n\nUrlop.\n")
    with TestClient(create_app(index_folder(tmp_path / "docs", tmp_path))) as client:
        app: Any = client.app
        app.state.pipeline.store = RemoteStore(tmp_path / "data" / "index")
        note = tmp_path / "data" / "index.owner.json"
        note.rename(note.with_suffix(".gone"))
        app.state.pipeline.store.close()
        checks = client.get("/readyz").json()["checks"]
        assert checks["model"] == "loaded"
        assert checks["store"] == checks["index"] == "failed: StoreUnavailableError"
        assert client.get("/healthz").status_code == 200
        note.with_suffix(".gone").rename(note)


def test_a_service_may_start_before_anything_is_indexed(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "none", embedder={"model": "fake"})
    with TestClient(create_app(settings)) as client:
        assert client.get("/readyz").json()["status"] == "ready"
        found = client.post("/v1/search", json={"query": "urlop"}).json()
        assert (found["hits"], found["total"]) == ([], 0)
        assert client.get("/v1/suggest", params={"q": "u"}).json()["suggestions"] == []


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "example.com", "::"])
def test_only_loopback(settings: Settings, host: str) -> None:
    with pytest.raises(ConfigError, match=r"127\.0\.0\.1"):
        create_app(settings, host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_by_any_name(settings: Settings, host: str) -> None:
    assert create_app(settings, host=host).title == "semsearch"


@pytest.mark.parametrize("depth", [9, 50, 300, 450])
@pytest.mark.parametrize("wrap", [lambda inner: {"not": inner}, lambda inner: {"all": [inner]}])
def test_a_deep_filter_is_refused(client: TestClient, depth: int, wrap: Any) -> None:
    where: dict[str, object] = {"field": "type", "equals": "md"}
    for _ in range(depth):
        where = wrap(where)
    answer = client.post("/v1/search", json={"query": "x", "filter": where})
    assert answer.status_code == 422
    assert "nested more than 8 deep" in answer.json()["detail"]


def test_a_filter_as_deep_as_may_be_is_taken(client: TestClient) -> None:
    where: dict[str, object] = {"field": "type", "equals": "md"}
    for _ in range(8):
        where = {"not": where}
    answer = client.post("/v1/search", json={"query": "urlop", "filter": where})
    assert answer.json()["total"] == 2


def test_a_body_nested_beyond_all_measure_is_a_problem(client: TestClient) -> None:
    body = '{"query": "x", "filter": ' + '{"not": ' * 20_000
    answer = client.post("/v1/search", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_filter_of_too_many_parts_is_refused(client: TestClient) -> None:
    part = {"field": "type", "equals": "md"}
    where = {"all": [{"any": [part] * 50}] * 5}
    answer = client.post("/v1/search", json={"query": "x", "filter": where})
    assert answer.status_code == 422
    assert "at most 200" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"field": "language", "any_of": ["pl"]}, {"urlop.md"}),
        ({"not": {"field": "language", "equals": "pl"}}, {"travel.md"}),
        ({"field": "title", "contains": "TRAV"}, {"travel.md"}),
        ({"field": "modified", "gte": "2020-01-01"}, {"travel.md", "urlop.md"}),
        ({"field": "modified", "lt": "2020-01-01T00:00:00Z"}, set()),
        ({"field": "size", "gt": 1, "lt": 10_000}, {"travel.md", "urlop.md"}),
        ({"any": [{"field": "title", "contains": "url"}, {"field": "type", "equals": "pdf"}]},
         {"urlop.md"}),
        ({"all": []}, {"travel.md", "urlop.md"}),
        ({"any": []}, set()),
    ],
)  # fmt: skip
def test_filters_hold_for_hits_total_and_facets(
    client: TestClient, where: dict[str, object], found: set[str]
) -> None:
    body = {"query": "urlop travel", "filter": where, "facets": ["type", "language", "year"]}
    answer = client.post("/v1/search", json=body).json()
    assert {hit["path"] for hit in answer["hits"]} == found
    assert answer["total"] == len(found)
    assert sum(answer["facets"]["type"].values()) == len(found)
    assert set(answer["facets"]) == {"type", "language", "year"}


def test_simple_callers(client: TestClient) -> None:
    parameters = {"q": "zaległe urlopy", "limit": "1", "language": "pl"}
    answer = client.get("/v1/search", params=parameters).json()
    assert [hit["path"] for hit in answer["hits"]] == ["urlop.md"]
    hit = answer["hits"][0]
    marked = [hit["snippet"]["text"][a:b] for a, b in hit["snippet"]["marks"]]
    assert marked == ["Zaległy", "urlop"]
    assert answer["served_by"]["model"] == "fake"
    assert client.get("/v1/search").status_code == 422


def test_nothing_of_a_bug_leaves_the_service(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    app: Any = client.app
    monkeypatch.setattr(app.state.pipeline, "store", None)
    answer = TestClient(app, raise_server_exceptions=False).post("/v1/search", json={"query": "x"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "NoneType" not in answer.text
    assert "Traceback" not in answer.text


def test_bodies_have_a_limit(client: TestClient) -> None:
    answer = client.post("/v1/search", json={"query": "x" * 300_000})
    assert answer.status_code == 413
    chunks = (b"x" * 100_000 for _ in range(4))
    answer = client.post("/v1/search", content=chunks)
    assert answer.status_code == 413


def test_headers_and_unknown_paths(client: TestClient) -> None:
    answer = client.get("/v1/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in answer.headers
    assert client.delete("/v1/search").status_code == 405
