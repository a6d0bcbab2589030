"""Which words of a passage a query meets, inflection and diacritics aside."""

from search.lexical.analyzer import UNDETERMINED, stem, tokens


def matching_spans(query: str, text: str, language: str) -> list[tuple[int, int]]:
    """Return the character ranges of the words in `text` that share a stem with the query.

    Args:
        query: as typed.
        text: the passage, in Unicode NFC.
        language: of the passage; the query's words are stemmed likewise.

    Returns:
        Sorted, disjoint (start, end) pairs; words of one or two letters do not count.
    """
    wanted: set[str] = set()
    codes: set[str] = set()
    for token in tokens(query, query=True):
        word = query[token.start : token.end]
        if token.exact:
            codes.add(token.exact)
        elif len(word) > 2:
            wanted |= {stem(word, language), stem(word, UNDETERMINED)}
    spans = []
    for token in tokens(text):
        if token.exact:
            met = token.exact in codes
        else:
            word = text[token.start : token.end]
            met = len(word) > 2 and stem(word, language) in wanted
        if met:
            spans.append((token.start, token.end))
    return _merge(spans)


def _merge(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def best_window(text: str, spans: list[tuple[int, int]], length: int) -> tuple[int, int]:
    """Return the stretch of a text, about `length` characters, that holds most marked words.

    It starts and ends between words; without marks it is the beginning of the text. Of a mark
    that fills more than half of it, the beginning counts.
    """
    if len(text) <= length:
        return 0, len(text)
    spans = [(start, min(end, start + length // 2)) for start, end in spans]
    starts = [0, *(max(0, start - length // 6) for start, _ in spans)]
    start = max(starts, key=lambda s: (sum(s <= a and b <= s + length for a, b in spans), -s))
    start = min(start, len(text) - length)
    end = start + length
    if start > 0 and (space := text.find(" ", start)) != -1 and space < end:
        start = space + 1
    if end < len(text) and (space := text.rfind(" ", start, end)) > start:
        end = space
    return start, end


def within(spans: list[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """Return what of some marks lies in a stretch of their text, in offsets of the text."""
    cut = [(max(first, start), min(last, end)) for first, last in spans]
    return [(first, last) for first, last in cut if first < last]
