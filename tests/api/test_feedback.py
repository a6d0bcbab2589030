"""`/v1/feedback`: kept beside what a search showed, for that caller only."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from search.domain import Shown
from search.errors import InputError, NotFoundError
from search.service_settings import FeedbackSettings
from search.settings import Settings
from search.state.database import Database
from search.state.feedback import MOST_FOR_A_SEARCH, PRUNE_EVERY, FeedbackLog, Remembered
from search.state.keys import Keys
from tests.ingest.folders import changed, index_folder

QUERY = "zaległy urlop"
TRACE = "0af7651916cd43dd8448eb211c80319c"


@dataclass
class World:
    client: TestClient
    settings: Settings
    log: FeedbackLog

    def key(self, name: str, **rights: Any) -> dict[str, str]:
        keys = Keys(Database(self.settings.data_dir))
        secret, _ = keys.create(name, rights.pop("tenant", "default"), **rights)
        return {"Authorization": f"Bearer {secret}"}

    def search(self, headers: dict[str, str], trace: str | None = None) -> dict[str, Any]:
        more = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"} if trace else {}
        answer = self.client.post("/v1/search", json={"query": QUERY}, headers=headers | more)
        body: dict[str, Any] = answer.json()
        return body

    def give(self, headers: dict[str, str], **body: Any) -> int:
        return self.client.post("/v1/feedback", json=body, headers=headers).status_code


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "semsearch.yaml").write_text(
        "access: [public]\nrules: [{match: travel.md, access: ['group:hr']}]\n"
    )
    (docs / "urlop.md").write_text("# Urlop\n\nZaległy urlop mija 30 września.\n")
    (docs / "travel.md").write_text("# Travel\n\nExpenses are paid within two weeks.\n")
    settings = changed(index_folder(docs, tmp_path), "auth", mode="keys")
    with TestClient(create_app(settings)) as client:
        yield World(client, settings, FeedbackLog(Database(settings.data_dir), settings.feedback))


def test_feedback_is_kept_with_what_was_shown(world: World) -> None:
    anna = world.key("anna", user="anna", groups=["hr"])
    found = world.search(anna)
    hit = found["hits"][0]
    given = {"trace_id": found["trace_id"], "document_id": hit["document_id"]}
    assert world.give(anna, **given, kind="click") == 204
    assert world.give(anna, **given, kind="up", chunk=hit["chunk"], note="właśnie to") == 204
    click, up = world.log.all()
    assert (click.kind, click.chunk, click.note) == ("click", None, None)
    assert (up.kind, up.chunk, up.note) == ("up", 0, "właśnie to")
    shown = [(h["document_id"], h["chunk"], h["score"]) for h in found["hits"]]
    assert len(shown) == 2
    assert [(s.document_id, s.chunk, s.score) for s in click.shown] == shown
    assert (click.trace_id, click.tenant, click.mode) == (found["trace_id"], "default", "hybrid")
    assert click.query is None


def test_the_query_is_not_kept(world: World) -> None:
    anna = world.key("anna", user="anna")
    found = world.search(anna)
    assert world.give(anna, trace_id=found["trace_id"], kind="up",
                      document_id=found["hits"][0]["document_id"]) == 204  # fmt: skip
    kept = b"".join(file.read_bytes() for file in world.settings.data_dir.glob("state.db*"))
    assert found["trace_id"].encode() in kept
    assert QUERY.encode() not in kept


def test_the_query_is_kept_where_it_may_be(tmp_path: Path) -> None:
    log = FeedbackLog(Database(tmp_path), FeedbackSettings(keep_queries=True))
    log.remember([replace(remembered(1), query=QUERY)])
    log.add(f"{1:032x}", "acme", "user:a", "up", "d")
    assert [feedback.query for feedback in log.all()] == [QUERY]


@pytest.mark.parametrize(
    "rights",
    [
        {"user": "ewa"},
        {},
        {"tenant": "other", "user": "anna"},
        {"scopes": ["admin"]},
        {"tenant": "other", "scopes": ["admin"]},
    ],
    ids=str,
)
def test_nobody_speaks_for_another(world: World, rights: dict[str, Any]) -> None:
    found = world.search(world.key("anna", user="anna", groups=["hr"]))
    stranger = world.key("stranger", **rights)
    answers = [
        world.client.post(
            "/v1/feedback",
            json={"trace_id": trace, "document_id": found["hits"][0]["document_id"], "kind": "up"},
            headers=stranger,
        )
        for trace in (found["trace_id"], "1" * 32)
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    mine, none = ({**a.json(), "trace_id": ""} for a in answers)
    assert mine == none  # a search of another is as if it were not there
    assert list(world.log.all()) == []


def test_two_callers_that_share_a_trace_stay_apart(world: World) -> None:
    hr = world.key("hr", groups=["hr"])
    public = world.key("public")
    shown = {hit["path"]: hit["document_id"] for hit in world.search(hr, TRACE)["hits"]}
    assert len(world.search(public, TRACE)["hits"]) == 1
    hidden = {"trace_id": TRACE, "document_id": shown["travel.md"], "kind": "click"}
    assert world.give(public, **hidden) == 404
    assert world.give(hr, **hidden) == 204


def test_only_of_what_was_shown(world: World) -> None:
    public = world.key("public")
    found = world.search(public)
    id = found["hits"][0]["document_id"]
    assert world.give(public, trace_id=found["trace_id"], document_id="x", kind="up") == 404
    chunk = {"trace_id": found["trace_id"], "document_id": id, "kind": "up", "chunk": 5}
    assert world.give(public, **chunk) == 404


def test_a_rotated_key_of_a_person_is_still_that_person(world: World) -> None:
    found = world.search(world.key("anna", user="anna"))
    again = world.key("anna's phone", user="anna")
    id = found["hits"][0]["document_id"]
    assert world.give(again, trace_id=found["trace_id"], document_id=id, kind="up") == 204


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"trace_id": "x", "document_id": "d", "kind": "up"},
        {"trace_id": TRACE, "document_id": "d", "kind": "like"},
        {"trace_id": TRACE, "document_id": "d", "kind": "up", "chunk": -1},
        {"trace_id": TRACE, "document_id": "d", "kind": "up", "note": "x" * 2000},
        {"trace_id": TRACE, "document_id": "d", "kind": "up", "more": 1},
    ],
)
def test_what_is_malformed_is_refused(world: World, body: dict[str, Any]) -> None:
    assert world.give(world.key("k"), **body) == 422


def test_without_a_key_or_the_scope(world: World) -> None:
    body = {"trace_id": TRACE, "document_id": "d", "kind": "up"}
    assert world.give({}, **body) == 401
    assert world.give(world.key("writer", scopes=["write"]), **body) == 403


NOW = datetime(2026, 11, 23, tzinfo=UTC)


def remembered(number: int, made: datetime = NOW) -> Remembered:
    return Remembered(f"{number:032x}", "acme", "user:a", made, "hybrid", (Shown("d", 0, 1.5),))


def kept(folder: Path) -> list[str]:
    with Database(folder).connect() as connection:
        return [row["trace"] for row in connection.execute("SELECT trace FROM searches")]


def test_only_so_many_searches_are_kept_and_those_with_feedback(tmp_path: Path) -> None:
    log = FeedbackLog(Database(tmp_path), FeedbackSettings(keep_searches=5))
    log.remember([remembered(1)])
    log.add(f"{1:032x}", "acme", "user:a", "up", "d")
    log.remember([remembered(number) for number in range(2, PRUNE_EVERY + 1)])
    newest = [f"{number:032x}" for number in range(PRUNE_EVERY - 4, PRUNE_EVERY + 1)]
    assert kept(tmp_path) == [f"{1:032x}", *newest]
    with pytest.raises(NotFoundError):
        log.add(f"{2:032x}", "acme", "user:a", "up", "d")
    assert [f.document_id for f in log.all()] == ["d"]


def test_searches_are_kept_only_so_long(tmp_path: Path) -> None:
    log = FeedbackLog(Database(tmp_path), FeedbackSettings(keep_days=3))
    old, new = NOW - timedelta(days=4), NOW - timedelta(days=2)
    log.remember([remembered(n, old) for n in range(1, PRUNE_EVERY)])
    assert len(kept(tmp_path)) == PRUNE_EVERY - 1  # nothing looked at the clock yet
    log.remember([remembered(n, new) for n in range(PRUNE_EVERY, 2 * PRUNE_EVERY)])
    log.remember([remembered(2 * PRUNE_EVERY, NOW)])
    assert kept(tmp_path) == [f"{n:032x}" for n in range(PRUNE_EVERY, 2 * PRUNE_EVERY + 1)]


def test_nothing_is_remembered_where_nothing_may_be(tmp_path: Path) -> None:
    FeedbackLog(Database(tmp_path), FeedbackSettings(keep_searches=0)).remember([remembered(1)])
    assert not (tmp_path / "state.db").exists()


def test_enough_is_enough(tmp_path: Path) -> None:
    log = FeedbackLog(Database(tmp_path), FeedbackSettings())
    log.remember([remembered(1)])
    for _ in range(MOST_FOR_A_SEARCH):
        log.add(f"{1:032x}", "acme", "user:a", "click", "d")
    with pytest.raises(InputError, match="100"):
        log.add(f"{1:032x}", "acme", "user:a", "click", "d")
