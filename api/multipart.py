"""Receives multipart forms with files of any size: streamed to disk, bounded while they come."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from fastapi.concurrency import run_in_threadpool
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from search.errors import BodyTooLargeError, InputError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MIB = 1024**2
MAX_FILES = 100
MAX_FIELDS = 200
MAX_FIELD_BYTES = 2000


@dataclass(frozen=True, slots=True)
class FormLimits:
    """What is received at most, and where it goes."""

    folder: Path
    """Files are put here, under numbers."""
    file_bytes: int
    total_bytes: int
    file_field: str
    """The one field that holds files."""
    fields: frozenset[str]
    """The others that may come."""


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file as it came."""

    name: str
    """As the caller calls it: not to be trusted."""
    path: Path
    size: int


@dataclass(slots=True)
class Form:
    """What was received."""

    files: list[ReceivedFile] = field(default_factory=list)
    fields: dict[str, list[str]] = field(default_factory=dict)


async def receive_form(
    body: AsyncIterator[bytes], content_type: str | None, limits: FormLimits
) -> Form:
    """Read a form while it comes in.

    Args:
        body: in pieces of any length.
        content_type: the header.
        limits: what is received at most.

    Raises:
        BodyTooLargeError: the form or a file in it is too large; nothing more is read.
        InputError: it is no multipart form, or has other fields.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise InputError("The body must be a form: Content-Type: multipart/form-data; boundary=….")
    receiver = _Receiver(limits)
    total = 0
    try:
        parser = MultipartParser(boundary, receiver.callbacks())
        async for piece in body:
            total += len(piece)
            if total > limits.total_bytes:
                raise BodyTooLargeError(
                    f"An upload may have {limits.total_bytes // MIB} MiB (api.max_upload_mb)."
                )
            await run_in_threadpool(parser.write, piece)
        parser.finalize()
    except FormParserError as error:
        raise InputError(f"The form cannot be read: {error}.") from None
    finally:
        receiver.close()
    if not receiver.complete:
        raise InputError("The form is cut short: its last boundary is missing.")
    return receiver.form


class _Receiver:
    """Is called by the parser, piece by piece."""

    def __init__(self, limits: FormLimits) -> None:
        self.form = Form()
        self.complete = False
        self._limits = limits
        self._header = b""
        self._value = b""
        self._disposition = b""
        self._name = ""
        self._filename: str | None = None
        self._text = b""
        self._file: BinaryIO | None = None
        self._size = 0
        self._fields = 0

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._on_part_begin,
            "on_part_data": self._on_part_data,
            "on_part_end": self._on_part_end,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_end": self._on_end,
        }

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _on_part_begin(self) -> None:
        self._disposition, self._text, self._filename, self._size = b"", b"", None, 0

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = _text(options.get(b"name", b""))
        limits = self._limits
        if b"filename" in options:
            self._filename = _text(options[b"filename"])
            if self._name != limits.file_field:
                raise InputError(f"Files belong into the field {limits.file_field!r}.")
            if len(self.form.files) >= MAX_FILES:
                raise InputError(f"An upload may have {MAX_FILES} files: send the rest in others.")
            self._file = (limits.folder / str(len(self.form.files))).open("xb")
        elif self._name not in limits.fields:
            known = ", ".join(sorted(limits.fields))
            raise InputError(
                f"The form has an unknown field {self._name[:100]!r}: there are {known}, and "
                f"{limits.file_field} with the files."
            )
        else:
            self._fields += 1
            if self._fields > MAX_FIELDS:
                raise InputError(f"The form has more than {MAX_FIELDS} fields.")

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        if self._file is None:
            if self._size > MAX_FIELD_BYTES:
                raise InputError(f"{self._name}: at most {MAX_FIELD_BYTES} bytes.")
            self._text += data[start:end]
            return
        if self._size > self._limits.file_bytes:
            raise BodyTooLargeError(
                f"{(self._filename or '')[:100]}: a file may have "
                f"{self._limits.file_bytes // MIB} MiB (ingest.max_file_mb)."
            )
        self._file.write(data[start:end])

    def _on_part_end(self) -> None:
        if self._file is None:
            self.form.fields.setdefault(self._name, []).append(_text(self._text))
            return
        self._file.close()
        path = Path(self._file.name)
        self._file = None
        self.form.files.append(ReceivedFile(self._filename or "", path, self._size))

    def _on_end(self) -> None:
        self.complete = True


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError("Names and values in the form must be UTF-8.") from None
