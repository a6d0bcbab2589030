from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.oxml.parser import OxmlElement

from ingest.parsers import parse
from tests.ingest.parsers.files import blocks_of

W = nsdecls("w")


def test_headings_lists_and_tables_in_place(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Umowa dostawy", 0)
    document.add_heading("Przedmiot", 1)
    document.add_paragraph("Dostawca dostarcza mięk\u00adki\u00a0dywiz.")
    document.add_heading("Zakres", 2)
    document.add_paragraph("punkt", style="List Bullet")
    document.add_paragraph("podpunkt", style="List Bullet 2")
    document.add_paragraph("pierwszy", style="List Number")
    document.add_paragraph("drugi", style="List Number")
    table = document.add_table(3, 3)
    for row in range(3):
        for column in range(3):
            table.cell(row, column).text = f"{row}{column}"
    table.cell(1, 0).merge(table.cell(2, 0)).text = "10"
    table.cell(0, 1).merge(table.cell(0, 2)).text = "szeroka"
    document.add_paragraph("Po tabeli.")
    document.core_properties.title = "Umowa dostawy 2025/118"
    document.core_properties.author = "Julian Wereszczak"
    document.core_properties.created = datetime(2025, 1, 8, 9, 0)
    document.save(str(tmp_path / "a.docx"))
    assert blocks_of(tmp_path / "a.docx") == [
        ("heading1", "Umowa dostawy"),
        ("heading1", "Przedmiot"),
        ("text", "Dostawca dostarcza miękki dywiz."),
        ("heading2", "Zakres"),
        ("list", "punkt"),
        ("list1", "podpunkt"),
        ("list", "1. pierwszy"),
        ("list", "2. drugi"),
        ("table", "00 | szeroka\n10 | 11 | 12\n10 | 21 | 22"),
        ("text", "Po tabeli."),
    ]
    parsed = parse(tmp_path / "a.docx")
    assert (parsed.title, parsed.author) == ("Umowa dostawy 2025/118", "Julian Wereszczak")
    assert parsed.created == datetime(2025, 1, 8, 9, 0, tzinfo=UTC)


def test_tracked_changes_controls_and_text_boxes(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Termin: ")
    paragraph._p.append(parse_xml(f'<w:ins {W} w:id="1"><w:r><w:t>30 dni</w:t></w:r></w:ins>'))
    paragraph._p.append(
        parse_xml(f'<w:del {W} w:id="2"><w:r><w:delText>14 dni</w:delText></w:r></w:del>')
    )
    content = "<w:sdtContent><w:p><w:r><w:t>Z kontrolki.</w:t></w:r></w:p></w:sdtContent>"
    _append(document, f"<w:sdt {W}><w:sdtPr/>{content}</w:sdt>")
    box = "<w:txbxContent><w:p><w:r><w:t>W ramce.</w:t></w:r></w:p></w:txbxContent>"
    _append(
        document,
        f'<w:p {W} xmlns:v="urn:schemas-microsoft-com:vml"><w:r><w:t>Przy ramce.</w:t>'
        f"<w:pict><v:shape><v:textbox>{box}</v:textbox></v:shape></w:pict></w:r></w:p>",
    )
    document.save(str(tmp_path / "a.docx"))
    assert [text for _, text in blocks_of(tmp_path / "a.docx")] == [
        "Termin: 30 dni", "Z kontrolki.", "Przy ramce.", "W ramce.",
    ]  # fmt: skip


def test_bold_lines_and_clause_numbers_are_headings_where_no_style_is(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph().add_run("UMOWA NAJMU").bold = True
    document.add_paragraph("§ 1")
    document.add_paragraph("Wynajmujący oddaje lokal do używania.")
    document.add_paragraph().add_run("Postanowienia końcowe").bold = True
    document.add_paragraph("Umowę zawarto na rok.")
    document.save(str(tmp_path / "a.docx"))
    assert blocks_of(tmp_path / "a.docx") == [
        ("heading1", "UMOWA NAJMU"),
        ("heading2", "§ 1"),
        ("text", "Wynajmujący oddaje lokal do używania."),
        ("heading2", "Postanowienia końcowe"),
        ("text", "Umowę zawarto na rok."),
    ]


def test_short_capital_lines_are_no_headings_where_styles_are(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Adres", 1)
    document.add_paragraph("TORUŃ 87-100")
    document.save(str(tmp_path / "a.docx"))
    assert blocks_of(tmp_path / "a.docx") == [("heading1", "Adres"), ("text", "TORUŃ 87-100")]


def test_pages_where_the_file_has_rendered_breaks(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("pierwsza strona")
    run = document.add_paragraph().add_run()
    run._r.append(OxmlElement("w:lastRenderedPageBreak"))
    run.add_text("druga strona")
    document.save(str(tmp_path / "a.docx"))
    parsed = parse(tmp_path / "a.docx")
    assert [block.page for block in parsed.blocks] == [1, 2]
    assert parsed.pages == 2


def _append(document: Any, markup: str) -> None:
    document.element.body.insert(-1, parse_xml(markup))
