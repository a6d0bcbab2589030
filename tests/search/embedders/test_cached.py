"""Query vectors that are remembered and shared."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest

from search.domain import Vector
from search.embedders.cached import CachedQueries
from search.embedders.fake import FakeEmbedder
from search.errors import ModelError


class Gated(FakeEmbedder):
    """Counts, and embeds only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.started, self.let = Event(), Event()
        self.broken = False

    def embed_query(self, text: str) -> Vector:
        self.asked.append(text)
        self.started.set()
        assert self.let.wait(10)
        if self.broken:
            raise ModelError("broken")
        return super().embed_query(text)


@pytest.fixture
def inner() -> Gated:
    return Gated()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def test_the_same_query_is_embedded_once(inner: Gated) -> None:
    inner.let.set()
    cached = CachedQueries(inner, 10)
    first, again = cached.embed_query("urlop"), cached.embed_query("urlop")
    np.testing.assert_array_equal(first, FakeEmbedder().embed_query("urlop"))
    np.testing.assert_array_equal(first, again)
    assert inner.asked == ["urlop"]
    assert (cached.hits, cached.misses) == (1, 1)


def test_what_was_asked_longest_ago_is_forgotten(inner: Gated) -> None:
    inner.let.set()
    cached = CachedQueries(inner, 2)
    for query in ("a", "b", "a", "c", "a", "b"):
        cached.embed_query(query)
    assert inner.asked == ["a", "b", "c", "b"]


def test_a_caller_cannot_change_what_others_get(inner: Gated) -> None:
    inner.let.set()
    cached = CachedQueries(inner, 2)
    with pytest.raises(ValueError, match="read-only"):
        cached.embed_query("urlop")[0] = 7


def test_those_who_ask_the_same_at_once_share_one_vector(
    inner: Gated, pool: ThreadPoolExecutor
) -> None:
    cached = CachedQueries(inner, 10)
    first = pool.submit(cached.embed_query, "urlop")
    assert inner.started.wait(10)
    others = [pool.submit(cached.embed_query, "urlop") for _ in range(7)]
    while cached.hits < 7:
        pass
    inner.let.set()
    assert all(other.result() is first.result() for other in others)
    assert inner.asked == ["urlop"]
    assert (cached.hits, cached.misses) == (7, 1)


def test_a_failure_reaches_all_who_wait_and_is_not_remembered(
    inner: Gated, pool: ThreadPoolExecutor
) -> None:
    cached = CachedQueries(inner, 10)
    inner.broken = True
    first = pool.submit(cached.embed_query, "urlop")
    assert inner.started.wait(10)
    other = pool.submit(cached.embed_query, "urlop")
    while cached.hits < 1:
        pass
    inner.let.set()
    for future in (first, other):
        with pytest.raises(ModelError):
            future.result()
    inner.broken = False
    assert cached.embed_query("urlop").shape == (256,)
