"""Outlook messages (.msg), through python-oxmsg; their attachments become documents."""

import io
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

from oxmsg import Message

from ingest.parsers.attachments import parsed_attachments
from ingest.parsers.base import DEFAULT_OPTIONS, Block, ParsedDocument, ParsingOptions
from ingest.parsers.mail import without_quote_marks
from ingest.parsers.plain import plain_blocks
from ingest.parsers.text import one_line
from ingest.parsers.web import parse_markup
from search.errors import CorruptDocumentError, ProtectedDocumentError

HIDDEN_ATTACHMENT = 0x7FFE
"""Property tag of MS-OXCMSG: a picture of the body, which nobody attached."""

ENCRYPTED = (".pgp-encrypted", ".p7m")
"""What the parts of an encrypted message are called."""


def parse(path: Path, options: ParsingOptions = DEFAULT_OPTIONS) -> ParsedDocument:
    """Parse a message."""
    try:
        message = Message.load(io.BytesIO(path.read_bytes()))
        subject = one_line(message.subject or "")
        sender = one_line(message.sender or "")
        sent = message.sent_date
        content = tuple(_blocks(message, subject, sender))
        files = [(a.file_name or "", a.file_bytes or b"") for a in _attached(message)]
        encrypted = any(name.lower().endswith(ENCRYPTED) for name, _ in files)
    except Exception as error:  # the library raises whatever the file's structure provokes
        raise CorruptDocumentError(
            f"The message is malformed ({type(error).__name__}: {one_line(str(error))[:200]}): "
            "export it again, or exclude it."
        ) from error
    if encrypted and not (message.body or "").strip():
        raise ProtectedDocumentError("The message is encrypted: save it decrypted, or exclude it.")
    return ParsedDocument(
        blocks=content,
        title=subject or None,
        author=sender or None,
        modified=sent.replace(tzinfo=UTC) if sent and sent.tzinfo is None else sent,
        attachments=parsed_attachments(files, options),
    )


def _blocks(message: Any, subject: str, sender: str) -> Iterator[Block]:
    if subject:
        yield Block("heading", subject, level=1)
    recipients = ", ".join(
        one_line(f"{recipient.name} <{recipient.email_address}>")
        for recipient in message.recipients
    )
    date = message.sent_date.isoformat(" ", "minutes") if message.sent_date else ""
    people = {"From": sender, "To": recipients, "Date": date}
    if lines := [f"{name}: {value}" for name, value in people.items() if value]:
        yield Block("text", "\n".join(lines))
    if (message.body or "").strip():
        yield from plain_blocks(without_quote_marks(message.body))
    elif message.html_body:
        yield from parse_markup(message.html_body).blocks
    names = [one_line(attachment.file_name or "") for attachment in _attached(message)]
    if any(names):
        yield Block("text", "Attachments: " + ", ".join(name for name in names if name))


def _attached(message: Any) -> list[Any]:
    return [
        attachment
        for attachment in message.attachments
        if attachment.attached_by_value and not _is_hidden(attachment)
    ]


def _is_hidden(attachment: Any) -> bool:
    try:
        return bool(attachment.properties.bool_prop_value(HIDDEN_ATTACHMENT))
    except (AttributeError, KeyError, TypeError):
        return False
