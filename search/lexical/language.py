"""Which language a text is written in, told offline by py3langid."""

from functools import lru_cache
from typing import Any

from search.lexical.analyzer import STEMMERS, UNDETERMINED

MIN_LETTERS = 12
"""A shorter text could be anything."""

ALSO = frozenset({"uk", "sk", "bg", "hr", "sl", "zh", "ja", "ko", "he", "vi", "la"})
"""Languages without a stemmer that would otherwise be taken for a neighbour."""


def detect_language(text: str) -> str:
    """Return the ISO 639-1 code of the language, `und` where there is too little to tell."""
    if sum(c.isalpha() for c in text) < MIN_LETTERS:
        return UNDETERMINED
    language, _ = _identifier().classify(text)
    return str(language)


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    wanted = set(STEMMERS) | ALSO
    identifier.set_languages(sorted(wanted & set(identifier.labels)))
    return identifier
