"""What a language model claims, held against the passages: quotes to the letter, and no more.

None of it asks a model. A claim is kept when its quote stands in the passage it cites, when
every number, code and address in it stands in the quote or the question, and, in the language
of the passage, when enough of its own words do.
"""

import re
from dataclasses import dataclass

from search.lexical.analyzer import UNDETERMINED, stem, tokens
from search.lexical.coverage import coverage
from search.llms.passages import NEUTRAL

SHORTEST_QUOTE = 2
"""Words, unless a digit is among them: one word stands in any text, and proves nothing."""

_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>\"')\]]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.I)


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer, and the words of a passage that it rests on."""

    text: str
    passage: int
    """Place among the passages given, from 0."""
    quote: str


def find_quote(quote: str, text: str) -> tuple[int, int] | None:
    """Return where a quote stands in a text, whitespace aside; None where it does not.

    Args:
        quote: as the model copied it, tags perhaps defused as it was given them.
        text: of the passage.
    """
    words = quote.split()
    if not _tells(words):
        return None
    pattern = r"\s+".join(re.escape(word).replace(NEUTRAL, f"[<{NEUTRAL}]") for word in words)
    match = re.search(pattern, text)
    return match.span() if match else None


def is_supported(
    claim: str, quote: str, query: str, language: str, *, same_language: bool, share: float
) -> bool:
    """Tell whether a claim says no more than its quote.

    Args:
        claim: the sentence.
        quote: that stands in the passage.
        query: the question, whose words a claim may repeat.
        language: of the passage.
        same_language: whether the claim is written in it.
        share: of the claim's words beyond the question's, by length, that the quote must hold.
    """
    known = f"{quote}\n{query}"
    if not claim.strip() or not _figures(claim) <= _figures(known):
        return False
    if any(address.casefold() not in known.casefold() for address in _ADDRESS.findall(claim)):
        return False
    own = _beyond(claim, query, language)
    return not (same_language and own) or coverage(own, quote, language) >= share


def _tells(words: list[str]) -> bool:
    return len(words) >= SHORTEST_QUOTE or any(c.isdigit() for word in words for c in word)


def _figures(text: str) -> set[str]:
    """Return the numbers and codes of a text."""
    return {
        token.exact or text[token.start : token.end]
        for token in tokens(text)
        if token.exact or any(c.isdigit() for c in text[token.start : token.end])
    }


def _beyond(claim: str, query: str, language: str) -> str:
    """Return the words of a claim that are not the question's."""
    asked = {
        stem(query[token.start : token.end], spoken)
        for token in tokens(query, query=True)
        if not token.exact
        for spoken in (language, UNDETERMINED)
    }
    words = (claim[token.start : token.end] for token in tokens(claim) if not token.exact)
    return " ".join(word for word in words if stem(word, language) not in asked)
