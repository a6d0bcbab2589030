"""Runs an experiment: one retrieval and one fixed pool a query, treated by every arm in turn.

Arms take turns in a random order within each query and repeat, so that whatever drifts (heat,
another program, a cache that fills) hits all alike. What was measured is logged at once, and a
run that was killed goes on where it was.
"""

import hashlib
import logging
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from search.answerers.base import Answer
from search.deadline import NEVER, Deadline
from search.domain import Hit, Mode, Principal, SearchResult
from search.errors import ConflictError, DeadlineError, ModelError, ModelMissingError, RerankError
from search.experiments.arms import Arm
from search.experiments.memory import peak_memory, resident_mib
from search.experiments.questions import Question
from search.experiments.records import Measurement, Retrieval, RunLog, WarmUp
from search.experiments.retrieval import (
    CHUNKS_PER_DOCUMENT,
    DEPTH,
    measure_ranking,
    rank_documents,
)
from search.pipeline import Pipeline
from search.pool import Pool
from search.reranking import Rerank, rerank_first

log = logging.getLogger("semsearch.experiments")

SHOWN = 10
"""Documents of a ranking that are logged, for a person to read."""

Judge = Callable[[Answer, Pool, Question, str], Mapping[str, float]]
"""Measures an answer from a pool to a question, given the language."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How an experiment is run."""

    pool: int = 10
    """Passages of a query that arms are given."""
    repeats: int = 1
    """How often each arm treats each pool; the first time counts, later ones tell of caches."""
    seed: int = 0
    seconds: float = math.inf
    """What an arm may take for a query."""
    mode: Mode = "hybrid"


@dataclass(frozen=True, slots=True)
class Candidates:
    """What was retrieved for a question."""

    question: Question
    hits: tuple[Hit, ...]
    """Best first, far beyond the pool."""
    pool: Pool
    digest: str
    language: str
    stages_ms: Mapping[str, float]


class Runner:
    """Treats pools by arms and logs what came of it."""

    def __init__(
        self,
        pipeline: Pipeline,
        principal: Principal,
        arms: Sequence[Arm],
        plan: Plan,
        log: RunLog,
        judge: Judge | None = None,
    ) -> None:
        """Take the parts.

        Args:
            pipeline: retrieves.
            principal: who asks.
            arms: with their controls.
            plan: how they are run.
            log: where it is written, and where it is said what has been done already.
            judge: measures answers; needed where arms answer.
        """
        self._pipeline = pipeline
        self._principal = principal
        self._arms = arms
        self._plan = plan
        self._log = log
        self._judge = judge

    def run(
        self,
        questions: Sequence[Question],
        warm_up: Question | None = None,
        on_measured: Callable[[str], None] = lambda arm: None,
    ) -> None:
        """Treat every question's pool by every arm, as often as planned.

        Args:
            questions: what is asked.
            warm_up: asked before anything is measured; the first question when None.
            on_measured: called with an arm's name after each of its turns, done before or now.

        Raises:
            ConflictError: a query's pool is no longer what it was when the run was killed.
            ModelMissingError: an arm's model is not on this machine.
            StoreError: the store failed.
        """
        missing = {q.id: list(self._missing(q, on_measured)) for q in questions}
        if not any(missing.values()):
            return
        self._warm_up(self._retrieve(warm_up or questions[0]))
        for question in questions:
            if not missing[question.id]:
                continue
            candidates = self._retrieve(question)
            self._note(candidates)
            for repeat, arm in missing[question.id]:
                self._log.add(self._measure(arm, candidates, repeat))
                on_measured(arm.name)

    def _missing(
        self, question: Question, on_measured: Callable[[str], None]
    ) -> Iterator[tuple[int, Arm]]:
        """Yield the turns that are not in the log, in the order that the seed gives."""
        for repeat in range(self._plan.repeats):
            turns = list(self._arms)
            random.Random(f"{self._plan.seed} {question.id} {repeat}").shuffle(turns)
            for arm in turns:
                if (question.id, arm.name, repeat) in self._log.measurements:
                    on_measured(arm.name)
                else:
                    yield repeat, arm

    def _retrieve(self, question: Question) -> Candidates:
        result, pool = pool_for(self._pipeline, question.text, self._principal, self._plan)
        languages = Counter(hit.document.language for hit in pool.hits).most_common(1)
        found = languages[0][0] if languages else "und"
        return Candidates(
            question=question,
            hits=result.hits,
            pool=pool,
            digest=digest_of(pool.hits),
            language=question.slices.get("language", found),
            stages_ms={name: round(ms, 4) for name, ms in result.trace.timings_ms.items()},
        )

    def _note(self, candidates: Candidates) -> None:
        """Log what was retrieved, or make sure that it is what the log says."""
        question, known = candidates.question, self._log.retrievals
        if question.id in known:
            if known[question.id].pool != candidates.digest:
                raise ConflictError(
                    f"Query {question.id} has another pool than in {self._log.path}: the index "
                    "has changed meanwhile. Give another --report folder to begin anew."
                )
            return
        there = {hit.document.path for hit in candidates.pool.hits}
        relevant = question.relevant.keys()
        self._log.add(
            Retrieval(
                query=question.id,
                text=question.text,
                slices={**question.slices, "language": candidates.language},
                judged=question.judged,
                pool=candidates.digest,
                stages_ms=dict(candidates.stages_ms),
                recall=len(there & relevant) / len(relevant) if relevant else None,
            )
        )

    def _warm_up(self, candidates: Candidates) -> None:
        """Let each arm load what it loads."""
        for arm in self._arms:
            before, start = resident_mib(), time.perf_counter()
            if arm.reranker:
                arm.reranker.rerank(candidates.pool)
            if arm.answerer:
                arm.answerer.answer(candidates.pool)
            seconds, after = time.perf_counter() - start, resident_mib()
            if arm.name not in self._log.warm_ups:
                grown = None if before is None or after is None else max(0.0, after - before)
                self._log.add(WarmUp(arm=arm.name, seconds=seconds, loaded_mib=grown))

    def _measure(self, arm: Arm, candidates: Candidates, repeat: int) -> Measurement:
        """Treat a pool by an arm; one that is late or fails leaves the retriever's order."""
        hits, pool = list(candidates.hits), candidates.pool
        stages: dict[str, float] = {}
        events: Counter[str] = Counter()
        degraded, prompt, completion, answer = None, 0, 0, None
        with peak_memory() as risen:
            if arm.reranker:
                start = time.perf_counter()
                how = Rerank(arm.reranker, len(pool.hits), self._plan.seconds)
                hits, report = rerank_first(hits, pool, how, NEVER)
                stages["rerank"] = (time.perf_counter() - start) * 1000
                degraded = report.degraded
                events.update(report.events)
                prompt, completion = report.prompt_tokens, report.completion_tokens
                pool = reordered_pool(pool, hits)
            if arm.answerer:
                start = time.perf_counter()
                answer, failed = self._answer(arm, pool)
                stages["answer"] = (time.perf_counter() - start) * 1000
                degraded = degraded or failed
                events.update(answer.events)
                prompt += answer.usage.prompt_tokens
                completion += answer.usage.completion_tokens
        if sum(stages.values()) > self._plan.seconds * 1000 and not degraded:
            events["overran"] += 1
        documents = list(rank_documents(hits))
        figures: dict[str, float] = {}
        if candidates.question.judged:
            figures |= measure_ranking(candidates.question.relevant, documents)
        if answer is not None and self._judge:
            figures |= self._judge(answer, pool, candidates.question, candidates.language)
        return Measurement(
            query=candidates.question.id,
            arm=arm.name,
            repeat=repeat,
            pool=self._same_pool(arm, candidates, pool),
            stages_ms={name: round(ms, 4) for name, ms in stages.items()},
            documents=tuple(documents[:SHOWN]),
            figures=figures,
            answer=answer.text if answer else None,
            confidence=answer.confidence if answer else None,
            degraded=degraded,
            events=dict(events),
            prompt_tokens=prompt,
            completion_tokens=completion,
            risen_mib=risen[0] if risen else None,
        )

    def _answer(self, arm: Arm, pool: Pool) -> tuple[Answer, str | None]:
        assert arm.answerer
        try:
            return arm.answerer.answer(pool, Deadline.after(self._plan.seconds)), None
        except DeadlineError:
            return Answer("", withheld="late"), "answer_timeout"
        except ModelMissingError:
            raise
        except ModelError as error:
            log.error("%s failed: %s", arm.name, error)
            return Answer("", withheld="failed"), "answer_failed"

    @staticmethod
    def _same_pool(arm: Arm, candidates: Candidates, after: Pool) -> str:
        """Return the digest of the pool that an arm was given, made sure that it is whole."""
        given = candidates.pool.hits
        if digest_of(given) != candidates.digest or Counter(hit.id for hit in given) != Counter(
            hit.id for hit in after.hits
        ):
            raise RerankError(f"{arm.name} changed the pool of query {candidates.question.id}.")
        return candidates.digest


def pool_for(
    pipeline: Pipeline, query: str, principal: Principal, plan: Plan
) -> tuple[SearchResult, Pool]:
    """Retrieve deep enough to measure, and return also the pool of the first passages."""
    wanted = max(DEPTH * CHUNKS_PER_DOCUMENT, plan.pool)
    result = pipeline.search(query, principal, mode=plan.mode, limit=wanted)
    first = replace(result, hits=result.hits[: plan.pool])
    return result, pipeline.pool(first, principal)


def reordered_pool(pool: Pool, hits: Sequence[Hit]) -> Pool:
    """Return a pool in the order of the first of some hits, its signals along."""
    signals = {hit.id: known for hit, known in zip(pool.hits, pool.signals, strict=True)}
    first = tuple(hits[: len(pool.hits)])
    return Pool(pool.query, first, tuple(signals[hit.id] for hit in first))


def digest_of(hits: Sequence[Hit]) -> str:
    """Return a digest of passages and their order, in hex."""
    ids = "\n".join(hit.id for hit in hits)
    return hashlib.blake2b(ids.encode(), digest_size=8).hexdigest()
