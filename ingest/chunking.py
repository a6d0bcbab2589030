"""Cut a document into passages along its structure.

A passage never crosses a heading, keeps paragraphs, list items and tables whole where they
fit, and is embedded under a breadcrumb: the title and the headings above it. Sizes are in
tokens of the embedding model, so that nothing is cut off when it is embedded.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.parsers.base import Block, ParsedDocument
from ingest.sentences import sentences
from search.domain import Chunk
from search.settings import ChunkingSettings

CountTokens = Callable[[Sequence[str]], list[int]]

BREADCRUMB_SHARE = 4
"""The breadcrumb takes at most one part in so many of a chunk."""
TINY_SHARE = 10
"""A section below one part in so many of a chunk joins the sibling before it."""


@dataclass(frozen=True, slots=True)
class _Section:
    """Blocks under the same headings."""

    headings: tuple[str, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class _Unit:
    """A piece that is not cut any further."""

    text: str
    tokens: int
    page: int | None
    prose: bool
    """A sentence or paragraph, which may be repeated as overlap; not a table or code."""
    opener: str = ""
    """The table header to repeat when a chunk begins with this row."""
    glued: bool = False
    """Follows the unit before it on the same line: a sentence of one paragraph."""


def passage_text(title: str, chunk: Chunk) -> str:
    """Return what is embedded of a chunk: its breadcrumb on a line of its own, then its text."""
    crumbs = _breadcrumb(title, chunk.section)
    return f"{crumbs}\n{chunk.text}" if crumbs else chunk.text


def chunk(
    document: ParsedDocument, count_tokens: CountTokens, settings: ChunkingSettings, title: str
) -> list[Chunk]:
    """Cut a document into chunks.

    Args:
        document: its blocks in reading order.
        count_tokens: of the embedding model: tokens of each text as a passage, prompt and
            special tokens included.
        settings: the longest chunk and the overlap.
        title: leads the breadcrumb.

    Returns:
        Chunks in reading order, none longer than `settings.max_tokens` as embedded.
    """
    return _Cutter(count_tokens, settings, title).cut(document)


class _Cutter:
    def __init__(self, count_tokens: CountTokens, settings: ChunkingSettings, title: str) -> None:
        self._count = count_tokens
        self._settings = settings
        self._title = title
        self._base = count_tokens([""])[0]

    def cut(self, document: ParsedDocument) -> list[Chunk]:
        sections = self._merge_tiny(list(_sections(document.blocks, self._title)))
        chunks = [piece for section in sections for piece in self._section(section)]
        return [replace(piece, index=index) for index, piece in enumerate(chunks)]

    def _tokens(self, texts: Sequence[str]) -> list[int]:
        """Count tokens without the prompt and the special tokens."""
        return [max(1, count - self._base) for count in self._count(texts)] if texts else []

    def _merge_tiny(self, sections: list[_Section]) -> list[_Section]:
        """Join tiny sections to the sibling before them; their headings become text."""
        limit = self._settings.max_tokens // TINY_SHARE
        bodies = ["\n".join(b.text for b in section.blocks) for section in sections]
        sizes = self._tokens(bodies)
        merged: list[_Section] = []
        previous = 0
        for section, size in zip(sections, sizes, strict=True):
            last = merged[-1] if merged else None
            if (
                last is not None
                and section.headings
                and last.headings[:-1] == section.headings[:-1]
                and last.headings
                and size < limit
                and previous < limit
            ):
                merged[-1] = _joined(last, section)
                previous += size
            else:
                merged.append(section)
                previous = size
        return merged

    def _section(self, section: _Section) -> list[Chunk]:
        headings = self._fitting(section.headings)
        crumbs = _breadcrumb(self._title, headings)
        budget = self._settings.max_tokens - self._base
        if crumbs:
            budget -= self._tokens([crumbs])[0] + 1
        units = self._units(section.blocks, budget)
        return self._checked(units, headings, budget)

    def _fitting(self, headings: tuple[str, ...]) -> tuple[str, ...]:
        """Drop outer headings until the breadcrumb leaves most of the chunk to the text."""
        limit = self._settings.max_tokens // BREADCRUMB_SHARE
        while headings and self._tokens([_breadcrumb(self._title, headings)])[0] > limit:
            headings = headings[1:]
        return headings

    def _units(self, blocks: Sequence[Block], budget: int) -> list[_Unit]:
        """Cut blocks into units that fit the budget one by one."""
        sizes = self._tokens([block.text for block in blocks])
        units: list[_Unit] = []
        for block, size in zip(blocks, sizes, strict=True):
            if size <= budget:
                prose = block.kind in ("text", "list", "heading")
                units.append(_Unit(block.text, size, block.page, prose))
            elif block.kind == "table":
                units.extend(self._rows(block, budget))
            else:
                units.extend(self._sentences(block, budget))
        return units

    def _rows(self, block: Block, budget: int) -> Iterator[_Unit]:
        """Cut a table into rows; a part that does not begin with its header repeats it."""
        header, *rows = block.text.split("\n")
        header_size, *sizes = self._tokens([header, *rows])
        if header_size > budget // 2:
            header, header_size, rows, sizes = "", 0, [header, *rows], [header_size, *sizes]
        else:
            yield _Unit(header, header_size, block.page, prose=False)
        for row, size in zip(rows, sizes, strict=True):
            if size + header_size + 1 <= budget:
                yield _Unit(row, size, block.page, prose=False, opener=header)
            else:
                yield from self._words(row, block.page, budget)

    def _sentences(self, block: Block, budget: int) -> Iterator[_Unit]:
        lines = block.text.split("\n") if block.kind == "code" else sentences(block.text)
        prose = block.kind != "code"
        for place, (line, size) in enumerate(zip(lines, self._tokens(lines), strict=True)):
            if size <= budget:
                yield _Unit(line, size, block.page, prose, glued=prose and place > 0)
            else:
                yield from self._words(line, block.page, budget)

    def _words(self, text: str, page: int | None, budget: int) -> Iterator[_Unit]:
        """Cut between words, as a last resort within them."""
        words = [text[i : i + budget] for text in text.split() for i in range(0, len(text), budget)]
        sizes = self._tokens(words)
        part: list[str] = []
        held = 0
        for word, size in zip(words, sizes, strict=True):
            if part and held + size > budget:
                yield _Unit(" ".join(part), held, page, prose=False)
                part, held = [], 0
            part.append(word)
            held += size
        if part:
            yield _Unit(" ".join(part), min(held, budget), page, prose=False)

    def _checked(self, units: list[_Unit], headings: tuple[str, ...], budget: int) -> list[Chunk]:
        """Pack units and count the result: sums of parts may fall short by a few tokens."""
        groups = self._pack(units, budget)
        chunks = [Chunk(0, _text(group), headings, group[0].page) for group in groups]
        sizes = (
            self._count([passage_text(self._title, piece) for piece in chunks]) if chunks else []
        )
        checked: list[Chunk] = []
        for piece, group, size in zip(chunks, groups, sizes, strict=True):
            if size <= self._settings.max_tokens:
                checked.append(replace(piece, tokens=size))
            elif len(group) > 1:
                middle = len(group) // 2
                for half in (group[:middle], group[middle:]):
                    checked.extend(self._checked(half, headings, budget))
            else:
                halves = list(self._words(group[0].text, group[0].page, max(1, budget // 2)))
                checked.extend(self._checked(halves, headings, budget // 2))
        return checked

    def _pack(self, units: Sequence[_Unit], budget: int) -> list[list[_Unit]]:
        """Fill chunks one after the other; the end of a full one is repeated in the next."""
        groups: list[list[_Unit]] = []
        group: list[_Unit] = []
        held = 0
        for unit in units:
            if group and held + unit.tokens + 1 > budget:
                groups.append(group)
                group = self._overlap(group, budget - unit.tokens)
                if unit.opener and not group:
                    header = self._tokens([unit.opener])[0]
                    group = [_Unit(unit.opener, header, unit.page, prose=False)]
                held = sum(repeated.tokens + 1 for repeated in group)
            group.append(unit)
            held += unit.tokens + 1
        return [*groups, group] if group else groups

    def _overlap(self, group: Sequence[_Unit], room: int) -> list[_Unit]:
        """Return the last whole sentences of a chunk that fit the overlap."""
        limit = min(self._settings.overlap_tokens, room)
        repeated: list[_Unit] = []
        for unit in reversed(group[1:]):
            limit -= unit.tokens + 1
            if limit < 0 or not unit.prose:
                break
            repeated.insert(0, unit)
        if repeated:
            repeated[0] = replace(repeated[0], glued=False)
        return repeated


def _sections(blocks: Sequence[Block], title: str) -> Iterator[_Section]:
    """Group blocks by the headings above them; a heading without text goes to what follows."""
    stack: list[tuple[int, str]] = []
    held: list[Block] = []
    orphan: Block | None = None

    def headings() -> tuple[str, ...]:
        texts = [text for _, text in stack]
        return tuple(texts[1:] if texts and texts[0] == title else texts)

    for block in blocks:
        if block.kind != "heading":
            if not held and orphan is not None and orphan.text not in [t for _, t in stack]:
                held.append(replace(orphan, kind="text"))
            orphan = None
            held.append(block)
            continue
        if held:
            yield _Section(headings(), tuple(held))
            held = []
        elif orphan is not None and block.level <= orphan.level and orphan.text != title:
            held = [replace(orphan, kind="text")]  # nothing stood under it
            yield _Section(headings()[:-1], tuple(held))
            held = []
        while stack and stack[-1][0] >= block.level:
            stack.pop()
        stack.append((block.level, block.text))
        orphan = block
    if held:
        yield _Section(headings(), tuple(held))
    elif orphan is not None:
        yield _Section(headings()[:-1], (replace(orphan, kind="text"),))


def _joined(first: _Section, second: _Section) -> _Section:
    """Join two siblings under their parent, each under its heading as text."""
    parent = second.headings[:-1]
    blocks = list(first.blocks)
    if len(first.headings) > len(parent):
        blocks.insert(0, Block("text", first.headings[-1], page=blocks[0].page))
    heading = Block("text", second.headings[-1], page=second.blocks[0].page)
    return _Section(parent, (*blocks, heading, *second.blocks))


def _breadcrumb(title: str, headings: Sequence[str]) -> str:
    return " › ".join(part for part in (title, *headings) if part)


def _text(units: Sequence[_Unit]) -> str:
    text = units[0].text
    for unit in units[1:]:
        text += f"{' ' if unit.glued else chr(10)}{unit.text}"
    return text
