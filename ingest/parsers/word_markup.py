"""A Word document's markup made plain before it is partitioned, and its tables read.

`unstructured` sees only paragraphs and tables that are direct children of the body: text
in content controls, tracked insertions and text boxes would be lost, and so would
footnotes. Rows that lack cells, or cells merged downwards, would shift its columns.
"""

from collections.abc import Iterator
from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph
from lxml import etree

from ingest.parsers.elements import join_rows
from ingest.parsers.text import one_line

UNWRAPPED = ("w:ins", "w:moveTo", "w:smartTag", "w:customXml", "w:sdtContent", "w:sdt")
DROPPED = ("w:del", "w:moveFrom", "w:sdtPr", "w:sdtEndPr", "w:customXmlPr", "w:smartTagPr")
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
NOTES = {"w:footnoteReference": "footnotes", "w:endnoteReference": "endnotes"}


def simplify(document: Any) -> None:
    """Accept tracked changes, and turn controls, text boxes and notes into paragraphs."""
    body = document.element.body
    for element in list(body.iter(FALLBACK, *map(qn, DROPPED))):
        _remove(element)
    for name in UNWRAPPED:
        for element in list(body.iter(qn(name))):
            _unwrap(element)
    for box in list(body.iter(qn("w:txbxContent"))):
        _lift(box)
    for reference, part in NOTES.items():
        texts = _notes(document, part)
        for element in list(body.iter(qn(reference))):
            if text := texts.get(element.get(qn("w:id"))):
                _outermost_paragraph(element).addnext(_paragraph(text))


def table_text(table: Any) -> str:
    """Return a table with one line per row; a cell merged downwards is repeated."""
    above: dict[int, str] = {}
    rows: list[list[str]] = []
    for row in table._tbl.tr_lst:
        column = row.grid_before
        cells = [""] * column
        for cell in row.tc_lst:
            text = above.get(column, "") if cell.vMerge == "continue" else _cell_text(cell)
            above[column] = text
            cells += [text, *[""] * (cell.grid_span - 1)]
            column += cell.grid_span
        rows.append(cells)
    return join_rows(rows)


def _cell_text(cell: Any) -> str:
    return one_line(" ".join(Paragraph(p, None).text for p in cell.iter(qn("w:p"))))  # type: ignore[arg-type]


def _remove(element: Any) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _unwrap(element: Any) -> None:
    """Put an element's children in its place."""
    parent = element.getparent()
    if parent is None:
        return
    place = parent.index(element)
    parent[place : place + 1] = list(element)


def _lift(box: Any) -> None:
    """Move the paragraphs of a text box behind the paragraph that anchors it."""
    anchor = _outermost_paragraph(box)
    for block in reversed(list(box)):
        anchor.addnext(block)


def _outermost_paragraph(element: Any) -> Any:
    """Return the paragraph that an element stands in, not one inside of a text box."""
    paragraphs = list(element.iterancestors(qn("w:p")))
    return paragraphs[-1] if paragraphs else element


def _notes(document: Any, kind: str) -> dict[str, str]:
    """Return the texts of a document's notes by their ids."""
    for relation in document.part.rels.values():
        if not relation.is_external and relation.reltype.endswith(f"/{kind}"):
            parser = etree.XMLParser(resolve_entities=False, no_network=True)
            root = etree.fromstring(relation.target_part.blob, parser)
            return {note.get(qn("w:id")): one_line(" ".join(_texts(note))) for note in root}
    return {}


def _texts(note: Any) -> Iterator[str]:
    for paragraph in note.iter(qn("w:p")):
        yield "".join(text.text or "" for text in paragraph.iter(qn("w:t")))


def _paragraph(text: str) -> Any:
    paragraph, run, content = (OxmlElement(name) for name in ("w:p", "w:r", "w:t"))
    content.text = text
    run.append(content)
    paragraph.append(run)
    return paragraph
