"""The process that owns an embedded index on behalf of a service, and answers for it.

The engine holds Python's global lock while it works (DESIGN, decision 1), so in the service's
own process every write would stall the event loop. Here it stalls nobody but those who wait
for the index. Whoever can read the note beside the index (its owner's user alone) may connect:
the service itself, and the command line while the service runs.

What goes over a connection is pickled, between processes of one user that know a common secret.
A request is a method of `Store` with its arguments; the answer is `Value`, `Refusal`, or for
what iterates a `Page` each time one is asked for.
"""

import contextlib
import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any

from search.errors import SemsearchError, StoreBusyError
from search.stores.base import Store
from search.stores.lock import Holder
from search.stores.messages import (
    CALLS,
    CLAIM,
    IDENTITY,
    ITERATIONS,
    Page,
    Refusal,
    Request,
    Value,
)
from search.stores.note import OwnerNote, write_note

PAGE = 256
"""Items of an iteration that are sent at once."""


class IndexOwner:
    """Answers for a store, one thread a connection, one call at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = threading.Lock()
        self._claim = threading.Lock()
        self._claimed_by = ""

    def listen(self, listener: Listener) -> None:
        """Accept connections until the listener is closed; those without the secret are refused."""
        while True:
            try:
                connection = listener.accept()
            except (AuthenticationError, EOFError, ConnectionError):
                continue  # somebody without the secret, or who left at once
            except OSError:
                return
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def close(self) -> None:
        """Close the store when what is under way is done; what comes later is refused."""
        with self._turn:
            self._store.close()

    def _converse(self, connection: Connection) -> None:
        with connection, contextlib.suppress(EOFError, OSError):
            while True:
                request: Request = connection.recv()
                try:
                    self._answer(connection, request)
                except (EOFError, OSError):
                    raise
                except Exception as error:
                    connection.send(Refusal.of(error))

    def _answer(self, connection: Connection, request: Request) -> None:
        if request.method in CALLS:
            with self._turn:
                value = getattr(self._store, request.method)(*request.arguments)
            connection.send(Value(value))
        elif request.method in ITERATIONS:
            self._iterate(connection, getattr(self._store, request.method)(*request.arguments))
        elif request.method == CLAIM:
            self._hold(connection, *request.arguments)
        elif request.method == IDENTITY:
            connection.send(Value(self._store.identity))
        else:
            raise ValueError(f"the store has no method {request.method}")

    def _iterate(self, connection: Connection, items: Iterator[Any]) -> None:
        """Send a page, and another each time the other side asks for it."""
        wanted = True
        while wanted:
            with self._turn:
                page = list(islice(items, PAGE))
            last = len(page) < PAGE
            connection.send(Page(page, last))
            wanted = not last and bool(connection.recv())

    def _hold(self, connection: Connection, holder: str, patience: float) -> None:
        """Hold the claim of a sync until it says whether it came through; if it dies, it did not.

        The claim is let go before the answer is sent: whoever has the answer may claim again.
        """
        if not self._claim.acquire(timeout=patience):
            raise StoreBusyError(
                f"Another sync of this index is under way: {self._claimed_by}. "
                "Wait for it to finish, or stop it."
            )
        self._claimed_by = holder
        try:
            claim = self._store.claim(holder)
            with self._turn:
                interrupted = claim.__enter__()
            came_through = _asked(connection, interrupted)
            with self._turn:
                if came_through:
                    claim.__exit__(None, None, None)
                else:
                    cut = InterruptedError(f"{holder} was cut short")
                    with contextlib.suppress(InterruptedError):
                        claim.__exit__(InterruptedError, cut, None)
        finally:
            self._claim.release()
        connection.send(Value(None))


def _asked(connection: Connection, interrupted: bool) -> bool:
    """Grant the claim and wait for word whether the sync came through."""
    try:
        connection.send(Value(interrupted))
        return bool(connection.recv())
    except (EOFError, OSError):
        return False


def main() -> None:
    """Own the index that standard input names, until standard input ends.

    The answer is one line on standard output: nothing once connections are taken, or the error.
    Signals that end the service reach the whole group; the service ends us when it is through.
    """
    import signal

    from search.stores.edge import EdgeStore

    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    wanted = json.loads(sys.stdin.readline())
    folder = Path(wanted["folder"])
    try:
        store = EdgeStore(
            folder,
            lock_timeout=wanted["lock_timeout"],
            holder=Holder(**wanted["holder"]),
            answering=True,
        )
    except SemsearchError as error:
        print(json.dumps(asdict(Refusal.of(error))), flush=True)  # noqa: T201
        return
    note = OwnerNote.new()
    with (
        contextlib.closing(IndexOwner(store)) as owner,
        Listener(note.address, authkey=note.secret) as listener,
    ):
        threading.Thread(target=owner.listen, args=(listener,), daemon=True).start()
        with write_note(folder, note):
            print("{}", flush=True)  # noqa: T201
            sys.stdin.read()


if __name__ == "__main__":
    main()
