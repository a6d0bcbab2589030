"""Markdown, through HTML; a YAML front matter gives title, author and date."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml
from markdown import markdown

from ingest.parsers.base import ParsedDocument
from ingest.parsers.text import decode
from ingest.parsers.web import markup_blocks

EXTENSIONS = ["tables", "fenced_code", "sane_lists", "def_list"]
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)


def parse(path: Path) -> ParsedDocument:
    """Parse a Markdown file."""
    text = decode(path.read_bytes()).replace("\r\n", "\n")
    front: dict[str, Any] = {}
    if match := _FRONT_MATTER.match(text):
        front = _front_matter(match[1])
        text = text[match.end() :]
    markup = markdown(text, extensions=EXTENSIONS)
    content = markup_blocks(markup) if markup else ()
    return ParsedDocument(
        blocks=content,
        title=_text(front.get("title"))
        or next((b.text for b in content if b.kind == "heading"), None),
        author=_text(front.get("author")),
        modified=_moment(front.get("updated") or front.get("modified") or front.get("date")),
    )


def _front_matter(text: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str | None:
    return str(value).strip() or None if value is not None else None


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return (
        datetime(value.year, value.month, value.day, tzinfo=UTC)
        if isinstance(value, date)
        else None
    )
