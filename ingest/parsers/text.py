"""Text as every parser hands it on: decoded, normalised, without invisible characters."""

import codecs
import re
import unicodedata

from charset_normalizer import from_bytes

_INVISIBLE = dict.fromkeys(
    [*range(0x09), 0x0B, *range(0x0E, 0x20), *range(0x7F, 0xA0), 0xAD, 0x200B, 0x2060, 0xFEFF]
)
"""Control characters, soft hyphen, zero-width space, word joiner, byte order mark."""
_LINE_ENDS = dict.fromkeys([0x0C, 0x0D, 0x85, 0x2028, 0x2029], "\n")
_SPACES = dict.fromkeys([0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " ")
_TRANSLATION = {**_INVISIBLE, **_SPACES, **_LINE_ENDS}

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_POLISH = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ")
_CENTRAL = _POLISH | frozenset("áčďéěíňřšťúůýžľĺŕôőűäöüßÁČĎÉĚÍŇŘŠŤÚŮÝŽĽĹŔÔŐŰÄÖÜ")
_WESTERN = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüßÀÁÂÄÅÆÇÈÉÊËÎÏÑÓÔÖØÙÛÜ")
_READINGS = (
    ("cp1250", _POLISH),
    ("iso8859_2", _POLISH),
    ("cp852", _POLISH),
    ("cp1250", _CENTRAL),
    ("iso8859_2", _CENTRAL),
    ("cp1252", _WESTERN),
)
"""Single-byte encodings with the letters that speak for them; earlier ones win a tie."""
_NEUTRAL = frozenset("–—„”…§°«»’‘“•·€×±™©®½²³")
"""Symbols that speak for no language."""


def clean(text: str) -> str:
    """Normalise to NFC, drop invisible characters, fold spaces; line breaks stay."""
    text = text.replace("\r\n", "\n").translate(_TRANSLATION)
    text = unicodedata.normalize("NFC", text)
    for ligature, letters in (("ﬀ", "ff"), ("ﬁ", "fi"), ("ﬂ", "fl"), ("ﬃ", "ffi"), ("ﬄ", "ffl")):
        text = text.replace(ligature, letters)
    return re.sub(r" *\n *", "\n", re.sub(r"[ \t]+", " ", text)).strip()


def one_line(text: str) -> str:
    """Clean a text and join its lines."""
    return " ".join(clean(text).split())


_CONJUNCTION = re.compile(r"(und|oder|bzw\.|i|lub|oraz|and|or)\b")
"""What follows the hyphen of a shortened compound: `Material- und Fertigungsfehler`."""


def continued(text: str, line: str) -> str:
    """Append the next line of a paragraph; a word that was hyphenated becomes whole."""
    if not re.search(r"\w-$", text) or not line[:1].isalnum() or _CONJUNCTION.match(line):
        return f"{text} {line}" if text else line
    parted = line[:1].islower() and re.search(r"[^\W\d_]-$", text)
    return (text[:-1] if parted else text) + line


def decode(data: bytes) -> str:
    """Decode a file of unknown encoding: Unicode if it can be, else by its letters.

    Central European encodings are told apart by which of them yields Polish letters where
    the others yield symbols; anything else is left to charset-normalizer.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_legacy(data)
    return text if "\0" not in text else _decode_wide(data)


def _decode_wide(data: bytes) -> str:
    """Decode UTF-16 or UTF-32 without a byte order mark, by where its zero bytes stand."""
    head = data[: min(len(data), 400) // 4 * 4]
    zeros = [head[place::4].count(0) * 4 > len(head) * 0.6 for place in range(4)]
    if zeros[1:] == [True] * 3 and not zeros[0]:
        return data.decode("utf-32-le", "replace")
    if zeros[:3] == [True] * 3 and not zeros[3]:
        return data.decode("utf-32-be", "replace")
    little = head[1::2].count(0) >= head[::2].count(0)
    return data.decode("utf-16-le" if little else "utf-16-be", "replace")


def _decode_legacy(data: bytes) -> str:
    best, best_score = None, 0
    for encoding, letters in _READINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        score = _score(text, letters)
        if score > best_score:
            best, best_score = text, score
    if best is not None:
        return best
    guess = from_bytes(data).best()
    return str(guess) if guess else data.decode("cp1252", "replace")


def _score(text: str, letters: frozenset[str]) -> int:
    """Count the letters beyond ASCII that speak for a reading, less those that do not.

    A capital inside a word, or a symbol amid letters, is what a wrong reading gives.
    """
    score = 0
    for before, character in zip(" " + text, text, strict=False):
        if character.isascii() or character.isspace() or character in _NEUTRAL:
            continue
        misplaced = before.islower() and character.isupper()
        score += 1 if character in letters and not misplaced else -1
    return score


_TEMPLATE_TITLES = re.compile(
    r"(untitled.*|bez (tytułu|nazwy).*|(powerpoint|word|excel) (presentation|document)"
    r"|prezentacja programu powerpoint|document\d*|dokument\d*|slide ?1|slajd ?1|presentation\d*"
    r"|.+\.(docx?|xlsx?|pptx?|odt|rtf|indd|qxd|pdf|tex|dvi|jpe?g|png|tiff?))?",
    re.IGNORECASE,
)
_PRINTED_FROM = re.compile(r"^Microsoft (Word|Excel|PowerPoint) - ")


def meaningful_title(text: str | None) -> str | None:
    """Return a title that a file declares, unless a program put it there by default."""
    title = _PRINTED_FROM.sub("", one_line(text or ""))
    if _TEMPLATE_TITLES.fullmatch(title) or not any(map(str.isalnum, title)):
        return None
    return title
