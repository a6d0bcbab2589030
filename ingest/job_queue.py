"""Carries out jobs one at a time, each in a process of its own, beside a service."""

import contextlib
import logging
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from ingest.order import Message, Order, write_settings
from ingest.uploads import incoming
from search.errors import BusyError
from search.settings import Settings
from search.state.database import Database
from search.state.jobs import Job, JobKind, Jobs

log = logging.getLogger("semsearch.jobs")

RETRY_AFTER = 30
"""Seconds after which a caller may try again when too many jobs wait."""

STOPPED = "The service stopped before the job was through: ask for it again."


class JobQueue:
    """The jobs that wait, and the thread that has them done."""

    def __init__(self, settings: Settings) -> None:
        self.jobs = Jobs(Database(settings.data_dir))
        self._settings = settings
        self._places = threading.Semaphore(settings.api.job_queue)
        self._waiting: queue.SimpleQueue[tuple[str, Order] | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._starting = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)

    @contextmanager
    def running(self) -> Iterator["JobQueue"]:
        """Work while the context is open; what a service before this one left has failed."""
        self.jobs.fail_unfinished(STOPPED)
        shutil.rmtree(incoming(self._settings.data_dir), ignore_errors=True)
        self._thread.start()
        try:
            yield self
        finally:
            self._stopping.set()
            self._waiting.put(None)
            with self._starting:
                if self._process is not None and self._process.stdin is not None:
                    self._process.stdin.close()
            self._thread.join()
            self.jobs.fail_unfinished(STOPPED)

    @property
    def waiting(self) -> int:
        """Return how many jobs wait for the one at work."""
        return self._waiting.qsize()

    def submit(self, kind: JobKind, order: Order, caller: str) -> Job:
        """Have a job done when its turn comes.

        Raises:
            BusyError: too many wait.
        """
        if not self._places.acquire(blocking=False):
            raise BusyError("Too many jobs wait already: ask again later.", RETRY_AFTER)
        job = self.jobs.add(order.principal.tenant, caller, kind)
        self._waiting.put((job.id, order))
        return job

    def check(self) -> None:
        """Refuse early what would be refused.

        Raises:
            BusyError: too many wait.
        """
        if not self._places.acquire(blocking=False):
            raise BusyError("Too many jobs wait already: ask again later.", RETRY_AFTER)
        self._places.release()

    def _work(self) -> None:
        while (waiting := self._waiting.get()) is not None and not self._stopping.is_set():
            id, order = waiting
            self._places.release()
            try:
                self._carry_out(id, order)
            except Exception:  # one job must not keep the next ones from being done
                log.exception("job %s failed", id)
                with contextlib.suppress(Exception):
                    self.jobs.fail(id, "The job failed; the service's log says how.")
            finally:
                if order.staging is not None:
                    shutil.rmtree(order.staging, ignore_errors=True)

    def _carry_out(self, id: str, order: Order) -> None:
        self.jobs.start(id)
        with self._starting:
            if self._stopping.is_set():
                return
            process = self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "ingest.job"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                start_new_session=True,  # Ctrl+C is the service's; it ends us when it is through
            )
        assert process.stdin is not None and process.stdout is not None
        try:
            with contextlib.suppress(OSError, ValueError):  # it died at once, or we are stopping
                process.stdin.write(f"{write_settings(self._settings)}\n")
                process.stdin.write(f"{order.model_dump_json()}\n")
                process.stdin.flush()
            ended = any([self._note(id, line) for line in process.stdout])
        finally:
            with contextlib.suppress(OSError):
                process.stdin.close()
            status = process.wait()
            process.stdout.close()
        if not ended:
            log.error("the process of job %s ended with %s", id, status)
            self.jobs.fail(
                id, STOPPED if self._stopping.is_set() else
                f"The process of the job ended with {status}; the service's log says more.",
            )  # fmt: skip

    def _note(self, id: str, line: str) -> bool:
        """Write down what a job reports; tells whether that was the end of it."""
        try:
            message = Message.model_validate_json(line)
        except ValidationError:
            return False  # cut short
        if message.progress is not None:
            self.jobs.advance(id, message.progress)
        if message.outcome is not None:
            self.jobs.finish(id, message.outcome)
        elif message.error is not None:
            self.jobs.fail(id, message.error)
        return message.outcome is not None or message.error is not None
