"""Queries that come together are embedded together, and nobody waits for others to come."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest

from search.domain import Vector
from search.embedders.batched import BatchedQueries
from search.embedders.fake import FakeEmbedder
from search.embedders.sentence_transformer import SentenceTransformerEmbedder
from search.errors import ModelError


class Recording(FakeEmbedder):
    """Embeds at most four queries together, the first only when it is let."""

    query_batch = 4

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[str]] = []
        self.started, self.let = Event(), Event()

    def embed_queries(self, texts: Sequence[str]) -> Vector:
        self.batches.append(list(texts))
        self.started.set()
        assert self.let.wait(10)
        if "broken" in texts:
            raise ModelError("broken")
        return super().embed_queries(texts)


def queued(batched: BatchedQueries, count: int) -> None:
    while len(batched._queue) < count:
        time.sleep(0.001)


def test_a_lone_query_goes_at_once() -> None:
    inner = Recording()
    inner.let.set()
    batched = BatchedQueries(inner)
    for query in ("urlop", "delegacja"):
        np.testing.assert_array_equal(batched.embed_query(query), inner.embed_query(query))
    assert inner.batches == [["urlop"], ["delegacja"]]


def test_what_queued_meanwhile_goes_together_in_the_order_it_came() -> None:
    inner = Recording()
    batched = BatchedQueries(inner)
    queries = ["zero", "one", "two", "three", "four", "five", "six"]
    with ThreadPoolExecutor(len(queries)) as pool:
        futures = [pool.submit(batched.embed_query, queries[0])]
        assert inner.started.wait(10)
        for number, query in enumerate(queries[1:], 1):
            futures.append(pool.submit(batched.embed_query, query))
            queued(batched, number)
        inner.let.set()
        found = [future.result(10) for future in futures]
    assert inner.batches == [["zero"], ["one", "two", "three", "four"], ["five", "six"]]
    for query, vector in zip(queries, found, strict=True):
        np.testing.assert_array_equal(vector, FakeEmbedder().embed_query(query))


def test_a_failure_reaches_its_batch_and_the_next_one_goes_on() -> None:
    inner = Recording()
    batched = BatchedQueries(inner)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(batched.embed_query, "first")
        assert inner.started.wait(10)
        batch = []
        for number, query in enumerate(("broken", "b", "c", "d", "next"), 1):
            batch.append(pool.submit(batched.embed_query, query))
            queued(batched, number)
        inner.let.set()
        assert first.result(10).shape == (256,)
        for future in batch[:4]:
            with pytest.raises(ModelError):
                future.result(10)
        assert batch[4].result(10).shape == (256,)
    assert batched.embed_query("later").shape == (256,)


def test_a_real_model_gives_the_same_vectors_in_batches(tiny: SentenceTransformerEmbedder) -> None:
    batched = BatchedQueries(tiny)
    queries = [f"{'praca ' * (number % 5)}number {number}" for number in range(40)]
    single = np.stack([tiny.embed_query(query) for query in queries])
    with ThreadPoolExecutor(8) as pool:
        found = np.stack(list(pool.map(batched.embed_query, queries)))
    assert (found * single).sum(axis=1).min() > 0.9999
