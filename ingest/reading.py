"""First stage: a file becomes documents ready to embed. Pure work on one file, in any order.

Everything here depends on the file and the settings alone, so that it can run in threads
beside the embedding, or on other machines.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.indexer import Indexer, PreparedDocument
from ingest.metadata import attached, document_of
from ingest.parsers import is_supported
from ingest.parsers.base import Attachment, ParsedDocument
from ingest.plan import Failure, PlannedFile
from ingest.scan import content_hash, stamp_of
from search.domain import Document
from search.errors import (
    ChangingFileError,
    EmptyDocumentError,
    MissingToolError,
    SemsearchError,
    UnsupportedFormatError,
)

ATTEMPTS = 3
"""How often a file is read that is written to meanwhile."""

AHEAD_CHUNKS = 2048
"""Chunks prepared before the embedding asks for them; reading pauses beyond."""

LIGHT = frozenset({".csv", ".htm", ".html", ".json", ".markdown", ".md", ".text", ".tsv", ".txt"})
HEAD_START = 32
"""Files of light formats that are read before all others."""

Parse = Callable[[Path], ParsedDocument]


@dataclass(frozen=True, slots=True)
class Reading:
    """What came out of one file."""

    planned: PlannedFile
    documents: tuple[PreparedDocument, ...] = ()
    """The file's own, then those of its attachments."""
    failures: tuple[Failure, ...] = ()
    unsupported: tuple[str, ...] = ()
    """The file or attachments, where the settings leave their type out."""
    notes: tuple[str, ...] = ()
    """What the parser could not read of a file that it did read."""
    seconds: float = 0.0

    @property
    def gone(self) -> tuple[Document, ...]:
        """Return the attachments of the former version that this one does not hold."""
        if not self.documents:
            return ()
        held = {prepared.document.path for prepared in self.documents}
        held |= {failure.path for failure in self.failures}
        return tuple(doc for doc in self.planned.attachments if doc.path not in held)


class Reader:
    """Turns planned files into documents."""

    def __init__(self, parse: Parse, indexer: Indexer) -> None:
        self._parse = parse
        self._indexer = indexer

    def read(self, planned: PlannedFile) -> Reading:
        """Parse one file and cut it into chunks; whatever goes wrong is in the result."""
        start = time.perf_counter()
        reading = self._read(planned)
        return replace(reading, seconds=time.perf_counter() - start)

    def _read(self, planned: PlannedFile) -> Reading:
        try:
            planned, parsed = self._stable(planned)
            document = document_of(
                planned.source,
                planned.file,
                planned.content_hash,
                parsed,
                self._indexer.fingerprint,
            )
            return self._with_attachments(planned, document, parsed)
        except UnsupportedFormatError:
            return Reading(planned, unsupported=(planned.file.path,))
        except Exception as error:
            return Reading(planned, failures=(_failure(planned.file.path, error),))

    def _stable(self, planned: PlannedFile) -> tuple[PlannedFile, ParsedDocument]:
        """Parse a file; if it was written to since it was planned, look at it anew."""
        path = planned.file.absolute
        for _ in range(ATTEMPTS):
            if stamp_of(path.stat()) != planned.file.stamp:
                planned = _as_it_is_now(planned)
            parsed = self._parse(path)
            if stamp_of(path.stat()) == planned.file.stamp:
                return planned, parsed
        raise ChangingFileError(
            "The file is being written to: run the command again when that is done."
        )

    def _with_attachments(
        self, planned: PlannedFile, document: Document, parsed: ParsedDocument
    ) -> Reading:
        documents: list[PreparedDocument] = []
        failures: list[Failure] = []
        unsupported: list[str] = []
        known = bool(planned.reason)
        try:
            documents.append(self._indexer.prepare(document, parsed, replaces=known))
        except EmptyDocumentError as error:  # a mail may hold nothing but its attachments
            if not parsed.attachments:
                raise
            failures.append(_failure(document.path, error))
        for path, attachment in _all_attachments(document.path, parsed.attachments):
            if attachment.document is None:
                if not is_supported(Path(attachment.name)):
                    unsupported.append(path)
                else:
                    failures.append(Failure(path, attachment.problem or "It cannot be read."))
                continue
            inside = attached(document, attachment, path)
            try:
                ready = self._indexer.prepare(inside, attachment.document, replaces=known)
                documents.append(ready)
            except EmptyDocumentError as error:
                failures.append(_failure(path, error))
        return Reading(planned, tuple(documents), tuple(failures), tuple(unsupported), parsed.notes)


def readings(
    files: Sequence[PlannedFile], read: Callable[[PlannedFile], Reading], workers: int
) -> Iterator[Reading]:
    """Read files in several threads, ahead of whoever consumes, and yield them as they are done.

    The threads go on while the consumer is busy, until `AHEAD_CHUNKS` are waiting for it.

    Args:
        files: what to read.
        read: reads one file; runs in the threads.
        workers: how many files at a time.
    """
    ahead = _Ahead(scheduled(files), read)
    threads = [
        threading.Thread(target=ahead.work, name=f"read-{n}", daemon=True) for n in range(workers)
    ]
    ahead.active = len(threads)
    for thread in threads:
        thread.start()
    try:
        yield from ahead.results()
    finally:
        ahead.stop()
        for thread in threads:
            thread.join()


def scheduled(files: Sequence[PlannedFile]) -> list[PlannedFile]:
    """Put some files that are read in no time first, so that embedding begins at once.

    Meanwhile the workers load the heavier parsers. The rest stays in its order.
    """
    first = [planned for planned in files if planned.file.absolute.suffix.lower() in LIGHT]
    chosen = {id(planned) for planned in first[:HEAD_START]}
    rest = [planned for planned in files if id(planned) not in chosen]
    return [*first[:HEAD_START], *rest]


class _Ahead:
    """What the reading threads share with the consumer."""

    def __init__(
        self, files: Sequence[PlannedFile], read: Callable[[PlannedFile], Reading]
    ) -> None:
        self._remaining = iter(files)
        self._read = read
        self._changed = threading.Condition()
        self._done: deque[Reading] = deque()
        self._held = 0
        self._stopped = False
        self._failure: BaseException | None = None
        self.active = 0

    def work(self) -> None:
        """Read files until there are no more; runs in each thread."""
        try:
            while (planned := self._next()) is not None:
                reading = self._read(planned)
                with self._changed:
                    self._done.append(reading)
                    self._held += _chunks_of(reading)
                    self._changed.notify_all()
        except BaseException as error:
            self._failure = error
        finally:
            with self._changed:
                self.active -= 1
                self._changed.notify_all()

    def results(self) -> Iterator[Reading]:
        """Yield what is read, in the order in which it is done."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._done or not self.active)
                if self._failure is not None:
                    raise self._failure
                if not self._done:
                    return
                reading = self._done.popleft()
                self._held -= _chunks_of(reading)
                self._changed.notify_all()
            yield reading

    def stop(self) -> None:
        """Let the threads end after the files they are at."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _next(self) -> PlannedFile | None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._held < AHEAD_CHUNKS)
            return None if self._stopped else next(self._remaining, None)


def _chunks_of(reading: Reading) -> int:
    return sum(len(prepared.chunks) for prepared in reading.documents)


def _as_it_is_now(planned: PlannedFile) -> PlannedFile:
    path = planned.file.absolute
    found = path.stat()
    file = replace(planned.file, size=found.st_size, stamp=stamp_of(found))
    return replace(planned, file=file, content_hash=content_hash(path))


def _all_attachments(
    holder: str, attachments: Sequence[Attachment]
) -> Iterator[tuple[str, Attachment]]:
    """Yield attachments and those inside them, each with its path."""
    for attachment in attachments:
        path = f"{holder}/{attachment.name}"
        yield path, attachment
        if attachment.document is not None:
            yield from _all_attachments(path, attachment.document.attachments)


def _failure(path: str, error: Exception) -> Failure:
    """Describe a failure; an error that is not ours is a parser's, and stops only this file."""
    if isinstance(error, SemsearchError):
        reason = str(error)
    elif isinstance(error, OSError) and error.strerror:
        reason = f"The file cannot be read: {os.strerror(error.errno or 0)}."
    else:
        reason = f"The parser failed: {type(error).__name__}: {error}"
    tool = error.tool if isinstance(error, MissingToolError) else None
    return Failure(path, " ".join(reason.split()), tool)
