"""E-mail (.eml): subject, people and date, the body; attachments become documents."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email import policy
from email.errors import MessageError
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from pathlib import Path

from ingest.parsers.attachments import parsed_attachments
from ingest.parsers.base import DEFAULT_OPTIONS, Block, ParsedDocument, ParsingOptions
from ingest.parsers.plain import plain_blocks
from ingest.parsers.text import decode, one_line
from ingest.parsers.web import parse_markup
from search.errors import CorruptDocumentError, ProtectedDocumentError

PEOPLE = ("From", "To", "Cc", "Date")
ENCRYPTED = frozenset({"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"})
_QUOTED = re.compile(r"^[ \t]*>[> \t]*", re.MULTILINE)


def parse(path: Path, options: ParsingOptions = DEFAULT_OPTIONS) -> ParsedDocument:
    """Parse a message."""
    data = path.read_bytes()
    if b"\0" in data[:200]:  # UTF-16, as some programs export messages
        data = decode(data).encode("utf-8", "replace")
    try:
        message = BytesParser(policy=policy.default).parsebytes(data.lstrip())
    except (MessageError, ValueError, LookupError) as error:
        raise CorruptDocumentError(
            f"The message is malformed ({error}): save it again, or exclude it."
        ) from error
    if not any(message.keys()):
        raise CorruptDocumentError(
            "The file has no message headers: it is not an e-mail. "
            "Export the message again, or exclude it."
        )
    if message.get_content_type() in ENCRYPTED:
        raise ProtectedDocumentError("The message is encrypted: save it decrypted, or exclude it.")
    subject = one_line(_header(message, "Subject"))
    return ParsedDocument(
        blocks=tuple(_blocks(message, subject)),
        title=subject or None,
        author=one_line(_header(message, "From")) or None,
        modified=_date(message),
        attachments=parsed_attachments(_files(message), options),
    )


def _blocks(message: EmailMessage, subject: str) -> Iterator[Block]:
    if subject:
        yield Block("heading", subject, level=1)
    people = [f"{name}: {one_line(value)}" for name in PEOPLE if (value := _header(message, name))]
    body = message.get_body(preferencelist=("plain", "html"))
    content: list[Block] = []
    if body is not None:
        text = _payload(body)
        if body.get_content_type() == "text/html":
            content = [b for b in parse_markup(text).blocks if text.strip()]
        else:
            content = list(plain_blocks(without_quote_marks(text)))
    names = [one_line(part.get_filename() or "") for part in _attached(message)]
    if people and (content or names or subject):
        yield Block("text", "\n".join(people))
    yield from content
    if any(names):
        yield Block("text", "Attachments: " + ", ".join(name for name in names if name))


def without_quote_marks(text: str) -> str:
    """Strip the `>` of quoted lines."""
    return _QUOTED.sub("", text)


def _attached(message: EmailMessage) -> Iterator[MIMEPart]:
    """Yield attachments, without the pictures that belong to the body."""
    for part in message.iter_attachments():
        picture = part.get_content_maintype() == "image"
        shown = part.get("Content-ID") or part.get_content_disposition() == "inline"
        if not (picture and shown):
            yield part


def _files(message: EmailMessage) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of attachments; a message inside is one too."""
    for part in _attached(message):
        name = one_line(part.get_filename() or "")
        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload(0) if part.is_multipart() else None
            data = inner.as_bytes() if isinstance(inner, EmailMessage) else b""
            yield name if name.lower().endswith(".eml") else f"{name or 'message'}.eml", data
            continue
        raw = part.get_payload(decode=True)
        yield name, raw if isinstance(raw, bytes) else b""


def _payload(part: MIMEPart) -> str:
    """Decode a part by its declared charset; a false or unknown one is corrected."""
    raw = part.get_payload(decode=True)
    data = raw if isinstance(raw, bytes) else b""
    charset = part.get_content_charset()
    if not data.isascii():
        with suppress(UnicodeDecodeError):  # other encodings hardly ever pass for it
            return data.decode("utf-8")
    try:
        return data.decode(charset) if charset else decode(data)
    except (LookupError, UnicodeDecodeError):
        return decode(data)


def _header(message: EmailMessage, name: str) -> str:
    """Return a header as text; one that the library cannot parse counts as missing."""
    try:
        return str(message.get(name, ""))
    except (ValueError, LookupError, AttributeError, IndexError, TypeError):
        return ""


def _date(message: EmailMessage) -> datetime | None:
    try:
        found = getattr(message.get("Date"), "datetime", None)
    except (ValueError, LookupError, AttributeError, TypeError):
        return None
    if not isinstance(found, datetime):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
