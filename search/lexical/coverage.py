"""How much of a query's words stand in a passage, inflection and diacritics aside."""

from search.lexical.analyzer import UNDETERMINED, stem, tokens

SHORTEST = 3
"""Letters: shorter words are particles in most languages, and stand everywhere."""


def coverage(query: str, text: str, language: str) -> float:
    """Return the share of a query's words that a passage holds, from 0 to 1.

    Words weigh by their length, so that no list of stop words is needed for each language: what
    a question turns on is rarely short. Codes count whole.

    Args:
        query: as typed.
        text: the passage.
        language: of the passage; the query's words are stemmed likewise.
    """
    held: set[str] = set()
    codes: set[str] = set()
    for token in tokens(text):
        if token.exact:
            codes.add(token.exact)
        else:
            held.add(stem(text[token.start : token.end], language))
    met = total = 0
    for token in tokens(query, query=True):
        word = query[token.start : token.end]
        if len(word) < SHORTEST:
            continue
        total += len(word)
        if token.exact:
            met += len(word) * (token.exact in codes)
        else:
            met += len(word) * any(
                stem(word, spoken) in held for spoken in (language, UNDETERMINED)
            )
    return met / total if total else 0.0
