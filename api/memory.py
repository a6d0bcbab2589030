"""Remembers what searches showed, without making anybody wait for it."""

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

from api.tracing import Served
from search.errors import StoreError
from search.state.feedback import FeedbackLog, Remembered

log = logging.getLogger("semsearch.feedback")

PAUSE_SECONDS = 0.25
"""How long searches gather before they are written down together."""


class SearchMemory:
    """Writes searches down after they were answered, in a thread of its own."""

    def __init__(self, feedback: FeedbackLog) -> None:
        self._feedback = feedback
        self._writer = ThreadPoolExecutor(1, "search-memory")
        self._lock = threading.Lock()
        self._hurry = threading.Event()
        self._gathered: list[Remembered] = []
        self._written: Future[None] | None = None

    def began(self) -> None:
        """Do nothing."""

    def served(self, served: Served) -> None:
        """Have a search written down."""
        trace, caller = served.trace, served.caller
        if trace.shown is None or caller is None or served.status != 200:
            return
        search = Remembered(
            trace.id,
            caller.principal.tenant,
            caller.identity,
            datetime.now(UTC),
            trace.mode,
            trace.shown,
            trace.query,
        )
        with self._lock:
            self._gathered.append(search)
            if len(self._gathered) == 1:
                self._written = self._writer.submit(self._write)

    def settle(self) -> None:
        """Return when all searches answered so far are written down."""
        with self._lock:
            written = self._written
        if written and not written.done():
            self._hurry.set()
            written.result()
            self._hurry.clear()

    def close(self) -> None:
        """Write down what is left."""
        self._hurry.set()
        self._writer.shutdown()

    def _write(self) -> None:
        self._hurry.wait(PAUSE_SECONDS)
        with self._lock:
            searches, self._gathered = self._gathered, []
        try:
            self._feedback.remember(searches)
        except StoreError as error:
            log.error("%d searches could not be remembered: %s", len(searches), error)
