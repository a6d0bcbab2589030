"""Answers of a language model over HTTP: in pieces, checked, stopped when nobody reads."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.search.llms.chat_service import Reply, Service, chat_service
from tests.serving import run, served

pytestmark = pytest.mark.processes

PASSAGE = "Zaległy urlop wykorzystuje się do 30 września następnego roku."
QUOTE = "wykorzystuje się do 30 września"
BODY = {"query": "Do kiedy wykorzystuje się zaległy urlop?", "answer": "on"}


@contextmanager
def asking(folder: Path, model: Service) -> Iterator[httpx.Client]:
    """Serve an index of one document, whose answerer is a language model."""
    (folder / "docs").mkdir()
    (folder / "docs" / "urlop.md").write_text(f"# Urlop\n\n{PASSAGE}\n", encoding="utf-8")
    environment = os.environ | {
        "SEMSEARCH_EMBEDDER__MODEL": "fake",
        "SEMSEARCH_DATA_DIR": str(folder / "data"),
        "SEMSEARCH_INGEST__DEFAULT_ACCESS": "public",
        "SEMSEARCH_LAYER__ANSWERER": f"llm:{model.url}#tiny",
    }
    run(environment, "ingest", str(folder / "docs"))
    with served(environment) as (_, url), httpx.Client(base_url=url, timeout=30) as client:
        yield client


def events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in lines:
        if line.startswith("event:"):
            name = line.removeprefix("event:").strip()
        elif line.startswith("data:"):
            yield name, json.loads(line.removeprefix("data:"))


def reply(text: str) -> str:
    claim = {"passage": 1, "quote": QUOTE, "text": text}
    return json.dumps({"answerable": True, "claims": [claim]}, ensure_ascii=False)


def test_hits_come_first_then_drafts_then_the_checked_answer(tmp_path: Path) -> None:
    written = reply("Zaległy urlop wykorzystuje się do 30 września.")
    pieces = [written[start : start + 7] for start in range(0, len(written), 7)]
    with chat_service(Reply(pieces=pieces)) as model, asking(tmp_path, model) as client:
        headers = {"Accept": "text/event-stream"}
        with client.stream("POST", "/v1/search", json=BODY, headers=headers) as answer:
            found = list(events(answer.iter_lines()))
    names = [name for name, _ in found]
    assert names[0] == "result" and names[-1] == "answer" and names.count("draft") > 1
    assert found[0][1]["hits"][0]["path"] == "urlop.md"
    final = found[-1][1]["answer"]
    assert final["text"] == "Zaległy urlop wykorzystuje się do 30 września."
    [citation] = final["citations"]
    assert (citation["path"], citation["quote"]) == ("urlop.md", QUOTE)
    drafted = "".join(data["text"] for name, data in found if name == "draft")
    assert drafted == final["text"]
    asked = model.asked[0]
    assert PASSAGE in asked["messages"][1]["content"]
    assert asked["response_format"]["type"] == "json_schema"
    assert asked["temperature"] == 0


def test_the_model_stops_when_its_reader_leaves(tmp_path: Path) -> None:
    start = '{"answerable": true, "claims": [{"passage": 1, "quote": "x", "text": "'
    endless = Reply(pieces=[start, *["urlop "] * 2000], pause=0.01)
    with chat_service(endless) as model, asking(tmp_path, model) as client:
        headers = {"Accept": "text/event-stream"}
        with client.stream("POST", "/v1/search", json=BODY, headers=headers) as answer:
            for name, _ in events(answer.iter_lines()):
                if name == "draft":
                    break
        assert model.left.wait(10)
        assert model.written < 1500


def test_what_it_invents_is_withheld(tmp_path: Path) -> None:
    invented = reply("Zaległy urlop przepada po 45 dniach.")
    with chat_service(Reply(pieces=[invented])) as model, asking(tmp_path, model) as client:
        found = client.post("/v1/search", json=BODY).json()
    assert found.get("hits"), found
    assert (found["answer"]["answered"], found["answer"]["withheld"]) == (False, "unsupported")
    assert found["answer"]["events"] == {"claims_dropped": 1}


def test_a_model_that_fails_costs_the_answer_only(tmp_path: Path) -> None:
    with chat_service(Reply(500)) as model, asking(tmp_path, model) as client:
        found = client.post("/v1/search", json=BODY).json()
    assert found.get("hits"), found
    assert found["answer"]["degraded"] == "answer_failed"
