"""The service under load: how often, how many at once, for how long, and from where."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.rates import RateLimiter
from search.domain import Vector
from search.errors import ConfigError, RateLimitError
from search.settings import Settings, load_settings
from search.state.database import Database
from search.state.keys import Keys
from tests.ingest.folders import changed, index_folder


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("load")
    docs = folder / "docs"
    docs.mkdir()
    (docs / "urlop.md").write_text("# Urlop\n\nZaległy urlop wykorzystuje się do 30 września.\n")
    return index_folder(docs, folder)


def ask(client: TestClient, query: str = "urlop", **headers: str) -> Any:
    return client.post("/v1/search", json={"query": query}, headers=headers)


def test_a_bucket_empties_at_once_and_fills_slowly() -> None:
    now = [0.0]
    rates = RateLimiter(per_minute=60, burst=3, clock=lambda: now[0])
    for _ in range(3):
        rates.take("ewa")
    with pytest.raises(RateLimitError) as refused:
        rates.take("ewa")
    assert refused.value.retry_after == 1
    rates.take("jan")
    now[0] = 0.9
    with pytest.raises(RateLimitError):
        rates.take("ewa")
    now[0] = 1
    rates.take("ewa")
    with pytest.raises(RateLimitError):
        rates.take("ewa")
    now[0] = 100
    for _ in range(3):
        rates.take("ewa")
    with pytest.raises(RateLimitError):
        rates.take("ewa")


def test_a_bucket_that_fills_slowly_says_so() -> None:
    rates = RateLimiter(per_minute=2, burst=1, clock=lambda: 0.0)
    rates.take("ewa")
    with pytest.raises(RateLimitError) as refused:
        rates.take("ewa")
    assert refused.value.retry_after == 30


def test_callers_with_a_full_bucket_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.rates.FORGET_ABOVE", 10)
    now = [0.0]
    rates = RateLimiter(per_minute=60, burst=3, clock=lambda: now[0])
    for number in range(10):
        rates.take(str(number))
    now[0] = 5
    rates.take("ewa")
    assert set(rates._full_at) == {"ewa"}


def test_a_key_that_asks_too_often_is_sent_away_and_others_are_not(settings: Settings) -> None:
    with_keys = changed(changed(settings, "auth", mode="keys"), "api", rate_burst=2)
    keys = Keys(Database(settings.data_dir))
    ewa, jan = (
        {"Authorization": f"Bearer {keys.create(name, 'default')[0]}"} for name in ("ewa", "jan")
    )
    with TestClient(create_app(with_keys)) as client:
        answers = [ask(client, **ewa) for _ in range(20)]
        assert [answer.status_code for answer in answers][:2] == [200, 200]
        refused = next(answer for answer in answers if answer.status_code != 200)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["title"] == "RateLimit"
        assert ask(client, **jan).status_code == 200
        assert ask(client, Authorization="Bearer wrong").status_code == 401
        assert client.get("/healthz").status_code == 200


def test_without_keys_nothing_is_counted(settings: Settings) -> None:
    with TestClient(create_app(changed(settings, "api", rate_burst=1))) as client:
        assert {ask(client).status_code for _ in range(10)} == {200}


class Held:
    """Holds all queries in the embedder until they are let go."""

    def __init__(self, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        self.client = client
        self.let = threading.Event()
        self.entered = threading.Semaphore(0)
        embedder: Any = client.app.state.pipeline.embedder._embedder  # type: ignore[attr-defined]
        quick = embedder.embed_query

        def slow(text: str) -> Vector:
            self.entered.release()
            assert self.let.wait(20)
            found: Vector = quick(text)
            return found

        monkeypatch.setattr(embedder, "embed_query", slow)

    @property
    def admission(self) -> Any:
        return self.client.app.state.admission  # type: ignore[attr-defined]


@contextmanager
def busy(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, pool: ThreadPoolExecutor
) -> Iterator[tuple[Held, list[Future[Any]]]]:
    """A service in which two requests work, and one more waits, as many as may."""
    with TestClient(create_app(changed(settings, "api", concurrency=2, queue=1))) as client:
        held = Held(client, monkeypatch)
        asked: list[Future[Any]] = []
        try:
            asked += [pool.submit(ask, client, f"at work {number}") for number in range(2)]
            assert all(held.entered.acquire(timeout=20) for _ in asked)
            asked.append(pool.submit(ask, client, "waiting"))
            while held.admission.waiting < 1:
                pass
            yield held, asked
        finally:
            held.let.set()
            wait(asked)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def test_more_than_may_wait_are_sent_away_at_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, pool: ThreadPoolExecutor
) -> None:
    with busy(settings, monkeypatch, pool) as (held, asked):
        refused = ask(held.client, "one too many")
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["title"] == "Busy"
        assert held.client.get("/v1/documents").status_code == 503
        assert held.client.get("/healthz").status_code == 200
        assert held.client.get("/openapi.json").status_code == 200
        held.let.set()
        assert [request.result().status_code for request in asked] == [200, 200, 200]
        assert ask(held.client, "after").status_code == 200
        assert (held.admission.running, held.admission.waiting) == (0, 0)


def test_who_waits_longer_than_the_deadline_is_told_so(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, pool: ThreadPoolExecutor
) -> None:
    with busy(settings, monkeypatch, pool) as (held, asked):
        held.let.set()
        assert [request.result().status_code for request in asked] == [200, 200, 200]
        held.let.clear()
        at_work = [pool.submit(ask, held.client, f"more {number}") for number in range(2)]
        assert all(held.entered.acquire(timeout=20) for _ in at_work)
        late = ask(held.client, "late", **{"X-Request-Timeout": "0.2"})
        assert late.status_code == 504
        assert "before its turn came" in late.json()["detail"]
        assert held.admission.waiting == 0
        held.let.set()
        assert [request.result().status_code for request in at_work] == [200, 200]


def test_who_may_not_ask_takes_nobodys_turn(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, pool: ThreadPoolExecutor
) -> None:
    with busy(changed(settings, "auth", mode="none"), monkeypatch, pool) as (held, _):
        authenticator = held.client.app.state.authenticator  # type: ignore[attr-defined]
        authenticator._settings = changed(settings, "auth", mode="keys")
        assert ask(held.client).status_code == 401


def test_a_failing_request_gives_its_turn_back(settings: Settings) -> None:
    with TestClient(create_app(changed(settings, "api", concurrency=1, queue=0))) as client:
        for _ in range(3):
            assert client.get("/v1/documents/no-such-id").status_code == 404
            assert ask(client, "   ").status_code == 422
        assert ask(client).status_code == 200


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "soon"])
def test_a_deadline_that_is_none_is_a_problem(settings: Settings, seconds: str) -> None:
    with TestClient(create_app(settings)) as client:
        answer = ask(client, **{"X-Request-Timeout": seconds})
        assert answer.status_code == 422
        assert "x-request-timeout" in answer.json()["detail"]


def test_a_request_ends_at_its_deadline(settings: Settings) -> None:
    with TestClient(create_app(settings)) as client:
        late = ask(client, **{"X-Request-Timeout": "0.000001"})
        assert late.status_code == 504
        assert late.headers["content-type"] == "application/problem+json"
        assert ask(client, **{"X-Request-Timeout": "5"}).status_code == 200
    with TestClient(create_app(changed(settings, "api", deadline=0.000001))) as client:
        assert ask(client, **{"X-Request-Timeout": "5"}).status_code == 504


def test_query_vectors_are_remembered_unless_turned_off(settings: Settings) -> None:
    with TestClient(create_app(settings)) as client:
        embedder: Any = client.app.state.pipeline.embedder  # type: ignore[attr-defined]
        assert [ask(client).status_code for _ in range(3)] == [200] * 3
        assert (embedder.hits, embedder.misses) == (2, 1)
    with TestClient(create_app(changed(settings, "embedder", query_cache=0))) as client:
        embedder = client.app.state.pipeline.embedder  # type: ignore[attr-defined]
        assert ask(client).status_code == 200
        assert not hasattr(embedder, "hits")


ORIGIN = "https://intranet.example"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, content-type",
}


@pytest.mark.parametrize(
    ("allowed", "origin", "answered"),
    [
        ((), ORIGIN, False),
        ((ORIGIN,), ORIGIN, True),
        ((ORIGIN,), "https://evil.example", False),
        ((ORIGIN,), "https://intranet.example.evil.example", False),
        ((ORIGIN,), "http://intranet.example", False),
        ((ORIGIN,), "null", False),
    ],
)
def test_browsers_are_told_which_pages_may_call(
    settings: Settings, allowed: tuple[str, ...], origin: str, answered: bool
) -> None:
    with TestClient(create_app(changed(settings, "api", cors_origins=allowed))) as client:
        preflight = client.options("/v1/search", headers=PREFLIGHT | {"Origin": origin})
        answer = ask(client, Origin=origin)
        for response in (preflight, answer):
            given = response.headers.get("access-control-allow-origin")
            assert given == (origin if answered else None)
            assert "access-control-allow-credentials" not in response.headers
            assert response.headers["x-content-type-options"] == "nosniff"
        assert (preflight.status_code == 200) == answered


@pytest.mark.parametrize("origin", ["*", "https://*.example", "https://a.example/", "a.example"])
def test_an_origin_is_exact(origin: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEMSEARCH_API__CORS_ORIGINS", f'["{origin}"]')
    with pytest.raises(ConfigError, match="SEMSEARCH_API__CORS_ORIGINS"):
        load_settings(data_dir=tmp_path)
