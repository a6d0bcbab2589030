"""Writing a backup: read everything back while no sync can change it."""

import shutil
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from search.backup.layout import STATE, UPLOADS, Manifest, PartWriter, write_sums
from search.errors import PathError, StoreError
from search.state.database import Database
from search.stores.base import Store


def save(
    store: Store,
    data_dir: Path,
    folder: Path,
    holder: str,
    on_chunks: Callable[[int], None] = lambda count: None,
) -> Manifest:
    """Write a backup; it appears under its name only when it is complete.

    Memory is bounded by a part, or by the largest document.

    Args:
        store: what is indexed, of all tenants.
        data_dir: where the state and the uploads lie.
        folder: where to; must not exist, or be empty.
        holder: what syncs that wait meanwhile are told.
        on_chunks: called with the number of chunks saved, as they are.

    Raises:
        PathError: the folder is not empty or cannot be written to.
        StoreBusyError: a sync is under way.
        StoreError: the store failed, or lacks chunks of a document.
    """
    aside = folder.with_name(f".{folder.name}.partial")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise PathError(f"{folder} is not empty: name a new folder for each backup.")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True, mode=0o700)  # it holds what only some may read
        try:
            manifest = _write(store, data_dir, aside, holder, on_chunks)
            aside.replace(folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise PathError(f"{folder} cannot be written to: {error.strerror or error}.") from error
    return manifest


def _write(
    store: Store, data_dir: Path, folder: Path, holder: str, on_chunks: Callable[[int], None]
) -> Manifest:
    writer = PartWriter(folder, store.identity.dimension)
    documents = chunks = 0
    with store.claim(holder) as interrupted:
        if interrupted:
            store.repair()
        for document in store.manifest():
            writer.document(document)
            found = 0
            for item in store.read_back(document):
                writer.chunk(item)
                found += 1
                on_chunks(1)
            if found != document.chunk_count:
                raise StoreError(
                    f"{document.path} of {document.source} has {found} of its "
                    f"{document.chunk_count} chunks: index it again before a backup."
                )
            documents, chunks = documents + 1, chunks + found
        writer.finish()
        uploads = _pack(data_dir / "uploads", folder / UPLOADS)
    state = Database(data_dir).copy_to(folder / STATE)
    manifest = Manifest(
        identity=store.identity,
        documents=documents,
        chunks=chunks,
        parts=writer.parts,
        state=state,
        uploads=uploads,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    manifest.write(folder)
    write_sums(folder, manifest.files)
    return manifest


def _pack(uploads: Path, archive: Path) -> bool:
    """Pack a folder, if there is one; return whether there is."""
    if not uploads.is_dir():
        return False
    with tarfile.open(archive, "w") as packed:
        packed.add(uploads, arcname=".")
    return True
