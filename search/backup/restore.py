"""Restoring a backup: check all of it first, then make the index equal to it."""

import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path

from search.backup.layout import (
    STATE,
    UPLOADS,
    Manifest,
    read_chunks,
    read_documents,
    verify,
)
from search.domain import Document, IndexedChunk
from search.errors import IndexMismatchError, IndexStateError
from search.state.database import Database
from search.stores.base import IndexIdentity, Store
from search.stores.payload import version_of

BATCH = 256
"""Chunks staged at once."""


def open_backup(folder: Path, wanted: IndexIdentity) -> Manifest:
    """Check a backup, every byte of it, and that it fits the settings.

    Raises:
        PathError: it is missing, incomplete, damaged, or of a newer format.
        IndexMismatchError: it was made with another model, analyzer or layout.
        StoreError: a newer version wrote its state.
    """
    manifest = Manifest.read(folder)
    verify(folder, manifest)
    if manifest.identity != wanted:
        raise IndexMismatchError(
            f"The backup was made with {manifest.identity.described}, but the settings ask for "
            f"{wanted.described}: set SEMSEARCH_EMBEDDER__MODEL as it was, or use the version of "
            "semsearch that made the backup; else index the folders anew."
        )
    if manifest.state:
        Database.check(folder / STATE)
    return manifest


def restore(
    store: Store,
    data_dir: Path,
    folder: Path,
    manifest: Manifest,
    holder: str,
    *,
    force: bool = False,
    on_chunks: Callable[[int], None] = lambda count: None,
) -> None:
    """Make an index, its state and its uploads equal to a checked backup.

    Cut short, it can be repeated: what it restored so far is no reason to refuse.

    Args:
        store: empty, or with nothing but what the backup holds, unless `force`.
        data_dir: where the state and the uploads go.
        folder: the backup.
        manifest: its manifest, see `open_backup`.
        holder: what syncs that wait meanwhile are told.
        force: replace whatever else there is.
        on_chunks: called with the number of chunks restored, as they are.

    Raises:
        IndexStateError: there is something else already, and no `force`.
        StoreBusyError: a sync is under way.
        StoreError: the store failed.
    """
    database = Database(data_dir)
    with store.claim(holder) as interrupted:
        if interrupted:
            store.repair()
        saved = {document.id: version_of(document) for document in read_documents(folder, manifest)}
        others = [d for d in store.manifest() if saved.get(d.id) != version_of(d)]
        if not force:
            _require_room(others, database)
        packed, uploads = folder / UPLOADS, data_dir / "uploads"
        if manifest.uploads and not force:
            _require_no_others(packed, uploads)
        for chunks, complete in _batches(read_chunks(folder, manifest)):
            store.stage(chunks)
            store.publish(complete)
            on_chunks(len(chunks))
        for document in others:
            if document.id not in saved:
                store.remove([document])
        replaced = {document.id for document in others} & saved.keys()
        for document in read_documents(folder, manifest):
            if document.id in replaced:
                store.remove_stale(document)
        store.flush()
        if manifest.uploads:
            _unpack(packed, uploads)
    if manifest.state:
        database.replace_with(folder / STATE)


def _require_room(others: list[Document], database: Database) -> None:
    if others:
        raise IndexStateError(
            f"The index holds {len(others)} documents that the backup does not: restore into an "
            "empty SEMSEARCH_DATA_DIR or collection, or replace them with --force."
        )
    if database.holds_anything():
        raise IndexStateError(
            f"{database.path} holds keys or feedback already: restore into an empty "
            "SEMSEARCH_DATA_DIR, or replace them with --force."
        )


def _batches(
    items: Iterable[IndexedChunk],
) -> Iterator[tuple[list[IndexedChunk], list[Document]]]:
    """Yield chunks, and the documents whose last chunk is among them."""
    chunks: list[IndexedChunk] = []
    complete: list[Document] = []
    for document, belonging in groupby(items, key=lambda item: item.document):
        for item in belonging:
            chunks.append(item)
            if len(chunks) == BATCH:
                yield chunks, complete
                chunks, complete = [], []
        complete.append(document)
    yield chunks, complete


def _require_no_others(archive: Path, uploads: Path) -> None:
    with tarfile.open(archive) as packed:
        saved = {uploads / name for name in packed.getnames()}
    if any(path not in saved for path in uploads.rglob("*")):
        raise IndexStateError(
            f"{uploads} holds files that the backup does not: restore into an empty "
            "SEMSEARCH_DATA_DIR, or replace them with --force."
        )


def _unpack(archive: Path, uploads: Path) -> None:
    """Put the packed files in place of those that are there, all at once."""
    fresh, former = (uploads.with_name(f"uploads.{word}") for word in ("new", "old"))
    for leftover in (fresh, former):
        shutil.rmtree(leftover, ignore_errors=True)
    with tarfile.open(archive) as packed:
        packed.extractall(fresh, filter="data")
    if uploads.exists():
        uploads.replace(former)
    fresh.replace(uploads)
    shutil.rmtree(former, ignore_errors=True)
