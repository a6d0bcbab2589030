"""The process that carries out one job of the service: `python -m ingest.job`.

Settings and order come as two lines on standard input; while that stays open somebody wants the
job done, and when it ends this process does too. What it reports goes to standard output.
"""

import os
import shutil
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from ingest.manifest import file_of
from ingest.order import Message, Order, read_settings
from ingest.plan import Failure, Plan
from ingest.reading import Reading
from ingest.sync import Report, Scope, sync
from ingest.uploads import Placed, Upload, Uploads
from search.assemble import build_embedder, open_store
from search.domain import Principal
from search.embedders.base import Embedder
from search.errors import ConflictError, SemsearchError
from search.filters import All, Match
from search.settings import Settings
from search.state.jobs import FileFailure, Outcome, Progress
from search.stores.base import Store

PATIENCE = 3600.0
"""Seconds to wait for a sync of the command line that is under way."""

SHOWN = 1000
"""Failures that are kept of a job, one by one."""

PAUSE = 0.25
"""Seconds between two reports."""


class Reports:
    """Writes messages, progress not too often; an observer of syncs."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._progress = Progress()
        self._said = 0.0

    def planned(self, plan: Plan) -> None:
        """Report how many files there are to read."""
        self._advance(of=self._progress.of + len(plan.work))

    def read(self, reading: Reading) -> None:
        """Report a file read."""
        self._advance(files=self._progress.files + 1)

    def embedded(self, chunks: int) -> None:
        """Report chunks embedded."""
        self._advance(chunks=self._progress.chunks + chunks)

    def end(self, *, outcome: Outcome | None = None, error: str | None = None) -> None:
        """Report the end."""
        self._write(Message(progress=self._progress, outcome=outcome, error=error))

    def _advance(self, **counts: int) -> None:
        self._progress = replace(self._progress, **counts)
        if time.monotonic() - self._said >= PAUSE:
            self._said = time.monotonic()
            self._write(Message(progress=self._progress))

    def _write(self, message: Message) -> None:
        self._out.write(message.model_dump_json() + "\n")
        self._out.flush()


class Work:
    """A job under way."""

    def __init__(
        self, settings: Settings, embedder: Embedder, store: Store, reports: Reports
    ) -> None:
        self._settings = settings
        self._embedder = embedder
        self._store = store
        self._reports = reports

    def upload(self, order: Order) -> Outcome:
        """Put files in their places and index them; one that cannot be indexed goes again."""
        assert order.staging is not None
        uploads = Uploads(self._settings.data_dir, order.principal.tenant)
        fitting, refused = _fitting(uploads, order.uploads, order.principal)
        placed = uploads.place(fitting, order.staging)
        try:
            paths = [uploads.root / file.path for file in fitting]
            report = self._sync(uploads.root, paths)
        except BaseException:
            uploads.take_back(placed)
            raise
        uploads.take_back(_not_indexed(placed, report))
        self._forget_deleted(uploads, placed, order.principal.tenant)
        outcome = outcome_of([report])
        return replace(
            outcome,
            failed=outcome.failed + len(refused),
            failures=(*refused, *outcome.failures)[:SHOWN],
        )

    def sync(self, order: Order) -> Outcome:
        """Sync sources, one after another.

        Raises:
            ConflictError: one of them concerns others than the caller's tenant.
        """
        roots = [Path(source) for source in order.sources]
        self._refuse_foreign(roots, order.principal.tenant)
        reports = [
            self._sync(root, [root], allow_mass_delete=order.allow_mass_delete) for root in roots
        ]
        return outcome_of(reports)

    def _sync(
        self, root: Path, paths: Sequence[Path], *, allow_mass_delete: bool = False
    ) -> Report:
        scope = Scope(allow_mass_delete=allow_mass_delete, root=root)
        return sync(paths, self._embedder, self._store, self._settings, self._reports, scope)

    def _refuse_foreign(self, roots: Sequence[Path], tenant: str) -> None:
        """Files without rules go to the caller's tenant: only where all others do already."""
        for document in self._store.manifest():
            file = file_of(document)
            if document.tenant != tenant and any(file.is_relative_to(root) for root in roots):
                raise ConflictError(
                    "A source among these can only be synced on the command line: `semsearch "
                    "ingest FOLDER`, or by `semsearch watch`."
                )

    def _forget_deleted(self, uploads: Uploads, placed: Sequence[Placed], tenant: str) -> None:
        """Remove what was deleted by a caller while it was being indexed."""
        deleted = [one.path for one in placed if not (uploads.root / one.path).exists()]
        if deleted:
            source = Match("source", (str(uploads.root),))
            everybody = Principal(tenant, admin=True)
            documents = self._store.documents(everybody, All((source,)))
            gone = [d for d in documents if (d.container or d.path) in deleted]
            self._store.remove(gone)


def outcome_of(reports: Sequence[Report]) -> Outcome:
    """Add up what syncs did."""
    failures = sorted(
        (failure for report in reports for failure in report.failures), key=lambda f: f.path
    )
    empty = [Failure(file.path, "The file is empty.") for r in reports for file in r.plan.empty]
    failures = [*failures, *empty]
    plans = [report.plan for report in reports]
    return Outcome(
        added=sum(report.added for report in reports),
        changed=sum(report.changed for report in reports),
        renamed=sum(len(plan.files_renamed) for plan in plans),
        updated=sum(len(plan.news) for plan in plans),
        deleted=sum(len(plan.files_deleted) for plan in plans),
        unchanged=sum(len(plan.unchanged) for plan in plans),
        unsupported=sum(len(report.unsupported) for report in reports),
        chunks=sum(report.chunks for report in reports),
        failed=len(failures),
        failures=tuple(FileFailure(f.path, f.reason) for f in failures[:SHOWN]),
        withheld=any(plan.withheld for plan in plans),
    )


def carry_out(settings: Settings, order: Order, reports: Reports) -> Outcome:
    """Do a job.

    Raises:
        SemsearchError: it cannot be done at all.
    """
    embedder = build_embedder(settings.embedder)
    store = open_store(settings, embedder, create=True)
    try:
        work = Work(settings, embedder, store, reports)
        return work.upload(order) if order.uploads else work.sync(order)
    finally:
        store.close()


def main() -> None:
    """Carry out the job that standard input orders."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no report
    settings = read_settings(sys.stdin.readline())
    order = Order.model_validate_json(sys.stdin.readline())
    threading.Thread(target=_end_with_the_service, daemon=True).start()
    patient = settings.store.model_copy(update={"lock_timeout": PATIENCE})
    settings = settings.model_copy(update={"store": patient, "tenant": order.principal.tenant})
    reports = Reports(out)
    try:
        reports.end(outcome=carry_out(settings, order, reports))
    except SemsearchError as error:
        reports.end(error=str(error))
    finally:
        if order.staging is not None:
            shutil.rmtree(order.staging, ignore_errors=True)


def _fitting(
    uploads: Uploads, files: Sequence[Upload], principal: Principal
) -> tuple[list[Upload], list[FileFailure]]:
    """Part files from those whose name was taken while they waited."""
    fitting: list[Upload] = []
    refused: list[FileFailure] = []
    for file in files:
        try:
            uploads.check(file.path, principal)
            fitting.append(file)
        except ConflictError as error:
            refused.append(FileFailure(file.path, str(error)))
    return fitting, refused


def _not_indexed(placed: Sequence[Placed], report: Report) -> list[Placed]:
    failed = {failure.path for failure in report.failures}
    failed |= {file.path for file in (*report.plan.empty, *report.plan.unsupported)}
    failed |= set(report.unsupported)
    return [one for one in placed if one.path in failed]


def _end_with_the_service() -> None:
    """Nobody waits for the job any more: end as if killed; the next sync repairs what is left."""
    while os.read(0, 1024):  # not through `sys.stdin`, whose lock would be held at our own end
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
