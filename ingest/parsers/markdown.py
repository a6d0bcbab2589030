"""Markdown (CommonMark with tables), through HTML; front matter gives title, author, date."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt

from ingest.parsers.base import DEFAULT_OPTIONS, ParsedDocument, ParsingOptions
from ingest.parsers.markup import markup_blocks
from ingest.parsers.office import first_heading
from ingest.parsers.text import decode
from ingest.parsers.web import tree

_FRONT_MATTER = re.compile(r"\A\s*---\n(.*?)\n---\n", re.DOTALL)


def parse(path: Path, options: ParsingOptions = DEFAULT_OPTIONS) -> ParsedDocument:
    """Parse a Markdown file."""
    text = decode(path.read_bytes()).replace("\r\n", "\n")
    front: dict[str, Any] = {}
    if match := _FRONT_MATTER.match(text):
        front = _front_matter(match[1])
        text = text[match.end() :]
    markup = MarkdownIt("commonmark").enable("table").render(text)
    content = markup_blocks(tree(markup))
    return ParsedDocument(
        blocks=content,
        title=_text(front.get("title")) or first_heading(content),
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
