"""XML: the text of its elements in order; records as lines, `name: value`.

Entities are not resolved, nothing is fetched, and lxml's limits on depth and size stay on.
"""

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from ingest.parsers.base import DEFAULT_OPTIONS, Block, ParsedDocument, ParsingOptions
from ingest.parsers.office import first_heading
from ingest.parsers.text import one_line
from search.errors import CorruptDocumentError

HEADINGS = frozenset({"title", "heading", "head", "headline", "subtitle", "tytul", "naglowek"})
PROSE = frozenset({"p", "para", "paragraph", "text", "body", "abstract", "description", "content"})
SHORT = 200
"""A longer value is a paragraph, not a field."""


def parse(path: Path, options: ParsingOptions = DEFAULT_OPTIONS) -> ParsedDocument:
    """Parse an XML file."""
    data = path.read_bytes()
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(data.lstrip(b"\r\n\t "), parser)
    except etree.XMLSyntaxError as error:
        raise CorruptDocumentError(
            f"The XML is malformed ({one_line(str(error.msg))[:200]}): mend it, or exclude it."
        ) from error
    content = tuple(_blocks(root, level=1))
    return ParsedDocument(blocks=content, title=first_heading(content))


def _blocks(element: etree._Element, level: int) -> Iterator[Block]:
    children = [child for child in element if isinstance(child.tag, str)]
    if not children or _is_mixed(element):
        if text := one_line("".join(element.itertext())):
            heading = _name(element).lower() in HEADINGS
            yield Block("heading", text, level=level) if heading else Block("text", text)
        return
    fields: list[str] = []
    for child in children:
        text = one_line("".join(child.itertext()))
        name = _name(child)
        leaf = not any(isinstance(grandchild.tag, str) for grandchild in child)
        if leaf and name.lower() not in HEADINGS | PROSE and len(text) <= SHORT:
            if text:
                fields.append(f"{name}: {text}")
            continue
        if fields:
            yield Block("text", "\n".join(fields))
            fields = []
        yield from _blocks(child, min(level + 1, 6) if not leaf else level)
    if fields:
        yield Block("text", "\n".join(fields))


def _is_mixed(element: etree._Element) -> bool:
    """Tell whether an element has text of its own beside its children, as prose has."""
    own = [element.text, *(child.tail for child in element)]
    return any(part and part.strip() for part in own)


def _name(element: etree._Element) -> str:
    return str(etree.QName(element).localname).replace("_", " ").replace("-", " ")
