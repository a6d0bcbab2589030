"""Excel files: a sheet for each heading, notes above the table, numbers and dates as such."""

import re
from datetime import date
from io import BytesIO

from openpyxl import Workbook
from openpyxl.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from . import archive, markup

INTEGER = re.compile(r"-?(0|[1-9]\d*)")
DECIMAL = re.compile(r"-?\d+\.\d+")
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
HEADER_FILL = PatternFill("solid", fgColor="DCE6F1")
WIDEST = 60


def render(document: markup.Document) -> bytes:
    """Make the bytes of a .xlsx file."""
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    _set_properties(workbook, document)
    for block in document.blocks:
        _add(workbook, block)
    saved = BytesIO()
    workbook.save(saved)
    return archive.normalise(saved.getvalue(), document.created)


def _set_properties(workbook: Workbook, document: markup.Document) -> None:
    core = workbook.properties
    core.title = document.title
    core.creator = document.author
    core.lastModifiedBy = document.author
    core.language = document.language
    core.created = document.created


def _add(workbook: Workbook, block: markup.Block) -> None:
    if isinstance(block, markup.Heading):
        workbook.create_sheet(block.text)
        return
    sheet = workbook.worksheets[-1]
    match block:
        case markup.Paragraph(text):
            sheet.append([markup.plain(text)])
        case markup.Table(rows):
            _add_table(sheet, rows)
        case _:
            raise ValueError(f"A workbook has no place for {block}.")


def _add_table(sheet: Worksheet, rows: tuple[tuple[str, ...], ...]) -> None:
    first = sheet.max_row + 2 if sheet.max_row > 1 or sheet["A1"].value else 1
    for number, texts in enumerate(rows, start=first):
        for column, text in enumerate(texts, start=1):
            cell = sheet.cell(number, column)
            _fill(cell, markup.plain(text))
            if number == first:
                cell.font, cell.fill = Font(bold=True), HEADER_FILL
    sheet.freeze_panes = f"A{first + 1}"
    for column, texts in enumerate(zip(*rows, strict=True), start=1):
        width = min(WIDEST, max(len(text) for text in texts) + 3)
        sheet.column_dimensions[get_column_letter(column)].width = width


def _fill(cell: Cell | MergedCell, text: str) -> None:
    """Set a typed value; a code with a leading zero stays text."""
    if INTEGER.fullmatch(text):
        cell.value = int(text)
    elif DECIMAL.fullmatch(text):
        cell.value = float(text)
        cell.number_format = "#,##0.00"
    elif ISO_DATE.fullmatch(text):
        cell.value = date.fromisoformat(text)
        cell.number_format = "yyyy-mm-dd"
    else:
        cell.value = text or None
        cell.alignment = Alignment(wrap_text=True, vertical="top")
