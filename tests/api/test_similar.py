"""More like this, and completions, over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.ingest.folders import index_folder

DOCS = {
    "urlop.md": "# Zaległy urlop\n\nUrlop zaległy wykorzystuje się do końca września.\n\n"
    "## Kiedy przepada\n\nUrlop przepada po trzech latach.\n",
    "wypoczynek.md": "# Wypoczynek\n\nUrlop wypoczynkowy to dwadzieścia dni.\n",
    "travel.md": "# Travel expenses\n\nTravel expenses are paid within two weeks.\n",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("similar")
    docs = folder / "docs"
    docs.mkdir()
    for name, text in DOCS.items():
        (docs / name).write_text(text)
    with TestClient(create_app(index_folder(docs, folder))) as client:
        yield client


@pytest.fixture(scope="module")
def ids(client: TestClient) -> dict[str, str]:
    found = client.get("/v1/documents").json()["documents"]
    return {document["path"]: document["id"] for document in found}


def similar(client: TestClient, *positive: dict[str, Any], **rest: Any) -> Any:
    answer = client.post("/v1/similar", json={"positive": positive, **rest})
    assert answer.status_code == 200, answer.text
    return answer.json()


def paths(answer: Any) -> list[str]:
    return list(dict.fromkeys(hit["path"] for hit in answer["hits"]))


def test_more_like_a_text(client: TestClient) -> None:
    answer = similar(client, {"text": "zaległy urlop"}, facets=["type"])
    assert paths(answer)[0] == "urlop.md"
    assert paths(answer)[-1] == "travel.md"
    assert (answer["total"], answer["facets"]) == (3, {"type": {"md": 3}})
    assert answer["served_by"]["mode"] == "dense"
    assert {"embed", "retrieve", "count", "total"} <= set(answer["timings_ms"])
    assert answer["trace_id"]


def test_more_like_a_document_without_itself(client: TestClient, ids: dict[str, str]) -> None:
    answer = similar(client, {"document_id": ids["urlop.md"]})
    assert paths(answer) == ["wypoczynek.md", "travel.md"]


def test_more_like_a_passage_finds_others_of_its_document(
    client: TestClient, ids: dict[str, str]
) -> None:
    answer = similar(client, {"document_id": ids["urlop.md"], "chunk": 0})
    assert ("urlop.md", 0) not in [(hit["path"], hit["chunk"]) for hit in answer["hits"]]
    assert set(paths(answer)) == set(DOCS)


def test_negative_examples_keep_things_away(client: TestClient, ids: dict[str, str]) -> None:
    unlike = {"negative": [{"document_id": ids["urlop.md"]}]}
    answer = similar(client, {"text": "urlop travel"}, **unlike)
    assert paths(answer) == ["travel.md", "wypoczynek.md"]
    for likeness in ("any", "all"):
        answer = similar(
            client, {"text": "urlop"}, negative=[{"text": "travel"}], likeness=likeness
        )
        assert paths(answer)[-1] == "travel.md"


def test_filters_limits_and_groups(client: TestClient) -> None:
    where = {"field": "language", "equals": "en"}
    assert paths(similar(client, {"text": "urlop"}, filter=where)) == ["travel.md"]
    everything = similar(client, {"text": "urlop"})["hits"]
    assert similar(client, {"text": "urlop"}, limit=2, offset=1)["hits"] == everything[1:3]
    grouped = similar(client, {"text": "urlop"}, per_document=1, limit=2)
    assert grouped["hits"] == []
    assert [len(group["hits"]) for group in grouped["groups"]] == [1, 1]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({}, 422, "positive"),
        ({"positive": []}, 422, "positive"),
        ({"positive": [{}]}, 422, "either text or document_id"),
        ({"positive": [{"text": "a", "document_id": "b"}]}, 422, "either text or document_id"),
        ({"positive": [{"text": "a", "chunk": 0}]}, 422, "chunk needs a document_id"),
        ({"positive": [{"text": "   "}]}, 422, "text of an example is empty"),
        ({"positive": [{"text": "a"}] * 33}, 422, "at most 32"),
        ({"positive": [{"text": "a"}] * 20, "negative": [{"text": "b"}] * 20}, 422, "at most 32"),
        ({"positive": [{"text": "a"}], "mode": "dense"}, 422, "mode"),
        ({"positive": [{"text": "a"}], "likeness": "best"}, 422, "likeness"),
        ({"positive": [{"text": "a"}], "filter": {"field": "tenant", "equals": "x"}}, 422, "field"),
        ({"positive": [{"document_id": "nothing"}]}, 404, "There is no document nothing."),
        ({"positive": [{"text": "a"}], "negative": [{"document_id": "no"}]}, 404, "no document no"),
    ],
)
def test_examples_that_are_none(
    client: TestClient, body: dict[str, Any], status: int, says: str
) -> None:
    answer = client.post("/v1/similar", json=body)
    assert answer.status_code == status
    assert says in answer.json()["detail"]


def test_a_passage_that_is_not_there(client: TestClient, ids: dict[str, str]) -> None:
    body = {"positive": [{"document_id": ids["travel.md"], "chunk": 7}]}
    answer = client.post("/v1/similar", json=body)
    assert answer.status_code == 404
    assert "no passage 7" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("typed", "marked"),
    [
        ("zaleg", ["Zaleg"]),
        ("zalegl", ["Zaległ"]),
        ("ZALEGŁ", ["Zaległ"]),
        ("url zal", ["Zal", "url"]),
    ],
)
def test_suggestions(
    client: TestClient, ids: dict[str, str], typed: str, marked: list[str]
) -> None:
    answer = client.get("/v1/suggest", params={"q": typed})
    assert answer.status_code == 200
    [found] = answer.json()["suggestions"]
    assert (found["text"], found["kind"]) == ("Zaległy urlop", "title")
    assert (found["path"], found["document_id"]) == ("urlop.md", ids["urlop.md"])
    assert [found["text"][start:end] for start, end in found["marks"]] == marked


def test_headings_are_suggested_too(client: TestClient) -> None:
    [found] = client.get("/v1/suggest", params={"q": "przep"}).json()["suggestions"]
    assert (found["text"], found["kind"], found["marks"]) == (
        "Kiedy przepada",
        "heading",
        [[6, 11]],
    )


def test_what_cannot_be_completed(client: TestClient) -> None:
    assert client.get("/v1/suggest", params={"q": "?!"}).json() == {"suggestions": []}
    assert client.get("/v1/suggest", params={"q": ""}).status_code == 422
    assert client.get("/v1/suggest").status_code == 422
    assert client.get("/v1/suggest", params={"q": "x" * 201}).status_code == 422
    assert client.get("/v1/suggest", params={"q": "u", "limit": 0}).status_code == 422
