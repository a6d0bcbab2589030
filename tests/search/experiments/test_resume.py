"""An experiment that is killed goes on where it was, to the same figures."""

import multiprocessing
import os
import signal
import tempfile
import time
from pathlib import Path

import pytest

from search.experiments.arms import Arm
from search.experiments.findings import Findings
from search.experiments.laboratory import run_experiment
from search.experiments.runner import Plan
from search.experiments.verdict import Worth
from tests.search.experiments.arms_for_tests import (
    ADMIN,
    Partly,
    Slow,
    experiment,
    indexed,
    questions,
)

WORTH = [Worth(0.01, "ndcg@10", 0.2)]


def run(log: Path, temporary: Path) -> Findings:
    """Run the experiment, or the rest of it; in a process of its own or in this one."""
    tempfile.tempdir = str(temporary)  # a killed process leaves its index behind
    asked = questions()[:16]
    arms = [Arm("half", Partly(asked, 0.5, "half")), Arm("slow", Slow(0.01))]
    with indexed() as pipeline:
        made = experiment(arms, Plan(repeats=2, seed=5), asked)
        findings, _ = run_experiment(made, pipeline, ADMIN, log, WORTH)
    return findings


def run_and_kill(log: Path, temporary: Path, lines: int) -> None:
    """Start the experiment and kill it when its log has so many lines."""
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=run, args=(log, temporary))
    process.start()
    while process.is_alive() and _count(log) < lines:
        time.sleep(0.005)
    assert process.is_alive() and process.pid, "the run was over before it was killed"
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def _count(log: Path) -> int:
    return log.read_bytes().count(b"\n") if log.exists() else 0


@pytest.mark.processes
def test_a_killed_run_goes_on_to_the_same_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    log = tmp_path / "killed" / "run.jsonl"
    counts = []
    for lines in (3, 40, 100):
        run_and_kill(log, tmp_path, lines)
        counts.append(_count(log))
    assert counts == sorted(counts) and counts[0] < counts[-1]
    resumed = run(log, tmp_path)
    whole = run(tmp_path / "whole" / "run.jsonl", tmp_path)
    assert _quality(resumed) == _quality(whole)
    # 1 header, 5 arms warmed up, 16 retrievals, 16 queries by 5 arms by 2 repeats: nothing twice.
    assert _count(log) == _count(tmp_path / "whole" / "run.jsonl") == 1 + 5 + 16 + 160


def _quality(findings: Findings) -> list[object]:
    return [(arm.name, arm.measures, arm.slices, arm.better, arm.worse, arm.changes)
            for family in findings.families for arm in family.arms]  # fmt: skip
