"""`semsearch watch`: keep the index equal to folders."""

import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from cli.ingest_options import AllowMassDelete, Exclude, Include, LogJson
from cli.output import stderr
from search.errors import IndexStateError, SemsearchError, StoreBusyError
from search.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(watch)


class _Stopped(BaseException):
    """SIGTERM, or Ctrl-C; whatever is under way unwinds and leaves the index whole."""


def watch(
    paths: Annotated[
        list[Path], typer.Argument(help="Files and folders.", metavar="PATH…", show_default=False)
    ],
    quiet: Annotated[
        float, typer.Option(min=0.1, help="Seconds without a change before a sync begins.")
    ] = 2.0,
    include: Include = None,
    exclude: Exclude = None,
    allow_mass_delete: AllowMassDelete = False,
    log_json: LogJson = False,
) -> None:
    """Sync folders now and whenever something in them changes, until stopped.

    Between syncs the index is free for other commands. A sync that fails is tried again;
    SIGTERM and Ctrl-C end the command with 0. On network drives that report no changes, set
    WATCHFILES_FORCE_POLLING=1.

    Examples:

        semsearch watch /srv/share/handbook

        semsearch watch ~/Documents --quiet 30 --exclude 'archive/' --log-json
    """
    from cli.ingest_output import show_report
    from cli.ingest_progress import display, log_event
    from ingest.sources import resolve_sources
    from ingest.sync import Scope, sync
    from ingest.watch import keep_synced
    from search.assemble import build_embedder, open_store

    settings = load_settings()
    resolve_sources(paths, ())  # a path that does not exist is said at once
    scope = Scope(tuple(include or ()), tuple(exclude or ()), allow_mass_delete)
    embedder = build_embedder(settings.embedder)

    def run() -> bool:
        try:
            store = open_store(settings, embedder, create=True)
            try:
                with display(log_json, brief=True) as observer:
                    report = sync(paths, embedder, store, settings, observer, scope)
            finally:
                store.close()
        except IndexStateError:
            raise  # built with another model: trying again would not help
        except SemsearchError as error:
            if log_json:
                log_event("failed", error=str(error), busy=isinstance(error, StoreBusyError))
            else:
                stderr().print(f"{_now()} {error}", style="yellow", soft_wrap=True, markup=False)
            return False
        if log_json:
            log_event("synced", added=report.added, changed=report.changed, chunks=report.chunks,
                      deleted=len(report.plan.files_deleted), failed=len(report.failures),
                      withheld=len(report.plan.withheld))  # fmt: skip
        elif report.did_something:
            stderr().print(_now(), end=" ", style="dim")
            show_report(report, stderr())
        return True

    if not log_json:
        stderr().print(f"Watching {', '.join(map(str, paths))}: Ctrl-C ends it.", markup=False)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    with suppress(_Stopped):
        keep_synced(paths, run, quiet=quiet, ignored=[settings.data_dir], stop=threading.Event())
    if log_json:
        log_event("stopped")


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Stopped


def _now() -> str:
    return time.strftime("%H:%M:%S")
