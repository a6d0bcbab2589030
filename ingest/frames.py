"""What the parent and a worker say to each other: length-prefixed JSON over pipes.

JSON and not pickle: a parser that a hostile file has taken over must not run code in the
parent. Everything that comes back is validated.
"""

import os
import struct
from typing import IO

from pydantic import BaseModel, ConfigDict

from ingest.parsers.base import ParsedDocument

_LENGTH = struct.Struct(">Q")


class Request(BaseModel):
    """A file to parse."""

    model_config = ConfigDict(frozen=True)

    path: str
    """As `os.fsencode` gives it, in hex: names need not be UTF-8."""

    @classmethod
    def of(cls, path: "os.PathLike[str]") -> "Request":
        """Ask for a file."""
        return cls(path=os.fsencode(path).hex())

    @property
    def file(self) -> str:
        """Return the path as this system names files."""
        return os.fsdecode(bytes.fromhex(self.path))


class Answer(BaseModel):
    """What came of it: a document, or the name of an error and its message."""

    model_config = ConfigDict(frozen=True)

    document: ParsedDocument | None = None
    error: str = ""
    message: str = ""
    tool: str = ""


def send(stream: IO[bytes], message: BaseModel) -> None:
    """Write a message."""
    data = message.model_dump_json().encode("utf-8", "surrogatepass")
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def send_progress(stream: IO[bytes]) -> None:
    """Say that the work goes on: an empty frame, which starts the clock of the file anew."""
    stream.write(_LENGTH.pack(0))
    stream.flush()


def length_of(head: bytes) -> int:
    """Return how many bytes follow a head of `HEAD_BYTES`."""
    (length,) = _LENGTH.unpack(head)
    return int(length)


HEAD_BYTES = _LENGTH.size
