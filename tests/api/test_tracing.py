"""One trace for each request: in the answer, the log and the spans."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from api.app import create_app
from api.telemetry import Spans
from api.tracing import TraceParent
from search.errors import ConfigError
from search.settings import Settings
from search.state.database import Database
from search.state.keys import Keys
from tests.ingest.folders import changed, index_folder, settings_in

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
SECRET = "zaległe urlopy prezesa"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("traced")
    docs = folder / "docs"
    docs.mkdir()
    (docs / "semsearch.yaml").write_text("access: [public]\n")
    (docs / "urlop.md").write_text("# Urlop\n\nZaległy urlop prezesa mija 30 września.\n")
    return changed(index_folder(docs, folder), "auth", mode="keys")


@pytest.fixture(scope="module")
def headers(settings: Settings) -> dict[str, str]:
    secret, _ = Keys(Database(settings.data_dir)).create("intranet", "default", user="anna")
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def client(
    settings: Settings, headers: dict[str, str], exporter: InMemorySpanExporter
) -> Iterator[TestClient]:
    spans = Spans(SimpleSpanProcessor(exporter), queries=False)
    with TestClient(create_app(settings, observers=[spans]), headers=headers) as client:
        yield client
    spans.close()


def lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "semsearch.access"]


def by_name(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


@pytest.mark.parametrize(
    ("header", "valid"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", True),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-brings", True),
        ("", False),
        (f"00-{TRACE}-{SPAN}", False),
        (f"00-{TRACE.upper()}-{SPAN}-01", False),
        (f"00-{'0' * 32}-{SPAN}-01", False),
        (f"00-{TRACE}-{'0' * 16}-01", False),
        (f"ff-{TRACE}-{SPAN}-01", False),
        (f"00-{TRACE}-{SPAN}-01-more", False),
        (f"00-{TRACE}0-{SPAN}-01", False),
    ],
)
def test_traceparent(header: str, valid: bool) -> None:
    read = TraceParent.read(header)
    assert (read is not None) == valid
    if read:
        assert (read.trace_id, read.span_id, read.sampled) == (TRACE, SPAN, "-01" in header)


def test_the_caller_s_trace_goes_on(client: TestClient, exporter: InMemorySpanExporter) -> None:
    headers = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
    answer = client.post("/v1/search", json={"query": SECRET}, headers=headers)
    assert answer.headers["x-trace-id"] == answer.json()["trace_id"] == TRACE
    request = by_name(exporter)["POST /v1/search"]
    assert request.context and request.parent
    assert f"{request.context.trace_id:032x}" == TRACE
    assert f"{request.parent.span_id:016x}" == SPAN


def test_a_malformed_header_begins_a_new_trace(client: TestClient) -> None:
    ids = {
        client.get("/healthz", headers={"traceparent": "00-nonsense"}).headers["x-trace-id"]
        for _ in range(3)
    }
    assert len(ids) == 3
    assert all(re.fullmatch("[0-9a-f]{32}", id) for id in ids)


def test_answer_header_log_and_spans_name_the_same_trace(
    client: TestClient, exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "semsearch.access")
    answer = client.post("/v1/search", json={"query": SECRET})
    id = answer.json()["trace_id"]
    assert answer.headers["x-trace-id"] == id
    [line] = lines(caplog)
    assert vars(line)["trace_id"] == id
    traces = {span.context.trace_id for span in exporter.get_finished_spans() if span.context}
    assert traces == {int(id, 16)}


def test_spans_by_stage(client: TestClient, exporter: InMemorySpanExporter) -> None:
    client.post("/v1/search", json={"query": SECRET, "facets": ["type"]})
    spans = by_name(exporter)
    assert set(spans) == {
        "POST /v1/search", "total", "embed", "analyse", "retrieve", "count", "facets",
    }  # fmt: skip
    inside = {"total": "POST /v1/search", "embed": "total", "retrieve": "total",
              "count": "POST /v1/search"}  # fmt: skip
    for name, around in inside.items():
        parent, context = spans[name].parent, spans[around].context
        assert parent and context and parent.span_id == context.span_id
    request = spans["POST /v1/search"]
    assert request.attributes == {
        "http.request.method": "POST", "http.route": "/v1/search",
        "http.response.status_code": 200, "semsearch.mode": "hybrid", "semsearch.hits": 1,
        "semsearch.total": 1,
    }  # fmt: skip
    begin, end = request.start_time or 0, request.end_time or 0
    assert all(begin <= (span.start_time or 0) <= (span.end_time or 0) for span in spans.values())
    assert 0 < end - begin < 60e9


def test_the_query_is_told_only_where_it_may_be(
    settings: Settings, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for allowed in (False, True):
        caplog.clear()
        exporter = InMemorySpanExporter()
        spans = Spans(SimpleSpanProcessor(exporter), queries=allowed)
        logged = changed(settings, "logging", queries=allowed)
        with TestClient(create_app(logged, observers=[spans]), headers=headers) as client:
            client.post("/v1/search", json={"query": SECRET})
            client.get("/v1/search", params={"q": SECRET})
        told = "".join(str(vars(record)) for record in lines(caplog))
        sent = "".join(str(span.attributes) for span in exporter.get_finished_spans())
        assert (SECRET in told) == (SECRET in sent) == allowed
        assert headers["Authorization"].split()[1] not in told + sent
        assert "września" not in told + sent
        spans.close()


def test_an_access_line(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "semsearch.access")
    id = client.get("/v1/documents").json()["documents"][0]["id"]
    client.get(f"/v1/documents/{id}")
    client.get(f"/v1/documents/{id}", headers={"Authorization": "Bearer sem_wrong"})
    client.get("/nothing/here")
    client.post("/v1/search", json={"query": "urlop"})
    facts: list[dict[str, Any]] = [vars(line) for line in lines(caplog)]
    told = [(f["method"], f["route"], f["status"], f.get("tenant"), f.get("key")) for f in facts]
    assert told == [
        ("GET", "/v1/documents", 200, "default", "intranet"),
        ("GET", "/v1/documents/{id}", 200, "default", "intranet"),
        ("GET", "/v1/documents/{id}", 401, None, None),
        ("GET", "unmatched", 404, None, None),
        ("POST", "/v1/search", 200, "default", "intranet"),
    ]
    assert facts[-1]["user"] == "anna"
    assert {"embed", "retrieve", "count"} <= set(facts[-1]["stages_ms"])
    assert facts[-1]["ms"] >= facts[-1]["stages_ms"]["total"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/nothing", None, 404),
        ("POST", "/v1/search", {}, 422),
        ("POST", "/v1/search", {"query": "x" * 300_000}, 413),
        ("GET", "/v1/documents/none", None, 404),
    ],
)
def test_problems_carry_the_trace(
    client: TestClient, method: str, path: str, body: object, status: int
) -> None:
    answer = client.request(method, path, json=body)
    assert answer.status_code == status
    assert answer.json()["trace_id"] == answer.headers["x-trace-id"]


def test_so_does_a_bug(
    client: TestClient,
    headers: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    app: Any = client.app
    monkeypatch.setattr(app.state.pipeline, "embedder", None)
    plain = TestClient(app, raise_server_exceptions=False, headers=headers)
    answer = plain.post("/v1/search", json={"query": "x"})
    assert answer.status_code == 500
    assert answer.json()["trace_id"] == answer.headers["x-trace-id"]
    [line] = lines(caplog)
    assert vars(line)["trace_id"] == answer.json()["trace_id"]
    assert vars(line)["status"] == 500


def test_a_collector_needs_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "api.telemetry", None)
    settings = changed(settings_in(tmp_path), "telemetry", otlp_endpoint="http://127.0.0.1:4318")
    with pytest.raises(ConfigError, match=r"semsearch\[otel\]"):
        create_app(settings)
    assert create_app(settings_in(tmp_path)).title == "semsearch"
