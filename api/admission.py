"""How many requests do real work at once, and for how long each may."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Header, Request

from api.auth import Caller, authenticated
from search.deadline import Deadline
from search.errors import BusyError, DeadlineError
from search.settings import ApiSettings

RETRY_AFTER = 1
"""Seconds after which a caller that was sent away may try again."""


class Admission:
    """Lets so many in, so many wait, and sends all others away at once."""

    def __init__(self, settings: ApiSettings) -> None:
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._queue = settings.queue
        self._longest = settings.deadline
        self.running = 0
        """Requests at work."""
        self.waiting = 0
        """Requests that wait for one of those to end."""

    def deadline(self, asked: float | None) -> Deadline:
        """Return until when a request may take that arrives now and asks for so many seconds."""
        return Deadline.after(min(asked or self._longest, self._longest))

    @asynccontextmanager
    async def slot(self, deadline: Deadline) -> AsyncIterator[None]:
        """Wait for a turn, and hold it.

        Raises:
            BusyError: too many wait already.
            DeadlineError: the deadline passed first.
        """
        if self._slots.locked() and self.waiting >= self._queue:
            raise BusyError("The service has more to do than it can: ask again later.", RETRY_AFTER)
        self.waiting += 1
        try:
            async with asyncio.timeout(deadline.remaining()):
                await self._slots.acquire()
        except TimeoutError:
            raise DeadlineError(
                "The time for this request was over before its turn came: ask again later."
            ) from None
        finally:
            self.waiting -= 1
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._slots.release()


async def admitted(
    request: Request,
    caller: Annotated[Caller, Depends(authenticated)],
    x_request_timeout: Annotated[
        float | None,
        Header(gt=0, le=3600, description="Seconds that the answer is of use; not more than set."),
    ] = None,
) -> AsyncIterator[Deadline]:
    """Hold a turn while a route works (not while its answer travels); after authentication."""
    admission: Admission = request.app.state.admission
    deadline = admission.deadline(x_request_timeout)
    async with admission.slot(deadline):
        yield deadline


Admitted = Annotated[Deadline, Depends(admitted, scope="function")]
"""A turn to do real work, and until when: for routes that search or read the index."""
