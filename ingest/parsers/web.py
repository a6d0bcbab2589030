"""HTML, through `unstructured`, without what surrounds the content of a page."""

from datetime import UTC, datetime
from pathlib import Path

from bs4 import BeautifulSoup

from ingest.parsers.base import Block, ParsedDocument
from ingest.parsers.elements import blocks
from ingest.parsers.tamed import with_unstructured
from ingest.parsers.text import decode, one_line

BOILERPLATE = "script, style, noscript, template, svg, nav, aside, form, iframe, body > footer"
DATE_FIELDS = ("dcterms.modified", "article:modified_time", "last-modified", "date", "dc.date")


def parse(path: Path) -> ParsedDocument:
    """Parse an HTML file."""
    return parse_markup(_declared(path.read_bytes()))


def parse_markup(markup: str) -> ParsedDocument:
    """Parse HTML: headings, paragraphs, lists and tables; title, author and date of its head."""
    soup = BeautifulSoup(markup, "lxml")
    title = one_line(soup.title.get_text()) if soup.title else ""
    author = _meta(soup, "author")
    dates = [_date(_meta(soup, name)) for name in DATE_FIELDS]
    for unwanted in soup.select(BOILERPLATE):
        unwanted.decompose()
    content = markup_blocks(str(soup)) if soup.get_text(strip=True) else ()
    return ParsedDocument(
        blocks=content,
        title=title or next((b.text for b in content if b.kind == "heading"), None),
        author=author,
        modified=next((date for date in dates if date), None),
    )


def markup_blocks(markup: str) -> tuple[Block, ...]:
    """Return the blocks of HTML from which the boilerplate is gone."""
    elements = with_unstructured("html").partition_html(text=markup)
    return tuple(blocks(elements))


def _declared(data: bytes) -> str:
    """Decode by the charset that the page declares, if that works, else by its bytes."""
    declared = BeautifulSoup(data[:2048], "lxml").find("meta", charset=True)
    if declared is not None:
        try:
            return data.decode(str(declared["charset"]))
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(data)


def _meta(soup: BeautifulSoup, name: str) -> str | None:
    tag = soup.find("meta", attrs={"name": lambda v: bool(v) and str(v).lower() == name})
    tag = tag or soup.find("meta", attrs={"property": name})
    return one_line(str(tag.get("content") or "")) or None if tag else None


def _date(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found
