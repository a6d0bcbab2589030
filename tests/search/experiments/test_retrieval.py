"""Ranking measures, with the arithmetic written out."""

from math import log2

import pytest

from search.domain import Chunk, Hit
from search.experiments.datasets import Query
from search.experiments.retrieval import measure, rank_documents
from tests.search.stores.factory import document

QRELS = {"q1": {"d1": 1, "d2": 2}, "q2": {"d3": 1}}
QUERIES = [Query(_id="q1", text="?"), Query(_id="q2", text="?")]


def test_measures() -> None:
    run = {"q1": {"d2": 3.0, "d9": 2.0, "d1": 1.0}, "q2": {"d9": 2.0, "d3": 1.0}}
    ideal = 2 / log2(2) + 1 / log2(3)
    first = (2 / log2(2) + 1 / log2(4)) / ideal
    second = 1 / log2(3)
    assert measure(QRELS, run, QUERIES) == {
        "ndcg@10": pytest.approx((first + second) / 2, abs=1e-6),
        "mrr@10": pytest.approx((1 + 1 / 2) / 2),
        "recall@10": 1.0,
        "recall@100": 1.0,
    }


def test_a_query_that_found_nothing_counts_as_zero() -> None:
    figures = measure(QRELS, {"q1": {}, "q2": {"d3": 1.0}}, QUERIES)
    assert set(figures.values()) == {0.5}


def test_only_the_queries_asked_count() -> None:
    assert measure(QRELS, {"q2": {"d3": 1.0}}, QUERIES[1:])["ndcg@10"] == 1.0


def test_a_document_ranks_by_its_best_chunk() -> None:
    hits = [
        Hit(document(path), Chunk(index, "x"), score)
        for path, index, score in [("a", 1, 0.9), ("b", 0, 0.8), ("a", 0, 0.7)]
    ]
    assert rank_documents(hits) == {"a": 0.9, "b": 0.8}
