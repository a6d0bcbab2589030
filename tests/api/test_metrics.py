"""`/metrics`: what Prometheus scrapes."""

import socket
from collections.abc import Iterator

import httpx
import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from api.metrics import Metrics
from search.errors import ConfigError, StoreError
from search.settings import Settings
from search.state.database import Database
from search.state.keys import Keys, Scope
from tests.ingest.folders import changed, index_folder

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("metered")
    docs = folder / "docs"
    docs.mkdir()
    (docs / "urlop.md").write_text("# Urlop\n\nZaległy urlop mija 30 września.\n")
    (docs / "travel.md").write_text("# Travel\n\nExpenses are paid within two weeks.\n")
    return index_folder(docs, folder)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings)) as client:
        yield client


def samples(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def labelled(**labels: str) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


def test_what_is_counted(client: TestClient) -> None:
    for _ in range(3):
        client.post("/v1/search", json={"query": "urlop"})
    client.get("/v1/documents/none")
    client.request("BREW", "/coffee")
    client.get("/no/such/path")
    found = samples(client.get("/metrics").text)
    count = "semsearch_requests_total"
    searched = labelled(method="POST", route="/v1/search", status="200")
    assert found[count, searched] == 3
    missing = labelled(method="GET", route="/v1/documents/{id}", status="404")
    assert found[count, missing] == 1
    assert found[count, labelled(method="OTHER", route="unmatched", status="404")] == 1
    assert found[count, labelled(method="GET", route="unmatched", status="404")] == 1
    for stage in ("embed", "analyse", "retrieve", "count"):
        assert found["semsearch_stage_seconds_count", labelled(stage=stage)] == 3
        assert found["semsearch_stage_seconds_sum", labelled(stage=stage)] > 0
    assert found["semsearch_requests_in_flight", labelled()] == 1  # this scrape
    assert found["semsearch_index_documents", labelled()] == 2
    assert found["semsearch_index_chunks", labelled()] == 2
    assert found["semsearch_index_bytes", labelled()] > 0
    assert found["semsearch_query_cache_misses_total", labelled()] == 1
    assert found["semsearch_query_cache_hits_total", labelled()] == 2
    assert found["semsearch_requests_at_work", labelled()] == 0
    assert found["semsearch_requests_waiting", labelled()] == 0
    assert found["semsearch_jobs_waiting", labelled()] == 0


def test_jobs_that_wait_are_counted(client: TestClient) -> None:
    for _ in range(3):
        assert client.post("/v1/sync", json={}).status_code == 202
    waiting = samples(client.get("/metrics").text)["semsearch_jobs_waiting", labelled()]
    assert 2 <= waiting <= 3  # whether or not the first has already begun


def test_nothing_tells_tenants_paths_or_queries(client: TestClient) -> None:
    client.post("/v1/search", json={"query": "urlop"})
    client.get("/v1/documents", params={"title": "urlop"})
    text = client.get("/metrics").text
    assert "urlop" not in text
    assert "default" not in text
    labels = {name for _, pairs in samples(text) for name, _ in pairs}
    assert labels == {"method", "route", "status", "stage", "le"}


@pytest.mark.parametrize(
    ("scopes", "status"),
    [(["metrics"], 200), (["admin"], 200), (["read", "write"], 403), (None, 401)],
)
def test_with_keys_it_needs_a_scope(
    settings: Settings, scopes: list[Scope] | None, status: int
) -> None:
    locked = changed(settings, "auth", mode="keys")
    headers = {}
    if scopes is not None:
        secret, _ = Keys(Database(settings.data_dir)).create("m", "default", scopes=scopes)
        headers = {"Authorization": f"Bearer {secret}"}
    with TestClient(create_app(locked), headers=headers) as client:
        assert client.get("/metrics").status_code == status
        if scopes == ["metrics"]:
            assert client.post("/v1/search", json={"query": "x"}).status_code == 403


def test_off(settings: Settings) -> None:
    with TestClient(create_app(changed(settings, "metrics", mode="off"))) as client:
        assert client.get("/metrics").status_code == 404


def test_on_a_port_of_its_own(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    apart = changed(settings, "metrics", mode="port", port=port)
    with TestClient(create_app(apart)) as client:
        assert client.get("/metrics").status_code == 404
        client.get("/healthz")
        found = samples(httpx.get(f"http://127.0.0.1:{port}/metrics").text)
        healthy = labelled(method="GET", route="/healthz", status="200")
        assert found["semsearch_requests_total", healthy] == 1
        taken = pytest.raises(ConfigError, match="METRICS__PORT")
        with taken, Metrics().listening(apart.metrics):
            pass
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/metrics")


def test_watched_figures() -> None:
    metrics, hits = Metrics(), [0]
    metrics.watch("semsearch_query_cache_hits", "Hits.", lambda: hits[0], kind="counter")
    metrics.watch("semsearch_jobs", "Jobs.", lambda: {"running": 1.0, "done": 7}, label="state")
    hits[0] = 5
    found = samples(metrics.exposition().decode())
    assert found["semsearch_query_cache_hits_total", labelled()] == 5
    assert found["semsearch_jobs", labelled(state="done")] == 7


def test_a_store_that_fails_leaves_a_gap_and_no_error() -> None:
    def broken() -> float:
        raise StoreError("gone")

    metrics = Metrics()
    metrics.watch("semsearch_index_chunks", "Chunks.", broken)
    metrics.began()
    found = samples(metrics.exposition().decode())
    assert found == {("semsearch_requests_in_flight", frozenset()): 1}
