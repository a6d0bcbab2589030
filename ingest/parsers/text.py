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
_CENTRAL_EUROPEAN = ("cp1250", "iso8859_2", "cp852")


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
    head = data[:400]
    zeros = [head[place::4].count(0) for place in range(4)]
    if sum(count * 4 > len(head) * 0.6 for count in zeros) >= 2 and len(data) % 4 == 0:
        if zeros[0] == min(zeros):
            return data.decode("utf-32-le", "replace")
        if zeros[3] == min(zeros):
            return data.decode("utf-32-be", "replace")
    little = zeros[1] + zeros[3] >= zeros[0] + zeros[2]
    return data.decode("utf-16-le" if little else "utf-16-be", "replace")


def _decode_legacy(data: bytes) -> str:
    readings = {}
    for encoding in _CENTRAL_EUROPEAN:
        try:
            readings[encoding] = data.decode(encoding)
        except UnicodeDecodeError:
            continue
    scores = {encoding: _polish_score(text) for encoding, text in readings.items()}
    best = max(scores, key=lambda encoding: scores[encoding], default=None)
    if best and scores[best] > 0:
        return readings[best]
    guess = from_bytes(data).best()
    return str(guess) if guess else data.decode("cp1252", "replace")


def _polish_score(text: str) -> int:
    """Count Polish letters among those beyond ASCII, less everything that is not Polish."""
    beyond = [c for c in text if not c.isascii() and not c.isspace() and c not in "–—„”…§°«»’‘“"]
    return sum(1 if c in _POLISH else -1 for c in beyond)
