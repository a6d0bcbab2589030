"""`semsearch feedback export`."""

import json
from pathlib import Path

from fastapi.testclient import TestClient

from api.app import create_app
from search.settings import load_settings
from tests.cli.conftest import Semsearch


def test_feedback_is_read_out_as_json_lines(semsearch: Semsearch, docs: Path) -> None:
    semsearch("ingest", str(docs))
    with TestClient(create_app(load_settings())) as client:
        found = client.post("/v1/search", json={"query": "zaległy urlop"}).json()
        hit = found["hits"][0]
        for kind in ("click", "up"):
            given = {
                "trace_id": found["trace_id"], "document_id": hit["document_id"],
                "chunk": hit["chunk"], "kind": kind, "note": "dokładnie to",
            }  # fmt: skip
            assert client.post("/v1/feedback", json=given).status_code == 204
    printed = semsearch("feedback", "export").out
    first, second = map(json.loads, printed.splitlines())
    assert (first["kind"], second["kind"]) == ("click", "up")
    assert first["trace_id"] == found["trace_id"]
    assert first["shown"][0] == {
        "document_id": hit["document_id"], "chunk": hit["chunk"], "score": hit["score"],
    }  # fmt: skip
    assert first["query"] is None
    assert "dokładnie to" in printed


def test_no_feedback_prints_nothing(semsearch: Semsearch) -> None:
    assert semsearch("feedback", "export").out == ""
