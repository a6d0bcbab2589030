"""Suggestions from the payload of the index: what to look up, and how to rank what is found.

The payload keeps every beginning of every word of titles and headings as a keyword, so that a
look-up costs one posting list for each word typed, under the same filter as every other read.
Of very many that fit (one letter typed) the first `POOL` are ranked, not all.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from search.domain import Principal, Suggestion, SuggestionKind
from search.filters import Match
from search.lexical.completion import LONGEST_PREFIX, completion, typed_words
from search.stores.conditions import permitted

POOL = 100
"""Titles, and passages with their headings, that are looked at."""

SUGGESTION_FIELDS = ("document", "path", "title", "section")
"""What `ranked` reads of a payload."""

Payload = Mapping[str, Any]


def lookups(typed: str, principal: Principal) -> tuple[Any, Any] | None:
    """Return what finds titles, and what finds headings; None when no word is typed yet."""
    words = [word[:LONGEST_PREFIX] for word in typed_words(typed)]
    if not words:
        return None
    titles = permitted(principal, _all("title_prefixes", words), index=0)
    return titles, permitted(principal, _all("section_prefixes", words))


def ranked(
    typed: str, titles: Iterable[Payload], passages: Iterable[Payload], limit: int
) -> list[Suggestion]:
    """Choose and order suggestions; a text is suggested once, however often it occurs.

    Those that begin as typed come first, then titles before headings, then the shorter.

    Args:
        typed: so far.
        titles: payloads of documents that were looked up.
        passages: payloads of passages that were looked up.
        limit: how many.
    """
    words = typed_words(typed)
    found: dict[str, Suggestion] = {}
    for payload in titles:
        _collect(found, words, payload["title"], "title", payload)
    for payload in passages:
        for heading in payload.get("section", ()):
            _collect(found, words, heading, "heading", payload)
    return sorted(found.values(), key=_rank)[:limit]


def _all(field: str, words: list[str]) -> All:
    return All(tuple(Match(field, (word,)) for word in words))


def _collect(
    found: dict[str, Suggestion],
    words: list[str],
    text: str,
    kind: SuggestionKind,
    payload: Payload,
) -> None:
    marks = completion(words, text)
    known = found.get(text.casefold())
    if marks is None or (known is not None and (known.kind, known.path) <= (kind, payload["path"])):
        return
    found[text.casefold()] = Suggestion(
        text, kind, tuple(marks), payload["document"], payload["path"]
    )


def _rank(suggestion: Suggestion) -> tuple[bool, bool, int, str]:
    return (
        suggestion.marks[0][0] > 0,
        suggestion.kind == "heading",
        len(suggestion.text),
        suggestion.text,
    )
