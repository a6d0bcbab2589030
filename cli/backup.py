"""`semsearch backup` and `restore`: all that is indexed, with keys, feedback and uploads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from cli.output import JsonOption, counted, print_json, stdout
from cli.progress import bar
from search.backup.layout import Manifest
from search.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (backup, restore):
        app.command()(command)


def backup(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A new folder.", show_default=False)
    ],
    json: JsonOption = False,
) -> None:
    """Save the index of all tenants, keys, feedback and uploads into a new folder.

    The service may run meanwhile; syncs wait. Keep the folder as safe as the documents: it
    holds their text. `sha256sum --check SHA256SUMS` in it tells whether it is intact.

    Examples:

        semsearch backup /backups/semsearch-$(date +%F)
    """
    from ingest.sync import whoami
    from search.assemble import open_store_as_is
    from search.backup.save import save

    settings = load_settings()
    store = open_store_as_is(settings)
    try:
        with _progress("saving", store.state().chunks) as advance:
            saved = save(store, settings.data_dir, folder.absolute(), whoami(), advance)
    finally:
        store.close()
    _report("saved", folder, saved, json)


def restore(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="What `backup` made.", show_default=False)
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Replace what is indexed, and the keys.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Restore a backup, into either store, after checking every byte of it.

    An index or state that holds anything else is left alone without --force. A restore that
    was cut short can be repeated.

    Examples:

        semsearch restore /backups/semsearch-2026-11-20

        SEMSEARCH_STORE__URL=http://localhost:6333 semsearch restore /backups/semsearch-2026-11-20
    """
    from ingest.sync import whoami
    from search.assemble import build_embedder, identity_for, open_store
    from search.backup.restore import open_backup
    from search.backup.restore import restore as restore_backup

    settings = load_settings()
    embedder = build_embedder(settings.embedder)
    saved = open_backup(folder, identity_for(embedder))
    store = open_store(settings, embedder, create=True)
    try:
        with _progress("restoring", saved.chunks) as advance:
            restore_backup(
                store, settings.data_dir, folder, saved, whoami(), force=force, on_chunks=advance
            )
    finally:
        store.close()
    _report("restored", folder, saved, json)


@contextmanager
def _progress(doing: str, chunks: int) -> Iterator[Callable[[int], None]]:
    with bar() as progress:
        task = progress.add_task(doing, total=chunks, note="chunks")
        yield lambda count: progress.advance(task, count)


def _report(done: str, folder: Path, manifest: Manifest, json: bool) -> None:
    found = {"documents": manifest.documents, "chunks": manifest.chunks}
    held = {"state": manifest.state, "uploads": manifest.uploads}
    if json:
        print_json({"folder": str(folder.absolute())} | found | held)
        return
    what = [counted(manifest.documents, "document"), counted(manifest.chunks, "chunk")]
    what += ["keys and feedback"] * manifest.state + ["uploads"] * manifest.uploads
    stdout().print(f"{done}: {', '.join(what)}", markup=False, soft_wrap=True)
