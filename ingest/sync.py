"""Index folders: plan, parse ahead in a thread, embed and store in the caller's.

A file that fails is reported and the rest goes on. What was indexed stays indexed: a new
version of a document replaces the old one only when it is complete.
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from ingest.indexer import Indexer, PreparedDocument
from ingest.parsers import parse
from ingest.plan import Failure, Plan, PlannedFile, Planner, resolve_sources
from ingest.scan import scan
from ingest.windows import windows
from search.assemble import local_administrator
from search.domain import Document
from search.embedders.base import Embedder
from search.errors import SemsearchError
from search.settings import Settings
from search.stores.base import Store

PARSED_AHEAD = 16
"""Documents parsed and cut before the embedding asks for them."""


class Observer(Protocol):
    """Is told how a run goes on."""

    def planned(self, plan: Plan) -> None:
        """Take note of what will be done."""
        ...

    def parsed(self, path: str, chunks: int) -> None:
        """Take note of a file parsed and cut into so many chunks."""
        ...

    def failed(self, failure: Failure) -> None:
        """Take note of a file that could not be parsed."""
        ...

    def embedded(self, chunks: int) -> None:
        """Take note of chunks embedded."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did."""

    added: int
    changed: int
    unchanged: int
    unsupported: tuple[str, ...]
    failures: tuple[Failure, ...]
    chunks: int
    """Written in this run."""
    seconds: float


def sync(
    paths: Sequence[Path],
    embedder: Embedder,
    store: Store,
    settings: Settings,
    observer: Observer,
) -> Report:
    """Bring the index up to date with files and folders.

    Args:
        paths: files and folders; a path inside an indexed folder belongs to that source.
        embedder: of the store's model.
        store: open for this embedder.
        settings: chunking, access, limits.
        observer: is told how it goes on.

    Raises:
        PathError: a path does not exist; nothing was done.
        StoreError: the store failed; what was written so far stays.
        ModelError: the model cannot be loaded or run.
    """
    start = time.monotonic()
    indexer = Indexer(embedder, store, settings)
    plan = make_plan(paths, store, settings, indexer.fingerprint)
    observer.planned(plan)
    run = _Run(indexer, settings, observer)
    chunks = 0
    for window in windows(run.prepared(plan.work)):
        indexer.write(window, observer.embedded)
        chunks += sum(len(document.chunks) for document in window)
    if plan.work:
        store.flush()
    failed = {failure.path for failure in run.failures}
    return Report(
        added=sum(planned.file.path not in failed for planned in plan.added),
        changed=sum(planned.file.path not in failed for planned in plan.changed),
        unchanged=plan.unchanged,
        unsupported=plan.unsupported,
        failures=plan.failures + tuple(run.failures),
        chunks=chunks,
        seconds=time.monotonic() - start,
    )


def make_plan(paths: Sequence[Path], store: Store, settings: Settings, fingerprint: str) -> Plan:
    """Compare files and folders with the index.

    Raises:
        PathError: a path does not exist.
    """
    documents = list(store.documents(local_administrator(settings)))
    known = {(document.source, document.path): document for document in documents}
    planner = Planner(known, fingerprint, settings.ingest.max_file_mb)
    for source in resolve_sources(paths, {document.source for document in documents}):
        seen: set[str] = set()
        for target in source.targets:
            for file in scan(source.root, target):
                if file.path not in seen:
                    seen.add(file.path)
                    planner.add(source, file)
    return planner.plan()


class _Run:
    """Parses the files of one run."""

    def __init__(self, indexer: Indexer, settings: Settings, observer: Observer) -> None:
        self.failures: list[Failure] = []
        self._indexer = indexer
        self._tenant = settings.tenant
        default = settings.ingest.default_access
        self._access = () if default == "private" else (default,)
        self._observer = observer

    def prepared(self, files: Sequence[PlannedFile]) -> Iterator[PreparedDocument]:
        """Yield parsed documents in order, a few parsed ahead of the caller in one thread.

        One thread, because not every parser library allows two in a process (PDFium).
        """
        waiting: deque[tuple[PlannedFile, Future[PreparedDocument]]] = deque()
        remaining = iter(files)
        with ThreadPoolExecutor(1, "parse") as thread:
            try:
                while True:
                    while len(waiting) < PARSED_AHEAD and (planned := next(remaining, None)):
                        waiting.append((planned, thread.submit(self._prepare, planned)))
                    if not waiting:
                        return
                    done, future = waiting.popleft()
                    try:
                        document = future.result()
                    except Exception as error:
                        self._fail(done.file.path, error)
                        continue
                    self._observer.parsed(done.file.path, len(document.chunks))
                    yield document
            finally:
                for _, future in waiting:
                    future.cancel()

    def _prepare(self, planned: PlannedFile) -> PreparedDocument:
        file = planned.file
        parsed = parse(file.absolute)
        written = datetime.fromtimestamp(file.mtime, UTC)
        document = Document(
            tenant=self._tenant,
            source=str(planned.source.root),
            path=file.path,
            title=parsed.title or readable_name(file.absolute),
            type=file.absolute.suffix.lower().removeprefix("."),
            language="und",
            size=file.size,
            modified=parsed.modified or written,
            content_hash=planned.content_hash,
            fingerprint=self._indexer.fingerprint,
            chunk_count=0,
            author=parsed.author,
            created=parsed.created,
            pages=parsed.pages,
            access=self._access,
        )
        return self._indexer.prepare(document, parsed)

    def _fail(self, path: str, error: Exception) -> None:
        """Note a failure; an error that is not ours is a parser's, and stops only this file."""
        if isinstance(error, SemsearchError):
            reason = str(error)
        elif isinstance(error, OSError) and error.strerror:
            reason = f"The file cannot be read: {error.strerror}."
        else:
            reason = f"The parser failed: {type(error).__name__}: {error}"
        failure = Failure(path, " ".join(reason.split()))
        self.failures.append(failure)
        self._observer.failed(failure)


def readable_name(path: Path) -> str:
    """Return a title made of a file's name: `plan_pracy-2025.txt` -> `plan pracy 2025`."""
    return " ".join(path.stem.replace("_", " ").replace("-", " ").split()) or path.name
