"""`semsearch ingest`: folders into the index."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress, TaskID

from cli.output import JsonOption, print_json, stderr, stdout
from cli.progress import bar
from ingest.plan import Failure, Plan
from ingest.sync import Report
from search.settings import load_settings

SOME_FAILED = 3
SHOWN = 20
"""Failures listed one by one; scripts get all."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(ingest)


def ingest(
    paths: Annotated[
        list[Path], typer.Argument(help="Files and folders.", metavar="PATH…", show_default=False)
    ],
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="Delete the whole index first, e.g. for another model."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Index files and folders; what is unchanged is skipped.

    A file that fails is reported and the rest goes on; the command then exits with 3.

    Examples:

        semsearch ingest ~/Documents/handbook

        semsearch ingest reports/*.pdf --json | jq .failures

        SEMSEARCH_EMBEDDER__MODEL=sentence-transformers:./my-model semsearch ingest --rebuild docs
    """
    from ingest.plan import resolve_sources
    from ingest.sync import sync
    from search.assemble import build_embedder, drop_index, open_store

    settings = load_settings()
    resolve_sources(paths, ())  # a missing path is said before anything is opened or deleted
    embedder = build_embedder(settings.embedder)
    if rebuild:
        drop_index(settings)
    store = open_store(settings, embedder, create=True)
    try:
        with bar() as progress:
            report = sync(paths, embedder, store, settings, _Display(progress))
    finally:
        store.close()
    if json:
        print_json(_as_json(report))
    else:
        _show(report)
    if report.failures:
        raise typer.Exit(SOME_FAILED)


class _Display:
    """Shows a run as it goes on: two bars in a terminal, a line at the start elsewhere too."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._files = 0
        self._read = 0
        self._chunks = 0
        self._failed = 0
        self._reading: TaskID | None = None
        self._embedding: TaskID | None = None

    def planned(self, plan: Plan) -> None:
        stderr().print(
            f"{len(plan.added)} new, {len(plan.changed)} changed, {plan.unchanged} unchanged, "
            f"{len(plan.unsupported)} of a type that is not indexed"
        )
        self._files = len(plan.work)
        self._failed = len(plan.failures)
        if self._files:
            self._reading = self._progress.add_task("files", total=self._files, note="")
            self._embedding = self._progress.add_task("chunks", total=None, note="")

    def parsed(self, path: str, chunks: int) -> None:
        self._chunks += chunks
        self._advance(path)

    def failed(self, failure: Failure) -> None:
        self._failed += 1
        self._advance(failure.path)

    def embedded(self, chunks: int) -> None:
        if self._embedding is not None:
            self._progress.advance(self._embedding, chunks)
            task = self._progress.tasks[self._embedding]
            rate = f"{task.completed / task.elapsed:.1f}/s" if task.elapsed else ""
            self._progress.update(self._embedding, note=rate)

    def _advance(self, path: str) -> None:
        """Count a file read, and foresee the chunks of those that are still to be read."""
        self._read += 1
        if self._reading is not None and self._embedding is not None:
            failed = f"{self._failed} failed, " if self._failed else ""
            self._progress.update(self._reading, advance=1, note=f"{failed}{path[-40:]}")
            expected = round(self._chunks * self._files / self._read)
            self._progress.update(self._embedding, total=expected or None)


def _as_json(report: Report) -> dict[str, Any]:
    return {
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "unsupported": list(report.unsupported),
        "failures": [{"path": f.path, "reason": f.reason} for f in report.failures],
        "chunks": report.chunks,
        "seconds": round(report.seconds, 3),
    }


def _show(report: Report) -> None:
    console = stdout()
    rate = f", {report.chunks / report.seconds:.1f} chunks per second" if report.chunks else ""
    console.print(
        f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged, "
        f"{len(report.failures)} failed: {report.chunks} chunks "
        f"in {report.seconds:.1f} seconds{rate}"
    )
    if report.unsupported:
        kinds = sorted({Path(path).suffix.lower() or "no extension" for path in report.unsupported})
        console.print(
            f"{len(report.unsupported)} files of a type that is not indexed ({', '.join(kinds)})",
            style="dim",
        )
    for failure in report.failures[:SHOWN]:
        console.print(f"failed: {failure.path}: {failure.reason}", style="red", soft_wrap=True,
                      markup=False)  # fmt: skip
    if len(report.failures) > SHOWN:
        console.print(f"… and {len(report.failures) - SHOWN} more (--json lists all)", style="red")
