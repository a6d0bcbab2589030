"""Jobs in `state.db`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from search.state.database import Database
from search.state.jobs import KEPT, FileFailure, Jobs, Outcome, Progress


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(Database(tmp_path))


def test_the_life_of_a_job(jobs: Jobs) -> None:
    made = jobs.add("acme", "key:1", "upload")
    assert jobs.get(made.id) == made
    assert (made.state, made.started, made.outcome) == ("queued", None, None)
    jobs.start(made.id)
    jobs.advance(made.id, Progress(1, 3, 20))
    running = jobs.get(made.id)
    assert running is not None
    assert (running.state, running.progress) == ("running", Progress(1, 3, 20))
    outcome = Outcome(added=2, failed=1, failures=(FileFailure("a.pdf", "Uszkodzony."),))
    jobs.finish(made.id, outcome)
    done = jobs.get(made.id)
    assert done is not None
    assert (done.state, done.outcome, done.error) == ("done", outcome, None)
    assert done.started and done.ended and made.created <= done.started <= done.ended


def test_a_job_that_fails(jobs: Jobs) -> None:
    made = jobs.add("acme", "key:1", "sync")
    jobs.fail(made.id, "The store failed.")
    failed = jobs.get(made.id)
    assert failed is not None
    assert (failed.state, failed.error, failed.outcome) == ("failed", "The store failed.", None)


def test_only_unfinished_jobs_fail_at_a_start(jobs: Jobs) -> None:
    done, waiting = jobs.add("acme", "key:1", "sync"), jobs.add("acme", "key:1", "sync")
    jobs.finish(done.id, Outcome())
    jobs.fail_unfinished("stopped")
    states = {job.id: job.state for job in map(jobs.get, (done.id, waiting.id)) if job}
    assert states == {done.id: "done", waiting.id: "failed"}


def test_old_jobs_are_forgotten(jobs: Jobs, tmp_path: Path) -> None:
    old, young = jobs.add("acme", "key:1", "sync"), jobs.add("acme", "key:1", "sync")
    jobs.finish(young.id, Outcome())
    past = (datetime.now(UTC) - KEPT - timedelta(minutes=1)).isoformat()
    with Database(tmp_path).connect() as connection:
        connection.execute("UPDATE jobs SET ended = ? WHERE id = ?", (past, old.id))
    jobs.add("acme", "key:1", "sync")
    assert jobs.get(old.id) is None
    assert jobs.get(young.id) is not None
    assert jobs.get("none") is None
