"""An embedded index that another process of this user owns: see `owner`."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any, cast

from search import errors
from search.domain import Chunk, Document, Hit, IndexedChunk, Principal, Suggestion, Vector
from search.errors import StoreError, StoreUnavailableError
from search.filters import EVERYTHING, Expression
from search.stores.base import FacetField, IndexIdentity, IndexState, SimilarQuery, StoreQuery
from search.stores.messages import CLAIM, IDENTITY, Page, Refusal, Request, Value
from search.stores.note import read_note

LARGEST_MESSAGE = 64
"""Chunks that are sent at once: others get their turn in between."""


def is_owned(folder: Path) -> bool:
    """Tell whether a running process owns the index in `folder`."""
    try:
        _connect(folder).close()
    except StoreUnavailableError:
        return False
    return True


class RemoteStore:
    """A store whose owner is another process; safe to share between threads."""

    def __init__(self, folder: Path, patience: float = 0) -> None:
        """Connect to the owner of the index in `folder`.

        Args:
            folder: the index.
            patience: seconds to wait for another sync to end.

        Raises:
            StoreUnavailableError: nobody owns it, or the owner does not answer.
        """
        self._folder = folder
        self._patience = patience
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._identity: IndexIdentity = self._call(IDENTITY)

    @property
    def identity(self) -> IndexIdentity:
        """Tell what the index was built with."""
        return self._identity

    def query(self, query: StoreQuery, principal: Principal) -> list[Hit]:
        """Return the best passages, best first, at most `query.limit`."""
        return cast(list[Hit], self._call("query", query, principal))

    def vectors(self, chunks: Sequence[str], principal: Principal) -> dict[str, Vector]:
        """Return the dense vectors of chunks by id."""
        return cast(dict[str, Vector], self._call("vectors", chunks, principal))

    def similar(self, query: SimilarQuery, principal: Principal) -> list[Hit]:
        """Return the passages most like the examples, best first, at most `query.limit`."""
        return cast(list[Hit], self._call("similar", query, principal))

    def suggest(self, typed: str, principal: Principal, limit: int) -> list[Suggestion]:
        """Complete what is typed with titles and headings that hold words beginning so."""
        return cast(list[Suggestion], self._call("suggest", typed, principal, limit))

    def count(self, principal: Principal, where: Expression = EVERYTHING) -> int:
        """Count chunks."""
        return cast(int, self._call("count", principal, where))

    def count_documents(self, principal: Principal, where: Expression = EVERYTHING) -> int:
        """Count documents."""
        return cast(int, self._call("count_documents", principal, where))

    def facet(
        self, field: FacetField, principal: Principal, where: Expression = EVERYTHING
    ) -> dict[str, int]:
        """Count documents (not chunks) by value of a field, most frequent first."""
        return cast(dict[str, int], self._call("facet", field, principal, where))

    def documents(self, principal: Principal, where: Expression = EVERYTHING) -> Iterator[Document]:
        """Yield every document once, in no particular order."""
        return self._iterate("documents", principal, where)

    def chunks(self, document: Document, principal: Principal) -> list[Chunk]:
        """Return the chunks of a document in reading order; none if it may not be read."""
        return cast(list[Chunk], self._call("chunks", document, principal))

    def manifest(self) -> Iterator[Document]:
        """Yield every published version of every document of all tenants."""
        return self._iterate("manifest")

    def state(self) -> IndexState:
        """Read anew what the index was built with, and count what is published."""
        return cast(IndexState, self._call("state"))

    def stage(self, chunks: Sequence[IndexedChunk]) -> None:
        """Add chunks, or replace those of the same id; invisible until published."""
        for first in range(0, len(chunks), LARGEST_MESSAGE):
            self._call("stage", chunks[first : first + LARGEST_MESSAGE])

    def publish(self, documents: Sequence[Document]) -> None:
        """Make the staged chunks of these versions visible."""
        self._call("publish", documents)

    def read_back(self, document: Document) -> Iterator[IndexedChunk]:
        """Yield the chunks of a version with their vectors."""
        return self._iterate("read_back", document)

    def update(self, document: Document) -> None:
        """Write the metadata of a version anew."""
        self._call("update", document)

    def remove_stale(self, document: Document) -> None:
        """Remove the chunks of all other versions of this document."""
        self._call("remove_stale", document)

    def remove(self, documents: Sequence[Document]) -> None:
        """Remove all chunks of these documents."""
        self._call("remove", documents)

    @contextmanager
    def claim(self, holder: str) -> Iterator[bool]:
        """Keep other syncs away while the context is open; the owner notices if we die."""
        connection = _connect(self._folder)
        with connection:
            interrupted = self._ask(connection, Request(CLAIM, (holder, self._patience)))
            came_through = False
            try:
                yield cast(bool, interrupted)
                came_through = True
            finally:
                self._exchange(connection, came_through)

    def repair(self) -> None:
        """Put right what a sync that was cut short left."""
        self._call("repair")

    def flush(self) -> None:
        """Return when all that was written survives a power cut."""
        self._call("flush")

    def size_bytes(self) -> int:
        """Return what the index takes on disk."""
        return cast(int, self._call("size_bytes"))

    def close(self) -> None:
        """Let go of the connections; the index stays open in its owner."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    def _call(self, method: str, *arguments: Any) -> Any:
        with self._connection() as connection:
            return self._ask(connection, Request(method, arguments))

    def _iterate(self, method: str, *arguments: Any) -> Iterator[Any]:
        with self._connection() as connection:
            message: Any = Request(method, arguments)
            while True:
                page = self._exchange(connection, message)
                assert isinstance(page, Page)
                try:
                    yield from page.items
                except GeneratorExit:
                    if not page.last:
                        connection.send(False)
                    return
                if page.last:
                    return
                message = True

    def _ask(self, connection: Connection, request: Request) -> Any:
        answer = self._exchange(connection, request)
        assert isinstance(answer, Value)
        return answer.value

    def _exchange(self, connection: Connection, message: Any) -> Any:
        """Send a message and return the answer, or raise the error that it is."""
        try:
            connection.send(message)
            answer = connection.recv()
        except (EOFError, OSError) as error:
            raise StoreError(
                "The process that owns the index ended in the middle of this: try again."
            ) from error
        if isinstance(answer, Refusal):
            raise getattr(errors, answer.error)(answer.message)
        return answer

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """Yield a connection that nobody else uses; one that failed is not used again."""
        connection = self._take() or _connect(self._folder)
        try:
            yield connection
        except StoreError as error:
            if error.__cause__ is not None:
                connection.close()
            raise
        finally:
            if not connection.closed:
                with self._lock:
                    self._idle.append(connection)

    def _take(self) -> Connection | None:
        """Return an idle connection whose other end is still there."""
        with self._lock:
            while self._idle:
                connection = self._idle.pop()
                with contextlib.suppress(OSError):
                    if not connection.poll():
                        return connection
                connection.close()  # it has something to say unasked: the end
        return None


def _connect(folder: Path) -> Connection:
    note = read_note(folder)
    if note is None:
        raise StoreUnavailableError(f"No process owns the index in {folder}.")
    try:
        return Client(note.address, authkey=note.secret)
    except Exception as error:  # nobody listens, another secret, another kind of listener
        raise StoreUnavailableError(
            f"The process that owned the index in {folder} does not answer: "
            "start the service again."
        ) from error
