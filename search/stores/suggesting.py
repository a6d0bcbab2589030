"""Suggestions from the payload of the index: what to look up, and how to rank what is found.

The payload keeps every beginning of every word of titles and headings as a keyword, so that a
look-up costs one posting list for each word typed, under the same filter as every other read.
Of very many that fit (one letter typed) the first `POOL` are ranked, not all.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from search.domain import Principal, Suggestion, SuggestionKind
from search.filters import All, Match
from search.lexical.completion import LONGEST_PREFIX, completion, typed_words
from search.stores.conditions import permitted

POOL = 100
"""Titles, and passages with their headings, that are looked at."""

SUGGESTION_FIELDS = ("document", "path", "title", "section")
"""What is read of a payload."""

Payload = Mapping[str, Any]


def suggestions(
    typed: str, principal: Principal, limit: int, look_up: Callable[[All], Iterable[Payload]]
) -> list[Suggestion]:
    """Choose and order suggestions; a text is suggested once, however often it occurs.

    Those that begin as typed come first, then titles before headings, then the shorter.

    Args:
        typed: so far.
        principal: who types.
        limit: how many suggestions.
        look_up: returns the payloads of at most `POOL` chunks that satisfy an expression, with
            `SUGGESTION_FIELDS` at least.
    """
    words = typed_words(typed)
    if not words:
        return []
    found: dict[str, Suggestion] = {}
    for payload in look_up(permitted(principal, _all("title_prefixes", words), index=0)):
        _collect(found, words, payload["title"], "title", payload)
    for payload in look_up(permitted(principal, _all("section_prefixes", words))):
        for heading in payload["section"]:
            _collect(found, words, heading, "heading", payload)
    return sorted(found.values(), key=_rank)[:limit]


def _all(field: str, words: list[str]) -> All:
    return All(tuple(Match(field, (word[:LONGEST_PREFIX],)) for word in words))


def _collect(
    found: dict[str, Suggestion],
    words: list[str],
    text: str,
    kind: SuggestionKind,
    payload: Payload,
) -> None:
    marks, path = completion(words, text), payload["path"]
    known = found.get(text.casefold())
    better = known is None or (known.kind == kind and path < known.path)
    if marks is not None and better:
        found[text.casefold()] = Suggestion(text, kind, tuple(marks), payload["document"], path)


def _rank(suggestion: Suggestion) -> tuple[bool, bool, int, str]:
    return (
        suggestion.marks[0][0] > 0,
        suggestion.kind == "heading",
        len(suggestion.text),
        suggestion.text,
    )
