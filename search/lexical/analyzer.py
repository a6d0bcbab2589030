"""From text to terms: words become stems of their language, codes stay findable as a whole.

Stems come from Snowball (snowballstem.org) through PyStemmer. Diacritics are folded after
stemming, so that a query typed without them meets the same terms. A code such as `F-17`,
`PN-EN 50110-1`, `ISO 9001` or an e-mail address yields one extra *exact* term whatever its
separators, next to the terms of its parts.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import Stemmer

ANALYZER_VERSION = "1"
"""Part of every index's identity: raise it when the same text may get other terms."""

UNDETERMINED = "und"

STEMMERS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german",
    "el": "greek", "en": "english", "eo": "esperanto", "es": "spanish", "et": "estonian",
    "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi",
    "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian",
    "lt": "lithuanian", "ne": "nepali", "nl": "dutch", "no": "norwegian", "pl": "polish",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish",
    "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
"""Snowball algorithm of each ISO 639-1 language that has one."""

_EMAIL = r"[\w.+-]+@\w[\w-]*(?:\.[\w-]+)+"
_COMPOUND = r"\w+(?:[-/._]\w+)*"
_TOKEN = re.compile(rf"(?P<email>{_EMAIL})|{_COMPOUND}")
_SEPARATOR = re.compile(r"[-/._]")
_ONE_LETTER_WORDS = frozenset("aiouwz")
"""Polish and English words, which a number may follow by chance (`w 2023`)."""

_UNFOLDABLE = str.maketrans(
    {"ł": "l", "ß": "ss", "đ": "d", "ø": "o", "æ": "ae", "œ": "oe"}
    | {"Ł": "L", "ẞ": "SS", "Đ": "D", "Ø": "O", "Æ": "AE", "Œ": "OE"}
)
"""Letters that Unicode does not decompose."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word or code in a text."""

    start: int
    end: int
    """Character offsets, end exclusive."""
    exact: str | None = None
    """The term of a whole code or address; None for a word."""


def fold(word: str) -> str:
    """Casefold and strip diacritics: `Zażółć` becomes `zazolc`."""
    return strip_diacritics(word.casefold())


def strip_diacritics(text: str) -> str:
    """Write a text with plain letters, as people type in a hurry: `Łódź` becomes `Lodz`."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.translate(_UNFOLDABLE))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def tokens(text: str, *, query: bool = False) -> Iterator[Token]:
    """Yield the words and codes of a text; codes overlap the words they consist of.

    In a document only a word in capitals announces a code (`ISO 9001`); in a query, which
    people type in lower case, any short word may.
    """
    previous: re.Match[str] | None = None
    for match in _TOKEN.finditer(text):
        whole = match.group()
        if match["email"]:
            yield Token(*match.span(), exact=whole.casefold())
        elif code := _code(whole):
            yield Token(*match.span(), exact=code)
        if (
            previous is not None
            and whole[0].isdigit()
            and text[previous.end() : match.start()] == " "
            and _announces_code(previous.group(), query)
        ):
            phrase = _canonical(f"{previous.group()}-{whole}")
            yield Token(previous.start(), match.end(), exact=phrase)
        for part in re.finditer(r"[^\W_]+", whole):
            yield Token(match.start() + part.start(), match.start() + part.end())
        previous = match


def terms(text: str, language: str) -> list[str]:
    """Return the terms of a document's text, with repetitions.

    Args:
        text: any text.
        language: ISO 639-1 code; a language without a stemmer keeps its words whole.
    """
    text = unicodedata.normalize("NFC", text)
    return [
        exact_term(token.exact) if token.exact else stem(text[token.start : token.end], language)
        for token in tokens(text)
    ]


def exact_term(code: str) -> str:
    """Return the term of a code; the mark keeps it apart from a word spelled alike."""
    return f"={code}"


@lru_cache(maxsize=200_000)
def stem(word: str, language: str) -> str:
    """Return the folded stem of one word."""
    stemmer = _stemmer(language)
    word = word.casefold()
    return fold(stemmer.stemWord(word) if stemmer and not word.isdigit() else word)


@lru_cache(maxsize=len(STEMMERS) + 1)
def _stemmer(language: str) -> Stemmer.Stemmer | None:
    return Stemmer.Stemmer(STEMMERS[language]) if language in STEMMERS else None


def _code(whole: str) -> str | None:
    """Return the canonical form of a token that is a code, e.g. `F-17`, `A4`, `50110-1`, `74120`.

    Plain numbers under five digits are quantities or years far more often than codes.
    """
    if not any(c.isdigit() for c in whole):
        return None
    if whole.isdigit():
        return whole if len(whole) >= 5 else None
    return _canonical(whole)


def _canonical(code: str) -> str:
    """Fold a code: separators vanish beside a letter and become `-` between digits."""
    parts = [fold(part) for part in _SEPARATOR.split(code) if part]
    joined = parts[0]
    for part in parts[1:]:
        joined += f"-{part}" if joined[-1].isdigit() and part[0].isdigit() else part
    return joined


def _announces_code(word: str, query: bool) -> bool:
    """Tell whether a number after this word belongs to it: `ISO 9001`, `PN-EN 50110`, `F 17`."""
    letters = word.replace("-", "")
    return (
        letters.isalpha()
        and len(letters) <= 6
        and letters.casefold() not in _ONE_LETTER_WORDS
        and (query or letters.isupper())
    )
