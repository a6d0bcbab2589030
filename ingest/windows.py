"""Chunks in groups large enough to batch well and small enough to hold in memory."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

WINDOW_CHUNKS = 512
"""Chunks embedded together: enough to sort by length; what a killed run may lose."""
FIRST_WINDOW = 64
"""The first window is small, so that embedding begins early; each next one is twice as large."""


class _Cut(Protocol):
    @property
    def chunks(self) -> Sequence[object]: ...


Doc = TypeVar("Doc", bound=_Cut)


@dataclass(slots=True)
class Window(Generic[Doc]):
    """Chunks to embed together; they may begin, continue or end documents."""

    pieces: list[tuple[Doc, int]] = field(default_factory=list)
    """Documents, and which chunk of each."""
    complete: list[Doc] = field(default_factory=list)
    """Documents whose last chunk is here."""


def windows(
    documents: Iterable[Doc], most: int = WINDOW_CHUNKS, first: int = FIRST_WINDOW
) -> Iterator[Window[Doc]]:
    """Deal the chunks of documents out into windows.

    Args:
        documents: cut into chunks.
        most: chunks of a window; the last may be smaller.
        first: chunks of the first window, which double from one to the next.
    """
    size = min(first, most)
    window: Window[Doc] = Window()
    for document in documents:
        for index in range(len(document.chunks)):
            if len(window.pieces) == size:
                yield window
                window = Window()
                size = min(2 * size, most)
            window.pieces.append((document, index))
        window.complete.append(document)
    if window.pieces or window.complete:
        yield window
