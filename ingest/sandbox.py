"""Parsing in processes of their own, with limits on time, memory and output.

A worker that hangs, crashes or balloons is killed with all that it started, and the file is
reported; the next file gets a new worker.
"""

import contextlib
import os
import queue
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from pydantic import ValidationError

from ingest.frames import HEAD_BYTES, Answer, Request, length_of, send
from ingest.parsers.base import ParsedDocument
from search import errors
from search.embedders.hardware import usable_cores
from search.errors import (
    MissingToolError,
    ParseError,
    ParserCrashedError,
    ParserTimeoutError,
    TooLargeError,
)
from search.settings import ParsingSettings

MOST_WORKERS = 4
FILES_PER_WORKER = 500
"""After so many a worker is replaced: libraries leak."""

FRAME_FACTOR = 8
"""Bytes of a frame per byte of text that is allowed: JSON escapes and structure."""


class Sandbox:
    """A pool of workers; `parse` may be called from as many threads as there are workers."""

    def __init__(self, settings: ParsingSettings, command: Sequence[str] | None = None) -> None:
        """Remember the limits; workers start when they are needed.

        Args:
            settings: limits and number of workers.
            command: what to run instead of our worker.
        """
        self.workers = settings.workers or min(usable_cores(), MOST_WORKERS)
        self._settings = settings
        self._command = list(command or _command(settings))
        self._idle: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        for _ in range(self.workers):
            self._idle.put(None)
        self._started: set[_Worker] = set()
        self._spawner = ThreadPoolExecutor(1, "spawn")
        # A worker dies with the thread that started it (see `worker._die_with_parent`).

    def __enter__(self) -> "Sandbox":
        """Return the pool."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the pool."""
        self.close()

    def parse(self, path: Path) -> ParsedDocument:
        """Turn a file into text, in a worker.

        Raises:
            ParseError: as `ingest.parsers.parse` does, and `ParserTimeoutError`,
                `ParserCrashedError`, `TooLargeError` and `UnsafeFileError`.
            OSError: the file cannot be read.
        """
        worker = self._idle.get()
        try:
            if worker is None or not worker.is_usable():
                self._discard(worker)
                worker = self._spawner.submit(_Worker, self._command).result()
                self._started.add(worker)
            answer = worker.ask(Request.of(path), self._settings)
            if answer.error == TooLargeError.__name__:  # its memory is in pieces
                self._discard(worker)
                worker = None
        except BaseException:
            self._discard(worker)
            worker = None
            raise
        finally:
            self._idle.put(worker)
        return _document(answer)

    def close(self) -> None:
        """End all workers, and what they started."""
        for worker in list(self._started):
            self._discard(worker)
        self._spawner.shutdown()

    def _discard(self, worker: "_Worker | None") -> None:
        if worker is not None:
            self._started.discard(worker)
            worker.kill()


class _Worker:
    """One process and the pipes to it."""

    def __init__(self, command: Sequence[str]) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  (closed by kill)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            start_new_session=True,  # so that all it starts can be killed with it
        )
        self._left = FILES_PER_WORKER

    def is_usable(self) -> bool:
        return self._left > 0 and self._process.poll() is None

    def ask(self, request: Request, settings: ParsingSettings) -> Answer:
        """Send a request and wait for the answer.

        Raises:
            ParseError: there is none; this worker is of no use any more.
        """
        self._left -= 1
        assert self._process.stdin is not None
        try:
            send(self._process.stdin, request)
            limit = int(settings.max_text_mb * 1e6) * FRAME_FACTOR + 100_000
            length = 0
            while length == 0:  # as long as pages are read by OCR
                deadline = time.monotonic() + settings.timeout
                length = length_of(self._receive(HEAD_BYTES, deadline))
            if length > limit:
                raise TooLargeError(
                    "The file holds more text than SEMSEARCH_PARSING__MAX_TEXT_MB "
                    f"({settings.max_text_mb:g}) allows: raise it, or exclude the file."
                )
            return Answer.model_validate_json(self._receive(length, deadline))
        except TimeoutError:
            raise ParserTimeoutError(
                f"Reading took more than {settings.timeout:g} s: raise "
                "SEMSEARCH_PARSING__TIMEOUT, or exclude the file."
            ) from None
        except (EOFError, BrokenPipeError):
            raise ParserCrashedError(f"{self._death()} Exclude the file.") from None
        except ValidationError:
            raise ParserCrashedError("The parser gave no valid answer: exclude the file.") from None

    def kill(self) -> None:
        """End the process and all that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            with contextlib.suppress(OSError):
                assert stream is not None
                stream.close()

    def _receive(self, size: int, deadline: float) -> bytes:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        parts: list[bytes] = []
        while size:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                raise TimeoutError
            part = os.read(descriptor, min(size, 1 << 20))
            if not part:
                raise EOFError
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _death(self) -> str:
        """Say how the process ended, with the last thing it said."""
        code = self._process.wait()
        how = f"with signal {signal.Signals(-code).name}" if code < 0 else f"with status {code}"
        self._stderr.seek(max(0, self._stderr.seek(0, os.SEEK_END) - 2000))
        lines = self._stderr.read().decode("utf-8", "replace").strip().splitlines()
        said = f" ({lines[-1].strip()[:200]})" if lines else ""
        return f"The parser's process died {how}{said}."


def _document(answer: Answer) -> ParsedDocument:
    """Return the document of an answer, or raise what it tells."""
    if answer.document is not None:
        return answer.document
    if answer.error == "OSError":
        raise ParseError(answer.message)
    kind = getattr(errors, answer.error, ParseError)
    if kind is MissingToolError:
        raise MissingToolError(answer.message, answer.tool)
    if not (isinstance(kind, type) and issubclass(kind, errors.SemsearchError)):
        kind = ParseError
    raise kind(answer.message)


def _command(settings: ParsingSettings) -> list[str]:
    return [
        sys.executable,
        "-m",
        "ingest.worker",
        f"--memory-mb={settings.memory_mb}",
        f"--max-text={int(settings.max_text_mb * 1e6)}",
        f"--ocr-languages={settings.ocr_languages}",
        *(["--ocr"] if settings.ocr else []),
    ]
