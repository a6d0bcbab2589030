"""The files of a backup: the manifest, the checksums, and chunks in parts of bounded size."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from search.domain import Chunk, Document, IndexedChunk, SparseVector, Vector
from search.errors import PathError
from search.stores.base import IndexIdentity
from search.stores.payload import DOCUMENT_FIELDS, document_payload, to_document

FORMAT = 1
"""Raise it when a former version of the kit could not read what is written now."""

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
STATE = "state.db"
UPLOADS = "uploads.tar"

PART_CHUNKS = 10_000
"""Chunks after which a new part begins, at the next document: 15 MB of vectors or so."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds."""

    identity: IndexIdentity
    documents: int
    chunks: int
    parts: int
    state: bool
    uploads: bool
    made: str
    """When, ISO 8601."""
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Write it into the folder of a backup."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=2)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read the manifest of a backup.

        Raises:
            PathError: there is none, it is damaged, or a newer version wrote it.
        """
        path = folder / MANIFEST
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            if stored["format"] > FORMAT:
                raise PathError(
                    f"{folder} is a backup of format {stored['format']}, this version of semsearch "
                    f"reads up to {FORMAT}: upgrade it first."
                )
            return cls(**{**stored, "identity": IndexIdentity(**stored["identity"])})
        except OSError as error:
            raise PathError(f"{folder} is no backup: {MANIFEST}: {error.strerror}.") from error
        except (ValueError, TypeError, KeyError) as error:
            raise PathError(f"{path} is damaged: take another backup.") from error

    @property
    def files(self) -> list[str]:
        """Return the names of the files that belong to it, itself among them."""
        names = [MANIFEST]
        for number in range(1, self.parts + 1):
            names += [_lines(number), _vectors(number)]
        return names + [STATE] * self.state + [UPLOADS] * self.uploads


def write_sums(folder: Path, names: list[str]) -> None:
    """Write the checksums of a backup's files."""
    lines = (f"{_sha256(folder / name)}  {name}\n" for name in names)
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def verify(folder: Path, manifest: Manifest) -> None:
    """Compare every file of a backup with its checksum.

    Raises:
        PathError: one is missing or damaged; the message names it.
    """
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PathError(f"{folder / SUMS} is missing or damaged: take another backup.") from error
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    for name in manifest.files:
        try:
            intact = _sha256(folder / name) == sums.get(name)
        except OSError as error:
            raise PathError(f"{folder / name} cannot be read: {error.strerror}.") from error
        if not intact:
            raise PathError(
                f"{folder / name} is damaged: it does not match {SUMS}. Take another backup."
            )


class PartWriter:
    """Writes documents with their chunks, as many parts as it takes."""

    def __init__(self, folder: Path, dimension: int) -> None:
        self._folder = folder
        self._empty = np.empty((0, dimension), np.float32)
        self._vectors: list[Vector] = []
        self._file: gzip.GzipFile | None = None
        self.parts = 0

    def document(self, document: Document) -> None:
        """Begin a document; its chunks come next."""
        if len(self._vectors) >= PART_CHUNKS:
            self.finish()
        if self._file is None:
            self.parts += 1
            self._file = gzip.GzipFile(self._folder / _lines(self.parts), "wb", 3, mtime=0)
        payload = document_payload(document)
        self._line({"document": {f: payload[f] for f in DOCUMENT_FIELDS if f in payload}})

    def chunk(self, item: IndexedChunk) -> None:
        """Add a chunk of the document that was begun last."""
        self._vectors.append(item.dense)
        terms, weights = item.sparse.indices, item.sparse.values
        self._line({"chunk": asdict(item.chunk), "terms": terms, "weights": weights})

    def finish(self) -> None:
        """Complete the part at hand."""
        if self._file is not None:
            self._file.close()
            self._file = None
            np.save(self._folder / _vectors(self.parts), np.vstack([self._empty, *self._vectors]))
            self._vectors.clear()

    def _line(self, value: dict[str, Any]) -> None:
        assert self._file is not None
        self._file.write(json.dumps(value, ensure_ascii=False).encode() + b"\n")


def read_documents(folder: Path, manifest: Manifest) -> Iterator[Document]:
    """Yield the documents of a backup."""
    for number in range(1, manifest.parts + 1):
        for entry in _entries(folder, number):
            if "document" in entry:
                yield to_document(entry["document"])


def read_chunks(folder: Path, manifest: Manifest) -> Iterator[IndexedChunk]:
    """Yield the chunks of a backup, document by document."""
    for number in range(1, manifest.parts + 1):
        vectors = iter(np.load(folder / _vectors(number), mmap_mode="r"))
        document: Document | None = None
        for entry in _entries(folder, number):
            if "document" in entry:
                document = to_document(entry["document"])
                continue
            assert document is not None
            stored = entry["chunk"]
            chunk = Chunk(**{**stored, "section": tuple(stored["section"])})
            terms = SparseVector(tuple(entry["terms"]), tuple(entry["weights"]))
            yield IndexedChunk(document, chunk, np.array(next(vectors)), terms)


def _entries(folder: Path, number: int) -> Iterator[dict[str, Any]]:
    with gzip.open(folder / _lines(number), "rb") as lines:
        for line in lines:
            yield json.loads(line)


def _lines(number: int) -> str:
    return f"chunks-{number:05}.jsonl.gz"


def _vectors(number: int) -> str:
    return f"chunks-{number:05}.npy"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
