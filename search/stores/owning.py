"""Keeps the owner of an index running for as long as a service does."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from search import errors
from search.errors import StoreError
from search.stores.lock import Holder

log = logging.getLogger("semsearch.store")

PAUSE_SECONDS = 1.0
"""Between two attempts to start an owner that died."""


@contextmanager
def owned(folder: Path, lock_timeout: float) -> Iterator[None]:
    """Have a process of its own own the index in `folder`; if it dies, another takes over.

    Raises:
        IndexMissingError: there is no index.
        StoreBusyError: another process has it open.
        StoreError: it cannot be opened.
    """
    keeper = _Keeper(folder, lock_timeout)
    try:
        yield
    finally:
        keeper.stop()


class _Keeper:
    def __init__(self, folder: Path, lock_timeout: float) -> None:
        self._folder = folder
        self._lock_timeout = lock_timeout
        self._stopping = threading.Event()
        self._process = self._start()
        self._watch = threading.Thread(target=self._restart, daemon=True, name="index-keeper")
        self._watch.start()

    def stop(self) -> None:
        """Let the owner close the index."""
        self._stopping.set()
        self._end(self._process)
        self._watch.join()

    def _start(self) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "search.stores.owner"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin and process.stdout
        wanted = {
            "folder": str(self._folder.absolute()),
            "lock_timeout": self._lock_timeout,
            "holder": asdict(Holder.this_process()),
        }
        try:
            process.stdin.write(json.dumps(wanted) + "\n")
            process.stdin.flush()
        except OSError:
            pass  # it died at once; there is no answer either
        answer = process.stdout.readline()
        if not answer:
            raise StoreError(f"The process that should own the index ended with {process.wait()}.")
        if refusal := json.loads(answer):
            self._end(process)
            raise getattr(errors, refusal["error"])(refusal["message"])
        return process

    def _restart(self) -> None:
        while True:
            status = self._process.wait()
            if self._stopping.is_set():
                return
            log.error("the process that owns the index ended with %s: starting another", status)
            self._end(self._process)
            while not self._stopping.wait(PAUSE_SECONDS):
                try:
                    self._process = self._start()
                    break
                except StoreError as error:
                    log.error("the index cannot be opened: %s", error)
            if self._stopping.is_set():
                self._end(self._process)

    def _end(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin and process.stdout
        process.stdin.close()
        process.wait()
        process.stdout.close()
