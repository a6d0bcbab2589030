"""`semsearch ingest`: folders into the index."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.ingest_options import AllowMassDelete, Exclude, Include, LogJson
from cli.output import JsonOption, print_json
from search.errors import IndexMissingError
from search.settings import Settings, load_settings

if TYPE_CHECKING:
    from ingest.plan import Plan
    from ingest.sync import Scope

SOME_FAILED = 3
WITHHELD = 4


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(ingest)


def ingest(
    paths: Annotated[
        list[Path], typer.Argument(help="Files and folders.", metavar="PATH…", show_default=False)
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be done, and touch nothing.")
    ] = False,
    include: Include = None,
    exclude: Exclude = None,
    allow_mass_delete: AllowMassDelete = False,
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="Delete the whole index first, e.g. for another model."),
    ] = False,
    log_json: LogJson = False,
    json: JsonOption = False,
) -> None:
    """Make the index equal to folders: what is new, changed, renamed or deleted.

    What is unchanged is skipped. A file that fails is reported and the rest goes on; the
    command then exits with 3. When more than a fifth of a source would be deleted, or its
    folder is missing or empty, nothing is, and the command exits with 4.

    Examples:

        semsearch ingest ~/Documents/handbook

        semsearch ingest --dry-run /srv/share --exclude 'archive/'

        semsearch ingest reports/*.pdf --json | jq .failures

        SEMSEARCH_EMBEDDER__MODEL=sentence-transformers:./my-model semsearch ingest --rebuild docs
    """
    from cli.ingest_output import plan_as_json, report_as_json, show_plan, show_report
    from cli.ingest_progress import display
    from ingest.sources import resolve_sources
    from ingest.sync import Scope, sync
    from search.assemble import build_embedder, drop_index, open_store

    settings = load_settings()
    scope = Scope(tuple(include or ()), tuple(exclude or ()), allow_mass_delete)
    if dry_run:
        plan = _plan(paths, settings, scope, fresh=rebuild)
        print_json(plan_as_json(plan)) if json else show_plan(plan)
        raise typer.Exit(_exit_code(bool(plan.withheld), bool(plan.failures)))
    embedder = build_embedder(settings.embedder)
    if rebuild:
        resolve_sources(paths, ())  # a missing path is said before anything is deleted
        drop_index(settings)
    store = open_store(settings, embedder, create=True)
    try:
        with display(log_json) as observer:
            report = sync(paths, embedder, store, settings, observer, scope)
    finally:
        store.close()
    print_json(report_as_json(report)) if json else show_report(report)
    raise typer.Exit(_exit_code(bool(report.plan.withheld), bool(report.failures)))


def _plan(paths: list[Path], settings: Settings, scope: "Scope", *, fresh: bool) -> "Plan":
    from ingest.sync import plan_for
    from search.assemble import build_embedder, open_store

    embedder = build_embedder(settings.embedder)
    try:
        store = None if fresh else open_store(settings, embedder, create=False)
    except IndexMissingError:
        store = None
    try:
        return plan_for(paths, embedder, store, settings, scope)
    finally:
        if store is not None:
            store.close()


def _exit_code(withheld: bool, failed: bool) -> int:
    if withheld:
        return WITHHELD
    return SOME_FAILED if failed else 0
