"""Documents in groups large enough to batch well and small enough to hold in memory."""

from collections.abc import Iterable, Iterator

from ingest.indexer import PreparedDocument

WINDOW_CHUNKS = 256
"""Chunks embedded together: enough to sort by length; what a killed run may lose."""


def windows(documents: Iterable[PreparedDocument]) -> Iterator[list[PreparedDocument]]:
    """Gather whole documents until they hold `WINDOW_CHUNKS` chunks; a huge one goes alone."""
    window: list[PreparedDocument] = []
    held = 0
    for document in documents:
        window.append(document)
        held += len(document.chunks)
        if held >= WINDOW_CHUNKS:
            yield window
            window, held = [], 0
    if window:
        yield window
