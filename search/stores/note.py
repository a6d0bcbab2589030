"""The note beside an embedded index by which others find the process that owns it."""

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import arbitrary_address  # type: ignore[attr-defined]
from pathlib import Path


@dataclass(frozen=True, slots=True)
class OwnerNote:
    """Where an owner listens, and the secret that both sides prove to know."""

    address: str
    """A Unix socket in a folder of this user's (on Windows a named pipe)."""
    secret: bytes

    @classmethod
    def new(cls) -> "OwnerNote":
        """Make an address that nobody uses, and a secret."""
        family = "AF_PIPE" if os.name == "nt" else "AF_UNIX"
        return cls(arbitrary_address(family), secrets.token_bytes(32))


@contextmanager
def write_note(folder: Path, note: OwnerNote) -> Iterator[None]:
    """Leave a note that only this user can read, as long as the context is open."""
    path = _path(folder)
    text = json.dumps({"address": note.address, "secret": note.secret.hex()})
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    aside.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def read_note(folder: Path) -> OwnerNote | None:
    """Return the note beside an index, if there is one that this user can read."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        found = json.loads(_path(folder).read_text())
        return OwnerNote(found["address"], bytes.fromhex(found["secret"]))
    return None


def _path(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.owner.json")
