"""Last stage: a thread that stores what was embedded while the next window is."""

import queue
import threading
import time
from collections.abc import Callable
from types import TracebackType

QUEUED = 2
"""Windows that may wait; the embedding pauses beyond."""

Task = Callable[[], None]


class Writer:
    """Runs tasks one after another in a thread of its own; a failure reaches the caller."""

    def __init__(self) -> None:
        self.busy_seconds = 0.0
        self._tasks: queue.Queue[Task | None] = queue.Queue(QUEUED)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="write")

    def __enter__(self) -> "Writer":
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait until all is written, and raise what went wrong."""
        self._tasks.put(None)
        self._thread.join()
        if error is None and self._failure is not None:
            raise self._failure

    def put(self, task: Task) -> None:
        """Hand a task over; waits while too many are queued.

        Raises:
            StoreError: an earlier task failed; nothing was written since.
        """
        if self._failure is not None:
            raise self._failure
        self._tasks.put(task)

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            if self._failure is not None:
                continue
            start = time.perf_counter()
            try:
                task()
            except BaseException as error:
                self._failure = error
            self.busy_seconds += time.perf_counter() - start
