from datetime import UTC, date, datetime, time
from pathlib import Path

import openpyxl

from ingest.parsers import parse
from tests.ingest.parsers.files import blocks_of


def test_sheets_values_and_remarks(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Szkolenia"
    sheet["A1"] = "Plan szkoleń na 2025 r."
    sheet.append([])
    sheet.append(["Kod", None, "Termin", "Start", "Cena", "Rabat"])
    sheet.append(["SZ-1", None, date(2025, 2, 18), time(8, 30), 320.0, 0.125])
    sheet.append(["SZ-2", None, datetime(2025, 3, 5, 9, 15), None, 780.5, 1])
    sheet["F4"].number_format = sheet["F5"].number_format = "0.0%"
    sheet["A6"] = "* Zapisy na formularzu F-40, najpóźniej 10 dni przed terminem."
    second = book.create_sheet("Budżet")
    second.append(["Dział", "Kwota"])
    second.append(["Produkcja", 48000])
    book.create_sheet("Pusty")
    hidden = book.create_sheet("Ukryty")
    hidden.sheet_state = "hidden"
    hidden.append(["tajne"])
    book.properties.title = "Plan szkoleń"
    book.properties.creator = "Kadry"
    book.properties.created = datetime(2025, 1, 13)
    book.save(tmp_path / "a.xlsx")
    assert blocks_of(tmp_path / "a.xlsx") == [
        ("heading1", "Szkolenia"),
        ("text", "Plan szkoleń na 2025 r."),
        (
            "table",
            "Kod | Termin | Start | Cena | Rabat\n"
            "SZ-1 | 2025-02-18 | 08:30 | 320 | 12.50%\n"
            "SZ-2 | 2025-03-05 09:15 |  | 780.5 | 100%",
        ),
        ("text", "* Zapisy na formularzu F-40, najpóźniej 10 dni przed terminem."),
        ("heading1", "Budżet"),
        ("table", "Dział | Kwota\nProdukcja | 48000"),
    ]
    document = parse(tmp_path / "a.xlsx")
    assert [block.page for block in document.blocks] == [1, 1, 1, 1, 2, 2]
    assert (document.title, document.author, document.pages) == ("Plan szkoleń", "Kadry", 3)
    assert document.created == datetime(2025, 1, 13, tzinfo=UTC)


def test_merged_cells_and_two_header_rows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["Wyniki w mln zł", None, None],
        ["Dział", "Plan", None],
        ["Dział", "sprzedaż", "marża"],
        ["Maszyny", 12.5, 3],
        [None, 13.5, 4],
    ):
        sheet.append(row)
    sheet.merge_cells("A1:C1")
    sheet.merge_cells("A4:A5")
    book.save(tmp_path / "a.xlsx")
    assert blocks_of(tmp_path / "a.xlsx")[1:] == [
        ("text", "Wyniki w mln zł"),
        ("table", "Dział Dział | Plan sprzedaż | marża\nMaszyny | 12.5 | 3\nMaszyny | 13.5 | 4"),
    ]


def test_header_above_an_empty_row_stays_with_its_data(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Kod", "Cena"])
    sheet["A3"], sheet["B3"] = "A-1", 12
    book.save(tmp_path / "a.xlsx")
    assert blocks_of(tmp_path / "a.xlsx")[1:] == [("table", "Kod | Cena\nA-1 | 12")]


def test_stray_cell_far_away_costs_nothing(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = "blisko"
    sheet["XFD1048576"] = "daleko"
    book.save(tmp_path / "a.xlsx")
    assert [text for _, text in blocks_of(tmp_path / "a.xlsx")] == ["Sheet", "blisko", "daleko"]


def test_dates_of_a_library_are_not_the_documents(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"] = "x"
    book.save(tmp_path / "a.xlsx")
    document = parse(tmp_path / "a.xlsx")
    assert (document.author, document.created, document.modified) == (None, None, None)
