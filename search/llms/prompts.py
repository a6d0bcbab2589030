"""How models are asked about passages: rules, then numbered passages, then the query."""

from collections.abc import Sequence

from search.lexical.analyzer import UNDETERMINED
from search.lexical.language import detect_language
from search.llms.base import Message
from search.llms.passages import neutralized, numbered_passages


def language_of(query: str, otherwise: str) -> str:
    """Return the language of a query.

    Args:
        query: as typed.
        otherwise: what it is taken for when it is too short to tell.
    """
    language = detect_language(query)
    return otherwise if language == UNDETERMINED else language


def about_passages(
    rules: str, label: str, query: str, texts: Sequence[str], budget: int
) -> tuple[Message, ...]:
    """Put passages and a query under rules; neither can pass for rules.

    Args:
        rules: what is to be done.
        label: the word for a query.
        query: as typed.
        texts: of the passages, best first.
        budget: characters of all passages together.
    """
    asked = f"{numbered_passages(texts, budget=budget)}\n\n{label}: {neutralized(query)}"
    return (Message("system", rules), Message("user", asked))
