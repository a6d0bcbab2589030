"""Jobs: uploads and syncs that the service was asked for, and what came of them."""

import json
import sqlite3
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from search.state.database import Database

JobKind = Literal["upload", "sync"]
JobState = Literal["queued", "running", "done", "failed"]

KEPT = timedelta(days=30)
"""How long an ended job can be asked for."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is."""

    files: int = 0
    """Read so far."""
    of: int = 0
    """To read in all."""
    chunks: int = 0
    """Embedded so far."""


@dataclass(frozen=True, slots=True)
class FileFailure:
    """A file that a job could not index, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job did; files are counted, attachments are not."""

    added: int = 0
    changed: int = 0
    renamed: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    unsupported: int = 0
    chunks: int = 0
    failed: int = 0
    failures: tuple[FileFailure, ...] = ()
    """The first of them, by path."""
    withheld: bool = False
    """Deletions looked like an accident and were not done."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands."""

    id: str
    tenant: str
    caller: str
    """Who asked, as `Caller.id` tells keys and users apart."""
    kind: JobKind
    state: JobState
    created: datetime
    started: datetime | None
    ended: datetime | None
    progress: Progress
    outcome: Outcome | None
    """Of a job that is done."""
    error: str | None
    """Of a job that has failed as a whole."""


class Jobs:
    """The jobs of a data folder; safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, tenant: str, caller: str, kind: JobKind) -> Job:
        """Note a job that waits."""
        now = datetime.now(UTC)
        job = Job(uuid.uuid4().hex, tenant, caller, kind, "queued", now, None, None,
                  Progress(), None, None)  # fmt: skip
        with self._database.connect() as connection:
            connection.execute(
                "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, NULL, NULL, ?, NULL, NULL)",
                (job.id, tenant, caller, kind, job.state, now.isoformat(), _json(job.progress)),
            )
            connection.execute("DELETE FROM jobs WHERE ended < ?", ((now - KEPT).isoformat(),))
        return job

    def get(self, id: str) -> Job | None:
        """Return a job; None if there is none."""
        with self._database.connect() as connection:
            row = connection.execute("SELECT * FROM jobs WHERE id = ?", (id,)).fetchone()
        return _job(row) if row else None

    def start(self, id: str) -> None:
        """Note that a job runs."""
        self._execute("UPDATE jobs SET state = 'running', started = ? WHERE id = ?", _now(), id)

    def advance(self, id: str, progress: Progress) -> None:
        """Note how far a job is."""
        self._execute("UPDATE jobs SET progress = ? WHERE id = ?", _json(progress), id)

    def finish(self, id: str, outcome: Outcome) -> None:
        """Note that a job is done."""
        self._execute("UPDATE jobs SET state = 'done', ended = ?, outcome = ? WHERE id = ?",
                      _now(), _json(outcome), id)  # fmt: skip

    def fail(self, id: str, error: str) -> None:
        """Note that a job has failed."""
        self._execute("UPDATE jobs SET state = 'failed', ended = ?, error = ? WHERE id = ?",
                      _now(), error, id)  # fmt: skip

    def fail_unfinished(self, error: str) -> None:
        """Note that all jobs that wait or run have failed: nobody is left who works on them."""
        self._execute(
            "UPDATE jobs SET state = 'failed', ended = ?, error = ? "
            "WHERE state IN ('queued', 'running')",
            _now(), error,
        )  # fmt: skip

    def _execute(self, statement: str, *values: str) -> None:
        with self._database.connect() as connection:
            connection.execute(statement, values)


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _json(value: Progress | Outcome) -> str:
    return json.dumps(asdict(value), ensure_ascii=False)


def _job(row: sqlite3.Row) -> Job:
    return Job(
        id=row["id"],
        tenant=row["tenant"],
        caller=row["caller"],
        kind=row["kind"],
        state=row["state"],
        created=datetime.fromisoformat(row["created"]),
        started=datetime.fromisoformat(row["started"]) if row["started"] else None,
        ended=datetime.fromisoformat(row["ended"]) if row["ended"] else None,
        progress=Progress(**json.loads(row["progress"])),
        outcome=_outcome(row["outcome"]) if row["outcome"] else None,
        error=row["error"],
    )


def _outcome(text: str) -> Outcome:
    fields = json.loads(text)
    failures = tuple(FileFailure(**failure) for failure in fields.pop("failures"))
    return Outcome(**fields, failures=failures)
