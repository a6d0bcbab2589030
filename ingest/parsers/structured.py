"""JSON, JSON lines: records as readable lines, `key: value`, lists of alike records as tables."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.parsers.base import DEFAULT_OPTIONS, Block, ParsedDocument, ParsingOptions
from ingest.parsers.elements import join_rows
from ingest.parsers.text import clean, decode, one_line
from search.errors import CorruptDocumentError

TABLE_COLUMNS = 12
CELL_CHARACTERS = 120
"""Wider records are lines, not rows."""


def parse(path: Path, options: ParsingOptions = DEFAULT_OPTIONS) -> ParsedDocument:
    """Parse a JSON or JSON lines file."""
    text = decode(path.read_bytes())
    value = _lines(text) if path.suffix.lower() in (".ndjson", ".jsonl") else _value(text)
    return ParsedDocument(blocks=tuple(_blocks(value, level=1)))


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if len(text.splitlines()) > 1 and error.msg == "Extra data":
            return _lines(text)
        raise CorruptDocumentError(
            f"The JSON is malformed in line {error.lineno} ({error.msg}): mend it, or exclude it."
        ) from error


def _lines(text: str) -> list[Any]:
    values = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                values.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise CorruptDocumentError(
                    f"Line {number} is no JSON ({error.msg}): mend it, or exclude the file."
                ) from error
    return values


def _blocks(value: Any, level: int) -> Iterator[Block]:
    if isinstance(value, list):
        if table := _table(value):
            yield Block("table", table)
            return
        for item in value:
            yield from _record(item, level)
    else:
        yield from _record(value, level)


def _record(value: Any, level: int) -> Iterator[Block]:
    """Yield a record: its scalars as lines, then what is nested under its key as a heading."""
    if not isinstance(value, dict):
        if isinstance(value, list):
            yield from _blocks(value, level)
        elif text := _text(value):
            yield Block("text", text)
        return
    lines = [f"{_key(key)}: {text}" for key, v in value.items() if (text := _inline(v))]
    if lines:
        yield Block("text", "\n".join(lines))
    for key, nested in value.items():
        if isinstance(nested, dict | list) and not _inline(nested) and nested:
            yield Block("heading", _key(key), level=min(level, 6))
            yield from _blocks(nested, level + 1)


def _inline(value: Any) -> str:
    """Write a scalar, or a short list of scalars, on a line; empty for anything else."""
    if isinstance(value, list):
        if all(not isinstance(item, dict | list) for item in value):
            return ", ".join(text for item in value if (text := _text(item)))
        return ""
    return "" if isinstance(value, dict) else _text(value)


def _table(values: list[Any]) -> str:
    """Write records of the same few scalar fields as a table; empty when they are not alike."""
    if len(values) < 2 or not all(isinstance(value, dict) and value for value in values):
        return ""
    columns = list(dict.fromkeys(key for value in values for key in value))
    if len(columns) > TABLE_COLUMNS:
        return ""
    rows = [[_inline(value.get(column)) for column in columns] for value in values]
    nested = any(
        isinstance(v, dict | list) and v and not _inline(v) for r in values for v in r.values()
    )
    long = any(len(cell) > CELL_CHARACTERS or "\n" in cell for row in rows for cell in row)
    if nested or long:
        return ""
    return join_rows([[_key(column) for column in columns], *rows])


def _key(key: str) -> str:
    return one_line(str(key)).replace("_", " ")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return clean(str(value))
