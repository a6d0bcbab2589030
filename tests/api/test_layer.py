"""The LLM layer over HTTP: switched per request, with what it cost."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.ingest.folders import changed, index_folder

PATH = "/v1/search"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("layer")
    (folder / "docs").mkdir()
    write(folder / "docs", "urlop.md", "# Urlop\n\nZaległy urlop mija 30 września.\n")
    write(folder / "docs", "travel.md", "# Travel\n\nExpenses are paid within two weeks.\n")
    settings = changed(index_folder(folder / "docs", folder), "layer", arms=("null",))
    with TestClient(create_app(settings)) as client:
        yield client


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


def ask(client: TestClient, **body: Any) -> dict[str, Any]:
    answer = client.post(PATH, json={"query": "zaległy urlop"} | body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_it_is_off_until_somebody_switches_it_on(client: TestClient) -> None:
    found = ask(client)
    assert (found["rerank"], found["answer"]) == (None, None)
    assert not {"rerank", "answer", "signals"} & set(found["timings_ms"])


def test_a_reranker_is_asked_and_its_cost_told(client: TestClient) -> None:
    base, found = ask(client), ask(client, rerank="null")
    assert [h["path"] for h in found["hits"]] == [h["path"] for h in base["hits"]]
    assert found["rerank"] == {
        "arm": "null", "passages": 2, "degraded": None, "events": {}, "prompt_tokens": 0,
        "completion_tokens": 0,
    }  # fmt: skip
    assert {"signals", "rerank"} <= set(found["timings_ms"])


def test_an_answer_comes_with_what_it_stands_on(client: TestClient) -> None:
    found = ask(client, answer="extractive")
    answer = found["answer"]
    assert answer["arm"] == "extractive"
    assert answer["answered"] == (answer["withheld"] is None)
    texts = {(hit["document_id"], hit["chunk"]): hit["text"] for hit in found["hits"]}
    for citation in answer["citations"]:
        text = texts[citation["document_id"], citation["chunk"]]
        assert text[citation["start"] : citation["end"]] == citation["quote"]
    assert "answer" in found["timings_ms"]


def test_simple_callers_can_switch_too(client: TestClient) -> None:
    found = client.get(PATH, params={"q": "urlop", "rerank": "null", "answer": "on"}).json()
    assert (found["rerank"]["arm"], found["answer"]["arm"]) == ("null", "extractive")


@pytest.mark.parametrize("switch", ["rerank", "answer"])
@pytest.mark.parametrize(
    "arm", ["likelihood:gpt", "cross-encoder:/etc", "llm:http://10.0.0.1/v1#x", "auto:null"]
)
def test_callers_choose_among_what_is_offered_only(
    client: TestClient, switch: str, arm: str
) -> None:
    refused = client.post(PATH, json={"query": "urlop", switch: arm})
    assert refused.status_code == 422
    assert "offered" in refused.json()["detail"]


def test_the_answer_streams_after_the_hits(client: TestClient) -> None:
    headers = {"Accept": "text/event-stream"}
    body = {"query": "zaległy urlop", "answer": "null"}
    with client.stream("POST", PATH, json=body, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = "".join(answer.iter_text())
    events = [
        (part.split("\n")[0].removeprefix("event: "), json.loads(part.split("data: ", 1)[1]))
        for part in text.strip().split("\n\n")
    ]
    assert events[0][0] == "result"
    assert events[0][1]["hits"][0]["path"] == "urlop.md"
    assert events[-1][0] == "answer"
    assert events[-1][1]["answer"]["arm"] == "null"
    assert "answer" in events[-1][1]["timings_ms"]
    drafts = "".join(data["text"] for name, data in events if name == "draft")
    assert drafts in ("", events[-1][1]["answer"]["text"])


def test_without_an_answerer_nothing_streams(client: TestClient) -> None:
    answer = client.post(PATH, json={"query": "urlop"}, headers={"Accept": "text/event-stream"})
    assert answer.json()["answer"] is None
