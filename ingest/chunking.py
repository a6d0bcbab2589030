"""Cut a document into passages along its structure.

A passage never crosses a heading (tiny neighbouring sections excepted), keeps paragraphs,
list items and tables whole where they fit, and is embedded under a breadcrumb: the title and
the headings above it. Sizes are in tokens of the embedding model, so that nothing is cut off
when it is embedded.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.parsers.base import Block, ParsedDocument
from ingest.sections import Section, merge_tiny, sections
from search.domain import Chunk
from search.lexical.sentences import sentences
from search.settings import ChunkingSettings

CountTokens = Callable[[Sequence[str]], list[int]]

MAX_TITLE = 100
"""Characters of the title that lead the breadcrumb."""
BREADCRUMB_SHARE = 3
"""The breadcrumb takes at most one part in so many of a chunk."""
TINY_SHARE = 10
"""A section below one part in so many of a chunk joins its sibling."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A piece that is not cut any further."""

    text: str
    tokens: int
    page: int | None
    prose: bool = False
    """A sentence or paragraph, which may be repeated as overlap; not a table or code."""
    header: str = ""
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
        Chunks in reading order, none longer than `settings.max_tokens` as embedded; only a
        title that takes more than half of that by itself may exceed it.
    """
    return _Cutter(count_tokens, settings, title).cut(document)


class _Cutter:
    def __init__(self, count_tokens: CountTokens, settings: ChunkingSettings, title: str) -> None:
        self._count = count_tokens
        self._settings = settings
        self._title = title
        self._sizes: dict[str, int] = {}
        self._base = count_tokens([""])[0]

    def cut(self, document: ParsedDocument) -> list[Chunk]:
        found = list(
            sections(document.blocks, self._title if len(self._title) <= MAX_TITLE else "")
        )
        self._tokens([block.text for block in document.blocks])  # one call for all of them
        self._tokens([_breadcrumb(self._title, section.headings) for section in found])
        tiny = self._settings.max_tokens // TINY_SHARE
        drafts = [
            draft
            for section in merge_tiny(found, self._size, tiny)
            for draft in self._drafts(section)
        ]
        return [replace(piece, index=index) for index, piece in enumerate(self._fitted(drafts))]

    def _tokens(self, texts: Sequence[str]) -> list[int]:
        """Count tokens without the prompt and the special tokens, each text once."""
        new = [text for text in dict.fromkeys(texts) if text not in self._sizes]
        for text, size in zip(new, self._count(new) if new else [], strict=True):
            self._sizes[text] = max(1, size - self._base)
        return [self._sizes[text] for text in texts]

    def _size(self, section: Section) -> int:
        return sum(self._tokens([block.text for block in section.blocks]))

    def _drafts(self, section: Section) -> Iterator["_Draft"]:
        section = self._with_short_breadcrumb(section)
        budget = self._budget(section.headings)
        for group in self._packed(self._units(section.blocks, budget), budget):
            yield _Draft(tuple(group), section.headings)

    def _budget(self, headings: tuple[str, ...]) -> int:
        """Return the tokens that a chunk under these headings has for its text."""
        crumbs = _breadcrumb(self._title, headings)
        left = self._settings.max_tokens - self._base
        if crumbs:
            left -= self._tokens([crumbs])[0] + 1
        return max(left, self._settings.max_tokens // 4)

    def _with_short_breadcrumb(self, section: Section) -> Section:
        """Drop headings until the breadcrumb leaves most of the chunk to the text.

        Outer headings go first, for they also stand over other chunks; the innermost, if
        it must go, becomes the first line of the text.
        """
        limit = self._settings.max_tokens // BREADCRUMB_SHARE
        headings, blocks = section.headings, section.blocks
        while headings and self._tokens([_breadcrumb(self._title, headings)])[0] > limit:
            if len(headings) == 1 or section.opens:
                blocks = (Block("text", headings[0], page=blocks[0].page), *blocks)
            headings = headings[1:]
        return replace(section, headings=headings, blocks=blocks)

    def _units(self, blocks: Sequence[Block], budget: int) -> list[_Unit]:
        """Cut blocks into units that fit the budget one by one."""
        units: list[_Unit] = []
        for block, size in zip(blocks, self._tokens([b.text for b in blocks]), strict=True):
            if size <= budget:
                prose = block.kind in ("text", "list", "heading")
                units.append(_Unit(block.text, size, block.page, prose))
            elif block.kind == "table":
                units.extend(self._rows(block, budget))
            else:
                units.extend(self._sentences(block, budget))
        return units

    def _rows(self, block: Block, budget: int) -> Iterator[_Unit]:
        """Cut a table into rows; the first carries the header, the others may repeat it."""
        header, *rows = block.text.split("\n")
        header_size, *sizes = self._tokens([header, *rows])
        if header_size > budget // 2:
            header, header_size, rows, sizes = "", 0, [header, *rows], [header_size, *sizes]
        first = True
        for row, size in zip(rows, sizes, strict=True):
            if size + header_size + 1 > budget:
                if first and header:
                    yield _Unit(header, header_size, block.page)
                yield from self._words(row, block.page, budget)
            elif first and header:
                text = f"{header}\n{row}"
                yield _Unit(text, header_size + size + 1, block.page)
            else:
                yield _Unit(row, size, block.page, header=header)
            first = False

    def _sentences(self, block: Block, budget: int) -> Iterator[_Unit]:
        """Cut a paragraph at its sentences, code at its lines."""
        prose = block.kind != "code"
        pieces = (
            [(line, part > 0) for text in block.text.split("\n") for part, line in
             enumerate(sentences(text))]
            if prose
            else [(line, False) for line in block.text.split("\n") if line.strip()]
        )  # fmt: skip
        sizes = self._tokens([text for text, _ in pieces])
        for (text, glued), size in zip(pieces, sizes, strict=True):
            if size <= budget:
                yield _Unit(text, size, block.page, prose, glued=glued)
            else:
                yield from self._words(text, block.page, budget)

    def _words(self, text: str, page: int | None, budget: int) -> Iterator[_Unit]:
        """Cut between words, as a last resort within them."""
        words = [word for word in text.split() if word]
        while long := {w for w, size in zip(words, self._tokens(words), strict=True)
                       if size > budget and len(w) > 1}:  # fmt: skip
            words = [
                part
                for word in words
                for part in ((word[: len(word) // 2], word[len(word) // 2 :])
                             if word in long else (word,))
            ]  # fmt: skip
        part: list[str] = []
        held = 0
        for word, size in zip(words, self._tokens(words), strict=True):
            if part and held + size > budget:
                yield _Unit(" ".join(part), held, page)
                part, held = [], 0
            part.append(word)
            held += size
        if part:
            yield _Unit(" ".join(part), held, page)

    def _packed(self, units: Sequence[_Unit], budget: int) -> Iterator[list[_Unit]]:
        """Fill chunks one after the other; the end of a full one is repeated in the next."""
        group: list[_Unit] = []
        held = 0
        for unit in units:
            if group and held + unit.tokens > budget:
                yield group
                group = self._overlap(group, budget - unit.tokens)
                if unit.header:
                    group = [_Unit(unit.header, self._tokens([unit.header])[0], unit.page)]
                held = sum(repeated.tokens for repeated in group)
            group.append(unit)
            held += unit.tokens
        if group:
            yield group

    def _overlap(self, group: Sequence[_Unit], room: int) -> list[_Unit]:
        """Return the last whole sentences of a chunk that fit the overlap."""
        limit = min(self._settings.overlap_tokens, room)
        repeated: list[_Unit] = []
        for position, unit in reversed(list(enumerate(group))):
            if not unit.prose:
                break
            ends = sentences(unit.text)[position == 0 :]  # never a whole chunk
            for sentence in reversed(ends):
                limit -= self._tokens([sentence])[0]
                if limit < 0:
                    return repeated
                if sentence is not ends[-1]:
                    repeated[0] = replace(repeated[0], glued=True)
                size = self._sizes[sentence]
                repeated.insert(0, replace(unit, text=sentence, tokens=size, glued=False))
        return repeated

    def _fitted(self, drafts: Sequence["_Draft"]) -> list[Chunk]:
        """Make chunks of drafts and count them: sums of parts may fall short by a few tokens."""
        chunks = [draft.chunk() for draft in drafts]
        sizes = self._count([passage_text(self._title, piece) for piece in chunks])
        fitted: list[Chunk] = []
        for draft, piece, size in zip(drafts, chunks, sizes, strict=True):
            if size <= self._settings.max_tokens or not (halves := self._halved(draft)):
                fitted.append(replace(piece, tokens=size))
            else:
                fitted.extend(self._fitted(halves))
        return fitted

    def _halved(self, draft: "_Draft") -> list["_Draft"]:
        """Cut a draft that came out too long in two; one word stays as it is."""
        units = draft.units
        if len(units) == 1:
            only = units[0]
            units = tuple(self._words(only.text, only.page, max(1, only.tokens // 2)))
            if len(units) == 1:
                return []
        middle = len(units) // 2
        first, second = units[:middle], units[middle:]
        if header := second[0].header:
            second = (_Unit(header, self._tokens([header])[0], second[0].page), *second)
        return [replace(draft, units=part) for part in (first, second)]


@dataclass(frozen=True, slots=True)
class _Draft:
    """The units of a chunk to be."""

    units: tuple[_Unit, ...]
    headings: tuple[str, ...]

    def chunk(self) -> Chunk:
        text = self.units[0].text
        for unit in self.units[1:]:
            text += f"{' ' if unit.glued else chr(10)}{unit.text}"
        return Chunk(0, text, self.headings, self.units[0].page)


def _breadcrumb(title: str, headings: Sequence[str]) -> str:
    if len(title) > MAX_TITLE:
        title = title[:MAX_TITLE].rsplit(" ", 1)[0] + "…"
    return " › ".join(part for part in (title, *headings) if part)
