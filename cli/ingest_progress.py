"""How a sync shows itself while it runs: bars, plain lines, or JSON lines."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.progress import Progress, TaskID

from cli.output import stderr
from cli.progress import bar
from ingest.plan import Plan
from ingest.reading import Reading
from ingest.sync import Observer

LINE_SECONDS = 10
"""Between two plain lines."""


@contextmanager
def display(log_json: bool, *, brief: bool = False) -> Iterator[Observer]:
    """Yield an observer that suits where standard error goes.

    Args:
        log_json: for machines that watch.
        brief: say nothing of a run that has nothing to do.
    """
    if log_json:
        yield JsonLog()
    elif brief or not stderr().is_terminal:
        yield Lines(brief)
    else:
        with bar() as progress:
            yield Bars(progress)


class Counts:
    """What every display counts."""

    def __init__(self) -> None:
        self.files = 0
        self.read_files = 0
        self.chunks_found = 0
        self.chunks_done = 0
        self.failed = 0
        self.current = ""
        self.start = time.monotonic()

    def planned(self, plan: Plan) -> None:
        """Take note of what will be done."""
        self.files = len(plan.work)
        self.failed = len(plan.failures)
        self.start = time.monotonic()

    def read(self, reading: Reading) -> None:
        """Take note of a file read."""
        self.read_files += 1
        self.chunks_found += sum(len(prepared.chunks) for prepared in reading.documents)
        self.failed += len(reading.failures)
        self.current = reading.planned.file.path

    def embedded(self, chunks: int) -> None:
        """Take note of chunks embedded."""
        self.chunks_done += chunks

    @property
    def expected(self) -> int | None:
        """Return how many chunks there will be, judged by the files read so far."""
        if not self.read_files:
            return None
        return round(self.chunks_found * self.files / self.read_files) or None

    @property
    def rate(self) -> float:
        """Return chunks per second."""
        return self.chunks_done / max(time.monotonic() - self.start, 1e-3)

    @property
    def left(self) -> float | None:
        """Return the seconds that the rest will take."""
        if not self.chunks_done or self.expected is None:
            return None
        return max(0, self.expected - self.chunks_done) / self.rate


class Bars(Counts):
    """Two bars in a terminal: files and chunks."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress
        self._reading: TaskID | None = None
        self._embedding: TaskID | None = None

    def planned(self, plan: Plan) -> None:
        """Say what will be done and draw the bars."""
        super().planned(plan)
        stderr().print(in_words(plan))
        if self.files:
            self._reading = self._progress.add_task("files", total=self.files, note="")
            self._embedding = self._progress.add_task("chunks", total=None, note="")

    def read(self, reading: Reading) -> None:
        """Advance the files."""
        super().read(reading)
        if self._reading is not None and self._embedding is not None:
            failed = f"{self.failed} failed, " if self.failed else ""
            rate = self.read_files / max(time.monotonic() - self.start, 1e-3)
            note = f"{rate:.1f}/s {failed}{self.current[-40:]}"
            self._progress.update(self._reading, advance=1, note=note)
            self._progress.update(self._embedding, total=self.expected)

    def embedded(self, chunks: int) -> None:
        """Advance the chunks."""
        super().embedded(chunks)
        if self._embedding is not None:
            self._progress.update(self._embedding, advance=chunks, note=f"{self.rate:.1f}/s")


class Lines(Counts):
    """A line at the start, and one every few seconds."""

    def __init__(self, brief: bool = False) -> None:
        super().__init__()
        self._said = time.monotonic()
        self._brief = brief

    def planned(self, plan: Plan) -> None:
        """Say what will be done."""
        super().planned(plan)
        if not self._brief:
            stderr().print(in_words(plan), soft_wrap=True)

    def embedded(self, chunks: int) -> None:
        """Say now and then how far it is."""
        super().embedded(chunks)
        if time.monotonic() - self._said < LINE_SECONDS:
            return
        self._said = time.monotonic()
        left = f", about {self.left:.0f} s left" if self.left is not None else ""
        stderr().print(
            f"{self.read_files} of {self.files} files, {self.chunks_done} chunks "
            f"({self.rate:.1f}/s), {self.failed} failed{left}, {self.current}",
            soft_wrap=True,
            markup=False,
        )


class JsonLog(Counts):
    """One JSON object a line, for machines that watch."""

    def planned(self, plan: Plan) -> None:
        """Log the plan's counts."""
        super().planned(plan)
        log_event("planned", files=self.files, deleted=len(plan.files_deleted),
             renamed=len(plan.files_renamed), unchanged=len(plan.unchanged),
             failed=self.failed)  # fmt: skip

    def read(self, reading: Reading) -> None:
        """Log a file."""
        super().read(reading)
        chunks = sum(len(prepared.chunks) for prepared in reading.documents)
        log_event("read", path=self.current, chunks=chunks, seconds=round(reading.seconds, 3),
             failures=[f.reason for f in reading.failures])  # fmt: skip

    def embedded(self, chunks: int) -> None:
        """Log how far it is."""
        super().embedded(chunks)
        log_event("embedded", chunks=self.chunks_done, expected=self.expected,
             per_second=round(self.rate, 2))  # fmt: skip


def in_words(plan: Plan) -> str:
    """Say in a line what a plan is about to do."""
    counts = {
        "new": len(plan.added),
        "changed": len(plan.changed),
        "renamed": len(plan.files_renamed),
        "updated": len(plan.news),
        "deleted": len(plan.files_deleted),
        "unchanged": len(plan.unchanged),
        "of a type that is not indexed": len(plan.unsupported),
    }
    always = {"new", "unchanged"}
    return ", ".join(f"{n} {name}" for name, n in counts.items() if n or name in always)


def log_event(event: str, **fields: Any) -> None:
    """Write one JSON object with the moment."""
    moment = {"time": round(time.time(), 3), "event": event}
    typer.echo(json.dumps(moment | fields, ensure_ascii=False), err=True)
