"""Diversity and marks over HTTP, on the stand-in model and a real embedded store."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.ingest.folders import index_folder

ANSWER = "Koszty podróży zwraca dział finansowy."
QUERY = "podróżnicy finansują kosztorys"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("highlights")
    docs = folder / "docs"
    docs.mkdir()
    filling = "Sekretariat mieści się na parterze i jest czynny do godziny piętnastej. " * 6
    (docs / "long.md").write_text(f"{filling}{ANSWER} {filling}")
    for name in ("a", "b"):
        (docs / f"{name}.md").write_text("Delegacja krajowa: wniosek i rachunek do piątku.")
    (docs / "c.md").write_text("Delegacja zagraniczna: dieta, nocleg, ubezpieczenie, wiza.")
    with TestClient(create_app(index_folder(docs, folder))) as made:
        yield made


def hits(client: TestClient, **body: Any) -> list[dict[str, Any]]:
    answer = client.post("/v1/search", json=body)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["hits"]
    return found


def asked(**more: Any) -> dict[str, Any]:
    where = {"field": "path", "equals": "long.md"}
    return {"query": QUERY, "mode": "dense", "filter": where, "limit": 1} | more


def test_the_snippet_shows_the_best_sentence_where_no_word_matches(client: TestClient) -> None:
    [hit] = hits(client, **asked(highlight="semantic"))
    assert hit["marks"] == hit["snippet"]["marks"] == []
    assert hit["text"][slice(*hit["semantic"])] == ANSWER
    snippet = hit["snippet"]
    assert snippet["text"][slice(*snippet["semantic"])] == ANSWER
    assert snippet["start"] + snippet["semantic"][0] == hit["semantic"][0]
    [plain] = hits(client, **asked(highlight="words"))
    assert (plain["semantic"], plain["snippet"]["start"]) == (None, 0)


def test_nothing_is_looked_for_unless_asked(client: TestClient) -> None:
    assert hits(client, **asked())[0]["semantic"] is None
    timings = client.post("/v1/search", json=asked()).json()["timings_ms"]
    assert "highlight" not in timings
    timings = client.post("/v1/search", json=asked(highlight="semantic")).json()["timings_ms"]
    assert timings["highlight"] > 0


def test_diversity_moves_a_copy_back(client: TestClient) -> None:
    body = {"query": "delegacja krajowa wniosek rachunek", "limit": 3}
    plain = [hit["path"] for hit in hits(client, **body)]
    assert set(plain[:2]) == {"a.md", "b.md"}
    assert [hit["path"] for hit in hits(client, **body, diversity=0.7)][:2] == [plain[0], "c.md"]
    assert [hit["path"] for hit in hits(client, **body, diversity=0)] == plain


@pytest.mark.parametrize(
    "wrong", [{"diversity": 1.1}, {"diversity": -0.1}, {"highlight": "everything"}]
)
def test_what_cannot_be_is_refused(client: TestClient, wrong: dict[str, Any]) -> None:
    answer = client.post("/v1/search", json={"query": "x"} | wrong)
    assert answer.status_code == 422
    assert next(iter(wrong)) in answer.json()["detail"]
