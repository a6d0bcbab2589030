"""A small dataset whose answers are known, and rerankers whose effect is."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ingest.corpus import temporary_index
from search.answerers.base import Answer
from search.deadline import NEVER, Deadline
from search.domain import Principal
from search.errors import ModelError
from search.experiments.arms import Arm, with_controls
from search.experiments.datasets import Dataset, Passage, Query
from search.experiments.laboratory import Experiment, content_of
from search.experiments.questions import Question, questions_of
from search.experiments.runner import Plan
from search.pipeline import Pipeline
from search.pool import Pool
from search.rerankers.base import Reranking
from search.settings import Settings, load_settings

ADMIN = Principal("default", admin=True)
TOPICS = ("urlop", "faktura", "kompresor", "szkolenie", "delegacja", "reklamacja")
PARTS = ("wniosek", "termin", "kwota", "podpis", "archiwum", "kontrola", "zwrot", "limit")


def dataset() -> Dataset:
    """48 documents about topic and part; 48 queries, each with one right document.

    For every other query it is not the one with the query's words, so that the retriever errs.
    """
    corpus, queries, qrels = [], [], {}
    for topic in TOPICS:
        for number, part in enumerate(PARTS):
            name = f"{topic}-{part}.md"
            nearby = " ".join(PARTS[(number + step) % len(PARTS)] for step in (1, 2, 3))
            text = f"{topic} {part} {nearby} {topic}, {part} oraz {topic}."
            corpus.append(Passage(_id=name, title="", text=text))
            language = "pl" if number // 2 % 2 else "en"
            right = name if number % 2 else f"{topic}-{PARTS[(number + 3) % len(PARTS)]}.md"
            queries.append(
                Query(
                    _id=f"q-{name}",
                    text=f"{topic} {PARTS[(number + 2) % len(PARTS)]} {part}",
                    metadata={"language": language, "answerable": True, "answers": [part]},
                )
            )
            qrels[f"q-{name}"] = {right: 1}
    return Dataset("synthetic", tuple(corpus), tuple(queries), qrels)


class Partly:
    """Knows the right documents of a share of the queries, and leaves the others alone."""

    def __init__(self, questions: list[Question], share: float, name: str = "partly") -> None:
        self.name = name
        self._share = share
        self._right = {question.text: set(question.relevant) for question in questions}

    def rerank(self, pool: Pool, deadline: Deadline = NEVER) -> Reranking:
        knows = random.Random(pool.query).random() < self._share
        right = self._right.get(pool.query, set()) if knows else set()
        return Reranking(tuple(float(hit.document.path in right) for hit in pool.hits))


class Shuffling:
    """Scores at random, the same each time."""

    name = "shuffling"

    def rerank(self, pool: Pool, deadline: Deadline = NEVER) -> Reranking:
        drawn = random.Random(pool.query)
        return Reranking(tuple(drawn.random() for _ in pool.hits))


class Slow:
    """Takes its time, and heeds the deadline."""

    name = "slow"

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def rerank(self, pool: Pool, deadline: Deadline = NEVER) -> Reranking:
        time.sleep(min(self._seconds, deadline.remaining()))
        deadline.check("score the passages")
        return Reranking(tuple(signal.coverage for signal in pool.signals))


class Failing:
    """Works for the first call only."""

    name = "failing"

    def __init__(self) -> None:
        self._calls = 0

    def rerank(self, pool: Pool, deadline: Deadline = NEVER) -> Reranking:
        self._calls += 1
        if self._calls > 1:
            raise ModelError("The model broke.")
        return Reranking((0.0,) * len(pool.hits))


class Constant:
    """Answers the same to everything."""

    def __init__(self, text: str, name: str = "null") -> None:
        self.name = name
        self._text = text

    def answer(self, pool: Pool, deadline: Deadline = NEVER) -> Answer:
        return Answer(self._text)

    def stream(self, pool: Pool, deadline: Deadline = NEVER) -> Iterator[str | Answer]:
        yield self.answer(pool, deadline)


def questions() -> list[Question]:
    data = dataset()
    return questions_of(data.queries, data.qrels)


def experiment(arms: list[Arm], plan: Plan, asked: list[Question] | None = None) -> Experiment:
    asked = asked or questions()
    return Experiment(
        name="synthetic",
        content=content_of(dataset()),
        questions=asked,
        arms=with_controls(arms, asked, Constant("", "null")),
        plan=plan,
    )


def settings() -> Settings:
    return load_settings(embedder={"model": "fake"})


@contextmanager
def indexed() -> Iterator[Pipeline]:
    with temporary_index(dataset(), settings()) as pipeline:
        yield pipeline
