"""Completing what is typed: which words of a title or heading begin like it.

Case and diacritics do not matter, and neither does which word is typed first.
"""

import re
from collections.abc import Iterator

from search.lexical.analyzer import fold

LONGEST_PREFIX = 16
"""Letters of a word by which it is found; of a longer one the rest is compared."""

_WORD = re.compile(r"(?:[^\W_]|[\u0300-\u036f])+")  # with the combining marks of decomposed text
_COMBINING = re.compile(r"[\u0300-\u036f]*")


def typed_words(typed: str) -> list[str]:
    """Return the folded words of what is typed; empty when there is nothing to complete."""
    return [fold(word) for word in _WORD.findall(typed)]


def prefixes(*texts: str) -> list[str]:
    """Return every beginning of every word of some texts, folded: `Żar` gives `z`, `za`, `zar`."""
    found = {
        word[:length]
        for text in texts
        for word in typed_words(text)
        for length in range(1, min(len(word), LONGEST_PREFIX) + 1)
    }
    return sorted(found)


def completion(words: list[str], text: str) -> list[tuple[int, int]] | None:
    """Return the character ranges of a text in which words begin as typed.

    Args:
        words: from `typed_words`.
        text: a title or heading.

    Returns:
        Sorted ranges, one for each word typed unless two meet the same letters; None when
        one of the words begins no word of the text.
    """
    found = [next(_beginnings(word, text), None) for word in words]
    ranges = {span for span in found if span is not None}
    return None if None in found else sorted(ranges)


def _beginnings(typed: str, text: str) -> Iterator[tuple[int, int]]:
    for match in _WORD.finditer(text):
        word = match.group()
        if fold(word).startswith(typed):
            length = next(n for n in range(1, len(word) + 1) if fold(word[:n]).startswith(typed))
            end = match.start() + length
            marks = _COMBINING.match(text, end)
            yield match.start(), marks.end() if marks else end
