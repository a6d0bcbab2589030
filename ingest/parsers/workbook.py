"""Excel workbooks (.xlsx): a sheet is a page with its name as heading and its rows as a table."""

import warnings
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl

from ingest.parsers.base import Block, ParsedDocument
from ingest.parsers.elements import join_rows
from ingest.parsers.office import core_properties, opening
from ingest.parsers.text import one_line


def parse(path: Path) -> ParsedDocument:
    """Parse a workbook: values as last computed, hidden sheets left out."""
    with opening(path, "Excel workbook"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # extensions that openpyxl does not read
        workbook = openpyxl.load_workbook(path, data_only=True)
        sheets = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
        content = tuple(
            block for number, sheet in enumerate(sheets, 1) for block in _sheet(sheet, number)
        )
        properties = core_properties(workbook.properties)
        workbook.close()
    return ParsedDocument(blocks=content, pages=len(sheets), **properties)


def _sheet(sheet: Any, number: int) -> Iterator[Block]:
    """Yield a heading and the tables of a sheet; an empty row ends a table."""
    rows = [[_value(cell) for cell in row] for row in sheet.iter_rows()]
    used = [place for place in range(max(map(len, rows), default=0)) if any(r[place] for r in rows)]
    tables = list(_tables([row[place] for place in used] for row in rows))
    if tables:
        yield Block("heading", one_line(sheet.title), level=1, page=number)
    for table in tables:
        if len(table) == 1:  # a title or a remark above a table
            yield Block("text", join_rows(table).replace(" | ", " "), page=number)
        else:
            yield Block("table", join_rows(table), page=number)


def _tables(rows: Iterable[list[str]]) -> Iterator[list[list[str]]]:
    table: list[list[str]] = []
    for row in rows:
        if any(row):
            table.append(row)
        elif table:
            yield table
            table = []
    if table:
        yield table


def _value(cell: Any) -> str:
    """Write a cell's value as a person would read it."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        if "%" in (cell.number_format or ""):
            return f"{value:.2%}".replace(".00%", "%")
        return f"{value:.10g}"
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes").removesuffix(" 00:00")
    if isinstance(value, date | time):
        return value.isoformat()
    return one_line(str(value))
