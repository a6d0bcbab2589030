"""What is known of a document besides its text: from the file, its folder's rules, its parser."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePosixPath

from ingest.parsers.base import Attachment, ParsedDocument
from ingest.scan import ScannedFile
from ingest.sidecar import Rules
from search.domain import Document


def document_of(
    source: str, file: ScannedFile, content_hash: str, parsed: ParsedDocument, fingerprint: str
) -> Document:
    """Describe a parsed file; its language and number of chunks come with its chunks."""
    return Document(
        tenant=file.rules.tenant,
        source=source,
        path=file.path,
        title=parsed.title or readable_name(file.path),
        type=type_of(file.path),
        language="und",
        size=file.size,
        modified=parsed.modified or _moment(file.stamp),
        content_hash=content_hash,
        fingerprint=fingerprint,
        chunk_count=0,
        author=parsed.author,
        created=parsed.created,
        pages=parsed.pages,
        tags=_tags(file.rules, parsed.tags),
        access=file.rules.access,
        keywords=parsed.tags,
        named=not parsed.title,
        stamp=file.stamp,
    )


def attached(holder: Document, attachment: Attachment, path: str) -> Document:
    """Describe a parsed attachment: place, rules and stamp are those of the file that holds it.

    Args:
        holder: the document of the file on disk.
        attachment: with its text.
        path: the attachment's own, below the source.
    """
    parsed = attachment.document
    assert parsed is not None
    rules_tags = tuple(tag for tag in holder.tags if tag not in holder.keywords)
    return replace(
        holder,
        path=path,
        title=parsed.title or readable_name(path),
        type=type_of(path),
        size=attachment.size,
        modified=parsed.modified or holder.modified,
        content_hash=attachment.content_hash,
        author=parsed.author,
        created=parsed.created,
        pages=parsed.pages,
        tags=tuple(dict.fromkeys(rules_tags + parsed.tags)),
        keywords=parsed.tags,
        named=not parsed.title,
        container=holder.path,
    )


def renewed(document: Document, source: str, file: ScannedFile) -> Document:
    """Describe an indexed document whose content is still the same by the file as it is now.

    Place, rules, and what was derived from the file's name and date follow the file; an
    attachment follows the file that holds it.
    """
    path = file.path
    if document.container is not None:
        path += document.path.removeprefix(document.container)
    from_file = document.modified == _moment(document.stamp)
    return replace(
        document,
        tenant=file.rules.tenant,
        source=source,
        path=path,
        title=readable_name(path) if document.named else document.title,
        modified=_moment(file.stamp) if from_file else document.modified,
        tags=_tags(file.rules, document.keywords),
        access=file.rules.access,
        container=file.path if document.container is not None else None,
        stamp=file.stamp,
    )


def type_of(path: str) -> str:
    """Return the extension of a file's name, lower-case and without its dot."""
    return PurePosixPath(path).suffix.lower().removeprefix(".")


def readable_name(path: str) -> str:
    """Return a title made of a file's name: `hr/plan_pracy-2025.txt` -> `plan pracy 2025`."""
    stem = PurePosixPath(path).stem
    return " ".join(stem.replace("_", " ").replace("-", " ").split()) or PurePosixPath(path).name


def differences(before: Document, after: Document) -> str:
    """Say in which metadata that a person would care about two versions differ."""
    names: Mapping[str, tuple[object, object]] = {
        "access": (before.access, after.access),
        "tags": (before.tags, after.tags),
        "tenant": (before.tenant, after.tenant),
    }
    return ", ".join(f"another {name}" for name, (old, new) in names.items() if old != new)


def _tags(rules: Rules, keywords: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(rules.tags + keywords))


def _moment(stamp: str) -> datetime:
    """Return the modification time that a stamp holds."""
    nanoseconds = stamp.split(":")[1] if stamp.count(":") == 2 else "0"
    return datetime.fromtimestamp(int(nanoseconds) / 1e9, UTC)
