"""The service as a process, seen from outside: its log, its figures, its spans."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from search.state.database import Database
from search.state.keys import Keys
from tests.serving import COMMAND, await_ready, run

pytestmark = pytest.mark.processes

QUERY = "zaległy urlop prezesa"
TRACE = "0af7651916cd43dd8448eb211c80319c"


class Collector(ThreadingHTTPServer):
    """Takes OTLP over HTTP, as a collector does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.received: list[tuple[str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def test_log_figures_and_spans_of_a_running_service(tmp_path: Path, collector: Collector) -> None:
    port, metrics_port = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "SEMSEARCH_EMBEDDER__MODEL": "fake",
        "SEMSEARCH_DATA_DIR": str(tmp_path / "data"),
        "SEMSEARCH_INGEST__DEFAULT_ACCESS": "public",
        "SEMSEARCH_AUTH__MODE": "keys",
        "SEMSEARCH_LOGGING__FORMAT": "json",
        "SEMSEARCH_METRICS__MODE": "port",
        "SEMSEARCH_METRICS__PORT": str(metrics_port),
        "SEMSEARCH_TELEMETRY__OTLP_ENDPOINT": collector.url,
    }
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "urlop.md").write_text("# Urlop\n\nZaległy urlop mija we wrześniu.\n")
    run(environment, "ingest", str(tmp_path / "docs"))
    key, _ = Keys(Database(tmp_path / "data")).create("intranet", "default")
    headers = {"Authorization": f"Bearer {key}", "traceparent": f"00-{TRACE}-{'b7' * 8}-01"}
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", str(port)],
        env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        await_ready(url)
        found = httpx.post(f"{url}/v1/search", json={"query": QUERY}, headers=headers).json()
        httpx.get(f"{url}/v1/search", params={"q": QUERY}, headers=headers)
        refused = httpx.get(f"{url}/v1/search", params={"q": QUERY})
        figures = httpx.get(f"http://127.0.0.1:{metrics_port}/metrics").text
    finally:
        process.terminate()
        _, log = process.communicate(timeout=30)
    assert found["hits"] and found["trace_id"] == TRACE
    greeting, *lines = log.splitlines()
    assert greeting.startswith(url)
    told = [json.loads(line) for line in lines]
    searches = [line for line in told if line.get("route") == "/v1/search"]
    assert [(s["method"], s["status"], s["trace_id"]) for s in searches] == [
        ("POST", 200, TRACE),
        ("GET", 200, TRACE),
        ("GET", 401, refused.json()["trace_id"]),
    ]
    assert searches[0]["key"] == "intranet"
    assert searches[0]["stages_ms"]["retrieve"] > 0
    assert 'semsearch_requests_total{method="POST",route="/v1/search",status="200"} 1.0' in figures
    spans = [
        span
        for path, body in collector.received
        if path == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    searched = {span.name for span in spans if span.trace_id.hex() == TRACE}
    assert {"POST /v1/search", "GET /v1/search", "embed", "retrieve", "count"} <= searched
    sent = b"".join(body for _, body in collector.received)
    for secret in (QUERY, key, "wrześniu"):
        assert secret not in log + figures
        assert secret.encode() not in sent


def test_without_a_collector_no_part_of_opentelemetry_is_loaded() -> None:
    code = (
        "import sys; from api.app import create_app; from search.settings import load_settings; "
        "create_app(load_settings()); "
        "sys.exit(any(name.startswith('opentelemetry.sdk') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
