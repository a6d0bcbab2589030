"""The exclusive lock on an embedded index, taken before the engine touches its files.

The operating system holds it (`flock`, or its Windows counterpart, through `filelock`), so
it ends with the process, however that dies. A note beside it tells others who holds it.
"""

import contextlib
import json
import os
import shlex
import sys
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from search.errors import StoreBusyError, StoreError


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a lock."""

    pid: int
    command: str
    since: str

    @classmethod
    def this_process(cls) -> "Holder":
        """Describe the running process."""
        command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
        return cls(os.getpid(), command, datetime.now().astimezone().isoformat(timespec="seconds"))


class IndexLock:
    """An exclusive lock on one index folder; taken at construction, until `release`."""

    def __init__(self, folder: Path, timeout: float, holder: Holder | None = None) -> None:
        """Take the lock.

        Args:
            folder: the index; the lock lies beside it.
            timeout: seconds to wait for another holder.
            holder: whom the lock is held for, if not this process.

        Raises:
            StoreBusyError: another process holds it.
            StoreError: the folder cannot be written to.
        """
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            (folder.parent / ".writable").touch()
            (folder.parent / ".writable").unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(
                f"{folder.parent} cannot be written to ({error.strerror}): "
                "name another folder with SEMSEARCH_DATA_DIR."
            ) from error
        self._note = folder.with_name(f"{folder.name}.holder.json")
        self._lock = FileLock(folder.with_name(f"{folder.name}.lock"), timeout=timeout)
        try:
            self._lock.acquire()
        except Timeout:
            raise StoreBusyError(self._busy(folder)) from None
        self._note.write_text(json.dumps(asdict(holder or Holder.this_process())), "utf-8")

    def release(self) -> None:
        """Let go; harmless when repeated."""
        if self._lock.is_locked:
            self._note.unlink(missing_ok=True)
            self._lock.release()

    def _busy(self, folder: Path) -> str:
        holder = None
        with contextlib.suppress(OSError, ValueError, TypeError):
            holder = Holder(**json.loads(self._note.read_text("utf-8")))
        who = (
            f"process {holder.pid} (`{holder.command}`, since {holder.since})"
            if holder
            else "another process"
        )
        way_out = f"stop it (kill {holder.pid})" if holder else "stop it"
        return (
            f"The index in {folder} is in use by {who}: wait for it to finish, {way_out}, "
            "or run a Qdrant server and set SEMSEARCH_STORE__URL to share the index."
        )
