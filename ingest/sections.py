"""The sections of a document: blocks under the same headings."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.parsers.base import Block


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under the same headings."""

    headings: tuple[str, ...]
    """Outermost first, without the document's title."""
    blocks: tuple[Block, ...]
    """At least one."""
    opens: bool = False
    """It is the first one under an outer heading."""


def sections(blocks: Sequence[Block], title: str) -> Iterator[Section]:
    """Group blocks by the headings above them.

    A heading with nothing under it becomes the first line of the section that follows, or
    the last line of the document. The breadcrumb begins with the title: a first heading
    that says the same is left out.

    Args:
        blocks: in reading order.
        title: of the document.
    """
    stack: list[Block] = []
    orphans: list[Block] = []  # headings that nothing stood under, for the next section
    held: list[Block] = []
    fresh: set[int] = set()  # headings of the stack that no section has been given yet

    def section() -> Section:
        texts = [heading.text for heading in stack]
        if texts and texts[0].casefold() == title.casefold():
            texts = texts[1:]
        opens = len(fresh & {id(heading) for heading in stack}) > 1
        fresh.clear()
        return Section(tuple(texts), (*orphans, *held), opens)

    for block in blocks:
        if block.kind != "heading":
            held.append(block)
            continue
        if held:
            yield section()
            held, orphans = [], []
        while stack and stack[-1].level >= block.level:
            closed = stack.pop()
            if id(closed) in fresh and closed.text.casefold() != title.casefold():
                orphans.append(replace(closed, kind="text", level=0))
        stack.append(block)
        fresh.add(id(block))
    if held:
        yield section()
        return
    bare = [heading for heading in stack if id(heading) in fresh]
    last = [replace(heading, kind="text", level=0) for heading in [*orphans, *bare]]
    if last:
        above = [h.text for h in stack if id(h) not in fresh]
        if above and above[0].casefold() == title.casefold():
            above = above[1:]
        yield Section(tuple(above), tuple(last))


def merge_tiny(
    found: Sequence[Section], size: Callable[[Section], int], limit: int
) -> list[Section]:
    """Join tiny neighbouring sections under one parent; their own headings become text.

    Args:
        found: sections in reading order.
        size: counts the tokens of a section's blocks.
        limit: sections smaller than this are tiny, and so must be what they are joined to,
            up to three times that.
    """
    merged: list[Section] = []
    parents: list[tuple[str, ...]] = []  # of the own headings of each merged section
    held = 0
    for section in found:
        parent, tokens = section.headings[:-1], size(section)
        fits = tokens < limit and held < limit * 3
        if merged and section.headings and parents[-1] == parent and fits:
            if merged[-1].headings != parent:
                merged[-1] = _dissolved(merged[-1])
            both = (*merged[-1].blocks, *_dissolved(section).blocks)
            merged[-1] = replace(merged[-1], blocks=both)
            held += tokens
        else:
            merged.append(section)
            parents.append(parent if section.headings else ("",))
            held = tokens if tokens < limit else limit * 3
    return merged


def _dissolved(section: Section) -> Section:
    """Put a section under its parent, its own heading as the first line of its text."""
    heading = Block("text", section.headings[-1], page=section.blocks[0].page)
    return replace(section, headings=section.headings[:-1], blocks=(heading, *section.blocks))
