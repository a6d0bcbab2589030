"""Excel workbooks (.xlsx): a sheet is a page with its name as heading and its rows as tables."""

import warnings
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl

from ingest.parsers.base import DEFAULT_OPTIONS, Block, ParsedDocument, ParsingOptions
from ingest.parsers.elements import join_rows
from ingest.parsers.office import CoreProperties, core_properties, opening
from ingest.parsers.text import one_line

MAX_HEADER_ROWS = 3
Row = list[str]


def parse(path: Path, options: ParsingOptions = DEFAULT_OPTIONS) -> ParsedDocument:
    """Parse a workbook: values as last computed, hidden sheets left out."""
    with opening(path, "Excel workbook"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # extensions that openpyxl does not read
        workbook = openpyxl.load_workbook(path, data_only=True)
        sheets = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
        content = tuple(
            block for number, sheet in enumerate(sheets, 1) for block in _sheet(sheet, number)
        )
        properties: CoreProperties = core_properties(path)
        workbook.close()
    return ParsedDocument(
        blocks=content,
        title=properties.title,  # a sheet's name says too little of the whole
        author=properties.author,
        created=properties.created,
        modified=properties.modified,
        pages=len(sheets),
    )


def _sheet(sheet: Any, number: int) -> Iterator[Block]:
    """Yield a heading and the tables of a sheet; an empty row ends a table."""
    tables = _with_headers(_tables(_rows(sheet)))
    if tables:
        yield Block("heading", one_line(sheet.title), level=1, page=number)
    for table in tables:
        yield from _blocks(table, number)


def _rows(sheet: Any) -> dict[int, Row]:
    """Return the rows that hold something, without the columns that hold nothing.

    Only cells that the file has are visited: a stray format in the last row of a sheet
    would otherwise cost a million empty rows. A cell merged downwards is repeated, so that
    each row says what it belongs to.
    """
    values = {place: text for place, cell in sheet._cells.items() if (text := _value(cell))}
    for merged in sheet.merged_cells.ranges:
        first = values.get((merged.min_row, merged.min_col))
        last_row = min(merged.max_row, sheet.max_row)
        if first and merged.min_col == merged.max_col:
            values.update({(r, merged.min_col): first for r in range(merged.min_row, last_row + 1)})
    columns = {column: place for place, column in enumerate(sorted({c for _, c in values}))}
    rows: dict[int, Row] = {}
    for row, column in sorted(values):
        cells = rows.setdefault(row, [""] * len(columns))
        cells[columns[column]] = values[row, column]
    return rows


def _tables(rows: dict[int, Row]) -> list[list[Row]]:
    """Group consecutive rows."""
    tables: list[list[Row]] = []
    before = None
    for number, row in rows.items():
        if before is None or number > before + 1:
            tables.append([])
        tables[-1].append(row)
        before = number
    return tables


def _with_headers(tables: Sequence[list[Row]]) -> list[list[Row]]:
    """Join a header to the data that an empty row keeps from it."""
    joined: list[list[Row]] = []
    for table in tables:
        above = joined[-1] if joined else None
        if (
            above is not None
            and len(above) <= MAX_HEADER_ROWS
            and _width(above[-1]) > 1
            and not any(_has_number(row) for row in above)
            and _has_number(table[0])
        ):
            above.extend(table)
        else:
            joined.append(table)
    return joined


def _blocks(table: list[Row], page: int) -> Iterator[Block]:
    """Yield a table, with the titles above and the remarks below it as text."""
    widths = [_width(row) for row in table]
    if max(widths) == 1:
        yield Block("text", "\n".join("".join(row) for row in table), page=page)
        return
    wide = [place for place, width in enumerate(widths) if width > 1]
    start, end = wide[0], wide[-1] + 1
    while end < len(table) and len("".join(table[end])) < 40:  # a short cell, not a remark
        end += 1
    for row in table[:start]:
        yield Block("text", "".join(row), page=page)
    if end - start == 1:
        yield Block("text", " ".join(cell for cell in table[start] if cell), page=page)
    else:
        yield Block("table", join_rows(_one_header(table[start:end])), page=page)
    for row in table[end:]:
        yield Block("text", "".join(row), page=page)


def _one_header(table: list[Row]) -> list[Row]:
    """Join two header rows, of which the upper one groups the columns, to one."""
    if len(table) < 3:
        return table
    upper, lower, data = table[:3]
    if _has_number(upper) or _has_number(lower) or not _has_number(data):
        return table
    if not (
        _width(upper) < _width(lower) and any(a and b for a, b in zip(upper, lower, strict=True))
    ):
        return table
    header = [" ".join(part for part in pair if part) for pair in zip(upper, lower, strict=True)]
    return [header, *table[2:]]


def _width(row: Row) -> int:
    return sum(bool(cell) for cell in row)


def _has_number(row: Row) -> bool:
    """Tell whether a cell is a number, as those of data are; a year may stand in a header."""
    return any(
        cell.lstrip("-").replace(".", "", 1).rstrip("%").isdigit()
        and not (len(cell) == 4 and cell.isdigit())
        for cell in row
    )


def _value(cell: Any) -> str:
    """Write a cell's value as a person would read it."""
    value = cell.value
    if value is None or cell.data_type == "e":
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        if "%" in (cell.number_format or ""):
            return f"{value:.2%}".replace(".00%", "%")
        return str(value) if isinstance(value, int) else f"{value:.10g}"
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes").removesuffix(" 00:00")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat("minutes")
    if isinstance(value, timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02}"
    return one_line(str(value))
