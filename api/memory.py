"""Remembers what searches showed, without making anybody wait for it."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor

from api.tracing import Served
from search.errors import StoreError
from search.state.feedback import FeedbackLog, Remembered

log = logging.getLogger("semsearch.feedback")


class SearchMemory:
    """Writes each search down after it was answered, one after another in a thread of its own."""

    def __init__(self, feedback: FeedbackLog) -> None:
        self._feedback = feedback
        self._writer = ThreadPoolExecutor(1, "search-memory")
        self._last: Future[None] | None = None

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
            trace.mode,
            trace.shown,
            trace.query,
        )
        self._last = self._writer.submit(self._remember, search)

    def settle(self) -> None:
        """Return when all searches answered so far are written down."""
        if self._last:
            self._last.result()

    def close(self) -> None:
        """Write down what is left."""
        self._writer.shutdown()

    def _remember(self, search: Remembered) -> None:
        try:
            self._feedback.remember(search)
        except StoreError as error:
            log.error("a search could not be remembered: %s", error)
