"""The HTTP service, over the fake embedder and a real embedded store."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from search.errors import ConfigError, IndexMissingError
from search.settings import Settings, load_settings
from tests.ingest.folders import index_folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "urlop.md").write_text("# Urlop\n\nZaległy urlop wykorzystuje się do 30 września.\n")
    (docs / "travel.md").write_text("# Travel\n\nTravel expenses are paid within two weeks.\n")
    return index_folder(docs, tmp_path)


@pytest.fixture
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
    body = {"query": "urlop travel", "filters": {"path": ["travel.md"]}, "limit": 1}
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
        ({"query": "x", "filters": {"colour": ["red"]}}, "filters.colour"),
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
    assert client.get("/healthz").json() == {"status": "ok", "documents": 2}


def test_without_an_index_the_service_does_not_start(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "none", embedder={"model": "fake"})
    with pytest.raises(IndexMissingError), TestClient(create_app(settings)):
        pass


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "example.com", "::"])
def test_only_loopback(settings: Settings, host: str) -> None:
    with pytest.raises(ConfigError, match=r"127\.0\.0\.1"):
        create_app(settings, host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_by_any_name(settings: Settings, host: str) -> None:
    assert create_app(settings, host=host).title == "semsearch"
