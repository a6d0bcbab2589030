"""How well a pipeline ranks the documents of a dataset, and how fast."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ir_measures
import numpy as np
from ir_measures import RR, R, nDCG

from search.domain import Hit, Mode, Principal
from search.experiments.datasets import Dataset, Query
from search.pipeline import Pipeline

DEPTH = 100
"""Documents ranked per query."""

CHUNKS_PER_DOCUMENT = 2
"""Chunks fetched per document wanted: several chunks of one document may rank. With the
default prefetch of 100 this is all that a query's fusion ever sees."""

MEASURES: Mapping[str, Any] = {
    "ndcg@10": nDCG @ 10,
    "mrr@10": RR @ 10,
    "recall@10": R @ 10,
    "recall@100": R @ 100,
}

Run = dict[str, dict[str, float]]
"""Query id -> document id -> score."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures of one dataset under one mode."""

    dataset: str
    retriever: Mode
    queries: int
    metrics: Mapping[str, float]
    latency_ms: Mapping[str, Mapping[str, float]]
    """Stage -> `p50`, `p95`."""


def evaluate(
    pipeline: Pipeline,
    dataset: Dataset,
    principal: Principal,
    mode: Mode,
    *,
    limit: int | None = None,
    on_query: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Run the judged queries and measure the ranking of documents by their best chunk.

    Args:
        pipeline: over an index whose documents' paths are the dataset's ids.
        dataset: with its qrels.
        principal: who asks.
        mode: the retriever.
        limit: only the first so many judged queries.
        on_query: called after each query.
    """
    queries = dataset.judged_queries()[:limit]
    run: Run = {}
    timings: dict[str, list[float]] = {}
    pipeline.search(queries[0].text, principal, mode=mode)  # loads the model: not measured
    for query in queries:
        result = pipeline.search(
            query.text, principal, mode=mode, limit=DEPTH * CHUNKS_PER_DOCUMENT
        )
        run[query.id] = rank_documents(result.hits)
        for stage, elapsed in result.trace.timings_ms.items():
            timings.setdefault(stage, []).append(elapsed)
        on_query()
    return Evaluation(
        dataset=dataset.name,
        retriever=mode,
        queries=len(queries),
        metrics=measure(dataset.qrels, run, queries),
        latency_ms={
            stage: {"p50": round(float(np.percentile(values, 50)), 3),
                    "p95": round(float(np.percentile(values, 95)), 3)}
            for stage, values in timings.items()
        },
    )  # fmt: skip


def rank_documents(hits: Sequence[Hit]) -> dict[str, float]:
    """Score each document by its best chunk; at most `DEPTH` documents."""
    scores: dict[str, float] = {}
    for hit in hits:
        scores.setdefault(hit.document.path, hit.score)
    return dict(list(scores.items())[:DEPTH])


def measure(
    qrels: Mapping[str, Mapping[str, int]], run: Run, queries: Sequence[Query]
) -> dict[str, float]:
    """Average each measure over the queries given; one that found nothing counts as 0."""
    judged = {query.id: dict(qrels[query.id]) for query in queries}
    figures = ir_measures.calc_aggregate(list(MEASURES.values()), judged, run)
    return {name: round(float(figures[value]), 6) for name, value in MEASURES.items()}


def measure_ranking(relevant: Mapping[str, int], documents: Sequence[str]) -> dict[str, float]:
    """Measure the ranking of one query.

    Args:
        relevant: document id -> grade.
        documents: ids, best first. Their order is all that counts: equal scores, which measures
            order by the documents' ids, cannot come into it.
    """
    run = {"": {document: float(-rank) for rank, document in enumerate(documents)}}
    figures = ir_measures.calc_aggregate(list(MEASURES.values()), {"": dict(relevant)}, run)
    return {name: float(figures[value]) for name, value in MEASURES.items()}
