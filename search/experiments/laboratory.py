"""An experiment from its questions to its findings."""

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from search.domain import Principal
from search.errors import InputError
from search.experiments.analysis import analyse, check_worths
from search.experiments.arms import Arm
from search.experiments.datasets import Dataset
from search.experiments.findings import Findings
from search.experiments.machine import machine
from search.experiments.questions import Question
from search.experiments.records import Configuration, RunLog
from search.experiments.runner import Judge, Plan, Runner
from search.experiments.verdict import Worth
from search.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Experiment:
    """What is to be compared, on what."""

    name: str
    """Of the dataset."""
    content: str
    """Digest of what is searched; see `content_of`."""
    questions: Sequence[Question]
    arms: Sequence[Arm]
    """With their controls."""
    plan: Plan
    settings: Mapping[str, str] = field(default_factory=dict)
    """Those that decide how passages are found and how arms treat them."""
    warm_up: Question | None = None
    """Asked before anything is measured; best one that is not among the questions."""

    def configuration(self, pipeline: Pipeline) -> Configuration:
        """Return what decides the figures."""
        spec, plan = pipeline.embedder.spec, self.plan
        asked = (
            f"{q.id}\x1f{q.text}\x1f{sorted(q.relevant.items())}\x1f{q.references}"
            for q in self.questions
        )
        return Configuration(
            dataset=self.name,
            content=digest([self.content, *asked]),
            model=f"{spec.name}@{spec.revision}",
            mode=plan.mode,
            arms=tuple(arm.name for arm in self.arms),
            queries=len(self.questions),
            pool=plan.pool,
            repeats=plan.repeats,
            seed=plan.seed,
            deadline=None if math.isinf(plan.seconds) else plan.seconds,
            settings=dict(self.settings),
        )


def run_experiment(
    experiment: Experiment,
    pipeline: Pipeline,
    principal: Principal,
    log: Path,
    worths: Sequence[Worth],
    judge: Judge | None = None,
    on_measured: Callable[[str], None] = lambda arm: None,
) -> tuple[Findings, RunLog]:
    """Run an experiment, or the rest of one that was killed, and compare its arms.

    Args:
        experiment: what is compared.
        pipeline: over the index of the dataset.
        principal: who asks.
        log: where each figure is written as soon as it is there.
        worths: exchange rates of gain and time.
        judge: measures answers; needed where arms answer.
        on_measured: called with an arm's name after each of its turns.

    Raises:
        InputError: there is nothing to ask, or an exchange rate is in an unknown measure.
        ConflictError: the log holds another experiment, or the index has changed since.
        ModelMissingError: an arm's model is not on this machine.
    """
    if not experiment.questions:
        raise InputError(f"{experiment.name} has no queries whose right results are known.")
    check_worths(worths, experiment.arms)
    run = RunLog(log, experiment.configuration(pipeline))
    try:
        runner = Runner(pipeline, principal, experiment.arms, experiment.plan, run, judge)
        runner.run(experiment.questions, experiment.warm_up, on_measured)
    finally:
        run.close()
    return analyse(run, experiment.arms, worths, machine()), run


def content_of(dataset: Dataset) -> str:
    """Return a digest of a dataset's documents, in hex."""
    return digest(f"{p.id}\x1f{p.title}\x1f{p.text}" for p in dataset.corpus)


def digest(parts: Iterable[str]) -> str:
    """Return a digest of texts in their order, in hex."""
    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        made.update(part.encode())
        made.update(b"\x1e")
    return made.hexdigest()
