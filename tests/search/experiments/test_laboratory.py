"""Experiments on a small dataset with effects that are known beforehand."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from search.domain import Hit
from search.errors import ConflictError, InputError, ModelMissingError
from search.experiments.arms import Arm, ReferenceAnswerer
from search.experiments.findings import ArmFindings, Findings
from search.experiments.judging import judge
from search.experiments.laboratory import Experiment, run_experiment
from search.experiments.questions import questions_of, sampled
from search.experiments.records import Measurement, RunLog
from search.experiments.report import write_report
from search.experiments.retrieval import evaluate
from search.experiments.runner import Judge, Plan
from search.experiments.verdict import Worth
from search.pipeline import Pipeline
from search.pool import Pool
from search.rerankers.base import Reranking
from tests.search.experiments.arms_for_tests import (
    ADMIN,
    Constant,
    Failing,
    Partly,
    Shuffling,
    Slow,
    dataset,
    experiment,
    indexed,
    questions,
)

CHEAP = [Worth(0.01, "ndcg@10", 60)]


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    with indexed() as made:
        yield made


def run(
    made: Experiment, pipeline: Pipeline, folder: Path, judge: Judge | None = None
) -> tuple[Findings, RunLog]:
    return run_experiment(made, pipeline, ADMIN, folder / "run.jsonl", CHEAP, judge)


def by_name(findings: Findings) -> dict[str, ArmFindings]:
    return {arm.name: arm for family in findings.families for arm in family.arms}


def test_a_known_effect_is_found_and_none_is_not(pipeline: Pipeline, tmp_path: Path) -> None:
    asked = questions()
    arms = [
        Arm("half", Partly(asked, 0.5, "half")),
        Arm("nothing", Partly(asked, 0.0, "nothing")),
        Arm("shuffling", Shuffling()),
    ]
    findings, _ = run(experiment(arms, Plan(pool=8)), pipeline, tmp_path)
    found = by_name(findings)
    base = evaluate(pipeline, dataset(), ADMIN, "hybrid").metrics
    for measure, value in base.items():
        assert found["off"].measures[measure].mean.value == pytest.approx(value, abs=1e-6)
        assert found["null"].measures[measure].mean.value == pytest.approx(value, abs=1e-6)
    half = found["half"].measures["ndcg@10"]
    assert half.gain and half.gain.mean.low > 0
    assert half.p_holm is not None and half.p_holm < 0.01
    assert found["half"].verdict and found["half"].verdict.kind == "worth it"
    assert found["half"].better >= 8 and found["half"].worse == 0
    nothing = found["nothing"].measures["ndcg@10"]
    assert nothing.gain and nothing.gain.p == 1 and nothing.p_holm == 1
    assert found["shuffling"].verdict and found["shuffling"].verdict.kind == "not worth it"
    oracle = found["oracle"].measures["ndcg@10"].mean.value
    assert oracle == max(arm.measures["ndcg@10"].mean.value for arm in found.values())
    assert findings.pool_recall == pytest.approx(oracle)  # one right document a query


def test_all_arms_are_given_the_same_pool(pipeline: Pipeline, tmp_path: Path) -> None:
    seen: dict[str, dict[str, set[tuple[Hit, ...]]]] = {}

    class Noting(Partly):
        def rerank(self, pool: Pool, deadline: object = None) -> Reranking:
            seen.setdefault(pool.query, {}).setdefault(self.name, set()).add(pool.hits)
            return super().rerank(pool)

    asked = questions()[:6]
    arms = [Arm(name, Noting(asked, share, name)) for name, share in (("a", 1.0), ("b", 0.0))]
    _, log = run(experiment(arms, Plan(pool=8, repeats=3), asked), pipeline, tmp_path)
    for pools in seen.values():
        assert len(pools["a"]) == 1
        assert pools["a"] == pools["b"]
        assert len(next(iter(pools["a"]))) == 8
    for line in log.measurements.values():
        assert line.pool == log.retrievals[line.query].pool


def test_pools_that_differ_are_refused(pipeline: Pipeline, tmp_path: Path) -> None:
    asked = questions()[:3]
    made = experiment([Arm("a", Shuffling())], Plan(), asked)
    run(made, pipeline, tmp_path)
    log = tmp_path / "run.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    changed = next(line for line in lines if line.get("arm") == "a" and "repeat" in line)
    changed["pool"] = "0" * 16
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(ConflictError, match="a had another pool for q-"):
        run(made, pipeline, tmp_path)


def test_arms_take_turns_in_an_order_that_the_seed_gives(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    asked = questions()[:12]
    arms = [Arm(name, Partly(asked, 0, name)) for name in "abc"]

    def turns(seed: int, folder: str) -> list[tuple[str, int, str]]:
        _, log = run(
            experiment(arms, Plan(seed=seed, repeats=2), asked), pipeline, tmp_path / folder
        )
        return [(line.query, line.repeat, line.arm) for line in log.measurements.values()]

    first = turns(1, "a")
    assert first == turns(1, "b")
    assert first != turns(2, "c")
    orders = {tuple(arm for q, r, arm in first if (q, r) == (query.id, 0)) for query in asked}
    assert len(orders) > 6
    for query in asked:  # every arm once before any of them again
        assert [r for q, r, _ in first if q == query.id] == [0] * 6 + [1] * 6


def test_the_same_seed_gives_the_same_figures(pipeline: Pipeline, tmp_path: Path) -> None:
    arms = [Arm("half", Partly(questions(), 0.5, "half")), Arm("shuffling", Shuffling())]

    def figures(folder: str) -> object:
        findings, _ = run(experiment(arms, Plan(seed=3)), pipeline, tmp_path / folder)
        return [(arm.name, arm.measures, arm.slices) for arm in findings.families[0].arms]

    assert figures("a") == figures("b")


def test_a_late_arm_leaves_the_base_order_and_is_counted(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    asked = questions()[:10]
    arms = [Arm("slow", Slow(0.3)), Arm("quick", Slow(0))]
    findings, _ = run(experiment(arms, Plan(seconds=0.02), asked), pipeline, tmp_path)
    found = by_name(findings)
    assert found["slow"].degraded == {"rerank_timeout": 10}
    assert found["slow"].measures == {
        name: replace(measure, gain=found["slow"].measures[name].gain,
                      p_holm=found["slow"].measures[name].p_holm)
        for name, measure in found["off"].measures.items()
    }  # fmt: skip
    assert found["quick"].degraded == {}
    assert found["slow"].extra and 0.02 <= found["slow"].extra.mean.value < 1
    assert found["slow"].verdict
    assert "In 10 of 10 queries it was late" in found["slow"].verdict.sentence


def test_an_arm_that_fails_leaves_the_base_order(
    pipeline: Pipeline, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked = questions()[:5]
    with caplog.at_level(logging.CRITICAL):
        findings, _ = run(
            experiment([Arm("failing", Failing())], Plan(), asked), pipeline, tmp_path
        )
    assert by_name(findings)["failing"].degraded == {"rerank_failed": 5}


def test_an_arm_whose_model_is_missing_ends_the_run_at_once(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    class Missing:
        name = "missing"

        def rerank(self, pool: Pool, deadline: object = None) -> Reranking:
            raise ModelMissingError("It is not here: run `make llm`.")

    with pytest.raises(ModelMissingError, match="make llm"):
        run(experiment([Arm("missing", Missing())], Plan()), pipeline, tmp_path)
    assert not [line for line in (tmp_path / "run.jsonl").read_text().splitlines()
                if '"measurement"' in line]  # fmt: skip


def test_latency_has_stages_and_repeats(pipeline: Pipeline, tmp_path: Path) -> None:
    asked = questions()[:8]
    findings, _ = run(
        experiment([Arm("slow", Slow(0.01))], Plan(repeats=2), asked), pipeline, tmp_path
    )
    slow, off = by_name(findings)["slow"], by_name(findings)["off"]
    stages = {stage.stage: stage for stage in slow.latency}
    assert set(stages) == {"embed", "analyse", "retrieve", "signals", "rerank", "total"}
    assert {stage.stage for stage in off.latency} == {"embed", "analyse", "retrieve", "total"}
    assert stages["rerank"].p50.value >= 10
    assert stages["rerank"].p50.low <= stages["rerank"].p50.value <= stages["rerank"].p50.high
    assert stages["rerank"].again_p50 is not None and stages["rerank"].again_p50 >= 10
    assert slow.extra and slow.extra.mean.low >= 0.01
    assert slow.queries_per_second < 100
    assert len(slow.totals_ms) == 8
    assert slow.unstable == 0


def test_slices_by_language(pipeline: Pipeline, tmp_path: Path) -> None:
    asked = questions()
    polish = [q for q in asked if q.slices["language"] == "pl"]
    findings, _ = run(
        experiment([Arm("polish", Partly(polish, 1.0, "polish"))], Plan()), pipeline, tmp_path
    )
    slices = {s.value: s for s in by_name(findings)["polish"].slices if s.field == "language"}
    assert slices["pl"].queries == slices["en"].queries == 24
    assert slices["pl"].gain and slices["pl"].gain.mean.low > 0
    assert slices["en"].gain and slices["en"].gain.mean.value == 0


def share_of_words(answer: object, pool: Pool, question: object, language: str) -> dict[str, float]:
    """A bad measure of answers: it rewards words, right or wrong."""
    return {"token_f1": float(len(getattr(answer, "text", "").split()))}


def test_a_null_arm_that_gains_disqualifies_the_measure(pipeline: Pipeline, tmp_path: Path) -> None:
    asked = questions()
    arms = [
        Arm("answer:terse", answerer=Constant("tak")),
        Arm("answer:mute", answerer=Constant("")),
    ]
    made = experiment(arms, Plan(), asked)
    null = Arm("answer:null", answerer=Constant("bardzo długa odpowiedź bez treści"), role="null")
    swapped = [null if arm.name == "answer:null" else arm for arm in made.arms]
    findings, _ = run(replace(made, arms=swapped), pipeline, tmp_path, share_of_words)
    [family] = findings.families
    assert family.family == "answers" and family.baseline == "answer:terse"
    assert family.disqualified["token_f1"].mean.value == 4
    for arm in family.arms:
        if arm.verdict:
            assert arm.verdict.kind == "no verdict"
            assert "null control" in arm.verdict.sentence


def test_answers_are_measured_and_compared(pipeline: Pipeline, tmp_path: Path) -> None:
    asked = questions()[:30]
    for place in (3, 7, 11, 15):  # nothing answers these
        known = replace(asked[place], relevant={}, references=(), answerable=False)
        asked[place] = replace(known, slices={"language": "pl", "answerable": "unanswerable"})
    arms = [
        Arm("answer:wordy", answerer=Constant("wniosek termin kwota podpis", "wordy")),
        Arm("answer:knowing", answerer=ReferenceAnswerer(asked)),
    ]
    findings, log = run(experiment(arms, Plan(), asked), pipeline, tmp_path, judge)
    [family] = findings.families
    found = {arm.name: arm for arm in family.arms}
    assert family.baseline == "answer:wordy" and family.deciding == "token_f1"
    knowing, wordy = found["answer:knowing"], found["answer:wordy"]
    assert knowing.verdict and knowing.verdict.kind == "worth it"
    assert knowing.measures["false_answer"].mean.value == 0
    assert wordy.measures["false_answer"].mean.value == 1
    fewer = knowing.measures["false_answer"].gain
    assert fewer and fewer.mean.value == 1 and fewer.queries == 4
    assert knowing.risk_coverage and wordy.risk_coverage
    assert knowing.risk_coverage.value < wordy.risk_coverage.low
    unanswerable = [s for s in knowing.slices if s.value == "unanswerable"]
    assert [s.queries for s in unanswerable] == [4]
    page, text, *_ = write_report(findings, log, tmp_path / "out", "semsearch ab run")
    for written in (page, text):
        assert "risk–coverage" in written.read_text(encoding="utf-8")


def test_an_honest_null_arm_disqualifies_nothing(pipeline: Pipeline, tmp_path: Path) -> None:
    findings, _ = run(experiment([Arm("a", Shuffling())], Plan()), pipeline, tmp_path)
    assert findings.families[0].disqualified == {}


def test_another_configuration_is_not_resumed(pipeline: Pipeline, tmp_path: Path) -> None:
    asked = questions()[:4]
    arms = [Arm("a", Shuffling())]
    run(experiment(arms, Plan(pool=8), asked), pipeline, tmp_path)
    with pytest.raises(ConflictError, match="another pool: 8 there, 9 now"):
        run(experiment(arms, Plan(pool=9), asked), pipeline, tmp_path)
    with pytest.raises(ConflictError, match="another content"):
        other = [replace(asked[0], text="inne pytanie"), *asked[1:]]
        run(experiment(arms, Plan(pool=8), other), pipeline, tmp_path)


def test_a_log_cut_short_at_any_byte_goes_on(pipeline: Pipeline, tmp_path: Path) -> None:
    asked = questions()[:3]
    made = experiment([Arm("half", Partly(asked, 0.5, "half"))], Plan(repeats=2), asked)
    whole, log = run(made, pipeline, tmp_path)
    content = log.path.read_bytes()
    for cut in range(len(content) // 7, len(content), len(content) // 7):
        log.path.write_bytes(content[:cut])
        again, resumed = run(made, pipeline, tmp_path)
        assert _quality(again) == _quality(whole)
        assert resumed.measurements.keys() == log.measurements.keys()
        assert all(isinstance(line, Measurement) for line in resumed.measurements.values())


def _quality(findings: Findings) -> list[object]:
    return [(arm.name, arm.measures) for family in findings.families for arm in family.arms]


def test_a_file_that_is_no_log_is_left_alone(pipeline: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_text("my notes\nmore of them\n")
    with pytest.raises(InputError, match="line 1"):
        run(experiment([Arm("a", Shuffling())], Plan()), pipeline, tmp_path)
    assert (tmp_path / "run.jsonl").read_text() == "my notes\nmore of them\n"


def test_queries_are_drawn_by_the_seed() -> None:
    asked = questions()
    drawn = sampled(asked, 10, seed=1)
    assert drawn == sampled(asked, 10, seed=1)
    assert drawn != sampled(asked, 10, seed=2)
    assert [q for q in asked if q in drawn] == drawn
    assert sampled(asked, 1000, seed=1) == asked
    data = dataset()
    assert questions_of(data.queries, data.qrels)[0].references == ("wniosek",)
