"""HTML, without what surrounds the content of a page."""

import re
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bs4 import BeautifulSoup, Tag, XMLParsedAsHTMLWarning

from ingest.parsers.base import DEFAULT_OPTIONS, Block, ParsedDocument, ParsingOptions
from ingest.parsers.markup import markup_blocks
from ingest.parsers.office import first_heading
from ingest.parsers.text import decode, meaningful_title, one_line

BOILERPLATE = (
    "script, style, noscript, template, svg, nav, aside, iframe, body > footer, [hidden], "
    "[role=navigation], [role=search], [role=banner], [role=contentinfo], [aria-hidden=true], "
    "[class*=breadcrumb], [class*=cookie], a[href='#main-content'], a[class*=skip-link]"
)
MENUS = {"menu", "nav", "navbar", "navigation", "topbar", "sidebar"}
DATE_FIELDS = ("dcterms.modified", "article:modified_time", "last-modified", "date", "dc.date")


_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)


def parse(path: Path, options: ParsingOptions = DEFAULT_OPTIONS) -> ParsedDocument:
    """Parse an HTML file."""
    return parse_markup(_declared(path.read_bytes()))


def parse_markup(markup: str) -> ParsedDocument:
    """Parse HTML: headings, paragraphs, lists and tables; title, author and date of its head."""
    soup = tree(markup)
    head = head_of(soup)
    for unwanted in soup.select(BOILERPLATE):
        unwanted.decompose()
    _drop_menus(soup)
    _unwrap_layout_tables(soup)
    content = markup_blocks(soup)
    return ParsedDocument(
        blocks=content,
        title=_without_site(head.title, content) or first_heading(content),
        author=head.author,
        modified=head.modified,
    )


@dataclass(frozen=True, slots=True)
class Head:
    """What a page says of itself."""

    title: str | None
    author: str | None
    modified: datetime | None


def head_of(soup: BeautifulSoup) -> Head:
    """Read title, author and date from the head of a page."""
    dates = [_date(_meta(soup, name)) for name in DATE_FIELDS]
    return Head(
        meaningful_title(soup.title.get_text()) if soup.title else None,
        _meta(soup, "author"),
        next((date for date in dates if date), None),
    )


def _declared(data: bytes) -> str:
    """Decode by the charset that the page declares, if that works, else by its bytes."""
    declared = _CHARSET.search(data[:2048])
    if declared:
        try:
            return data.decode(declared[1].decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(data)


def tree(markup: str) -> BeautifulSoup:
    """Parse markup as HTML, whatever it calls itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)  # XHTML is read as HTML
        return BeautifulSoup(markup, "lxml")


def _without_site(title: str | None, content: tuple[Block, ...]) -> str | None:
    """Prefer the heading to a title that is the heading and the name of the site."""
    heading = first_heading(content)
    if title and heading and re.match(rf"{re.escape(heading)}\s+[|–—·:-]\s", title):
        return heading
    return title


def _drop_menus(soup: BeautifulSoup) -> None:
    """Drop what leads elsewhere before the first heading: menus, and lists of only links."""
    first = soup.find("h1")
    if not isinstance(first, Tag):
        return
    for found in first.find_all_previous(["ul", "ol", "div"]):
        if not isinstance(found, Tag) or found in first.parents:
            continue
        names = {str(found.get("id", "")), *(found.get("class") or ())}
        if names & MENUS or (found.name != "div" and _only_links(found)):
            found.decompose()


def _only_links(element: Tag) -> bool:
    linked = sum(len(one_line(a.get_text())) for a in element.find_all("a"))
    last = element.find_all("li")[-1:]  # the page itself, in a breadcrumb trail
    rest = sum(len(one_line(li.get_text())) for li in last if li.find("a") is None)
    return linked > 0 and linked + rest >= len(one_line(element.get_text(""))) * 0.9


def _unwrap_layout_tables(soup: BeautifulSoup) -> None:
    """Dissolve tables that only place things: with tables or headings inside, or one cell."""
    for table in reversed(soup.find_all("table")):
        cells = [cell for cell in table.find_all(["td", "th"]) if cell.get_text(strip=True)]
        nested = table.find(["table", "h1", "h2", "h3", "h4"]) is not None
        if nested or len(cells) <= 1 or table.get("role") == "presentation":
            for part in table.find_all(["tbody", "thead", "tfoot", "tr", "td", "th"]):
                if part.find_parent("table") is table:
                    part.name = "div"
            table.name = "div"


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
