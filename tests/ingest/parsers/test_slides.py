from datetime import UTC, datetime
from pathlib import Path

from pptx import Presentation
from pptx.util import Inches

from ingest.parsers import parse
from tests.ingest.parsers.files import blocks_of


def test_titles_bullets_tables_and_notes(tmp_path: Path) -> None:
    show = Presentation()
    first = show.slides.add_slide(show.slide_layouts[1])
    first.shapes.title.text = "Godziny pracy"
    body = first.placeholders[1].text_frame
    body.text = "Biuro od 7:00"
    item = body.add_paragraph()
    item.text, item.level = "czas wspólny od 9:30", 1
    first.notes_slide.notes_text_frame.text = "Nocnych zmian nie ma."
    second = show.slides.add_slide(show.slide_layouts[5])
    second.shapes.title.text = "Kontakt"
    table = second.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for place, text in enumerate(["Sprawa", "Osoba", "Płace", "Dorota"]):
        table.cell(place // 2, place % 2).text = text
    box = second.shapes.add_textbox(Inches(1), Inches(6), Inches(4), Inches(1))
    box.text_frame.text = "Pod tabelą"
    show.core_properties.author = "Kadry"
    show.core_properties.modified = datetime(2025, 1, 2, 3, 4)
    show.save(str(tmp_path / "a.pptx"))
    assert blocks_of(tmp_path / "a.pptx") == [
        ("heading1", "Godziny pracy"),
        ("list", "Biuro od 7:00"),
        ("list1", "czas wspólny od 9:30"),
        ("text", "Nocnych zmian nie ma."),
        ("heading1", "Kontakt"),
        ("table", "Sprawa | Osoba\nPłace | Dorota"),
        ("list", "Pod tabelą"),
    ]
    document = parse(tmp_path / "a.pptx")
    assert [block.page for block in document.blocks] == [1, 1, 1, 1, 2, 2, 2]
    assert (document.title, document.author, document.pages) == ("Godziny pracy", "Kadry", 2)
    assert document.modified == datetime(2025, 1, 2, 3, 4, tzinfo=UTC)
