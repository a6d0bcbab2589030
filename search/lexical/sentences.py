"""Where sentences end, in Polish, English and German prose."""

import re

ABBREVIATIONS = {
    "pl": "al art bd cd cdn dł dot dr ds dyr godz gr hab im in inż itd itp jedn kier kl km lek lic "
    "lit m.in mgr min mjr mln n.e nr np nt os oś p pkt pl płk płn poz prof przyp r red rozdz s "
    "sek sp str sygn szt św t tab tel tj tys tzn tzw ul ust w wew wg wł woj ww z zob",
    "en": "approx co corp dept e.g ed eg etc fig i.e ie inc jr ltd mr mrs ms no pp sr st vol vs",
    "de": "abs bspw bzgl bzw ca d.h dipl evtl ggf hr fr inkl nr o.ä s.o s.u sog str u.a usw vgl "
    "z.b z.t zzgl",
}
_ABBREVIATED = frozenset(word for words in ABBREVIATIONS.values() for word in words.split())

_END = re.compile(r"(?<=[.!?…])[\"”»’)\]]*\s+(?=[\"„«(\[]?[^\W_])")


def sentences(text: str) -> list[str]:
    """Cut prose into sentences; line breaks end one too.

    A full stop after an abbreviation, an initial or an ordinal number ends none, and neither
    does one that is followed by a lower-case word.
    """
    return [text[start:end] for start, end in sentence_spans(text)]


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return where the sentences of a text lie: (start, end) without the space around them."""
    found: list[tuple[int, int]] = []
    offset = 0
    for line in text.split("\n"):
        start = 0
        for match in _END.finditer(line):
            if not _inside(line[start : match.start()], line[match.end() :]):
                found.append((offset + start, offset + match.end()))
                start = match.end()
        found.append((offset + start, offset + len(line)))
        offset += len(line) + 1
    return [span for span in (_trimmed(text, *span) for span in found) if span[0] < span[1]]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    inner = text[start:end]
    return start + len(inner) - len(inner.lstrip()), end - len(inner) + len(inner.rstrip())


def _inside(before: str, after: str) -> bool:
    """Tell whether the full stop between these two stands inside a sentence."""
    if before[-1:] != ".":
        return False
    if after[:1].islower():
        return True
    words = before[:-1].split()
    last = words[-1].lstrip('("„[') if words else ""
    return last.casefold() in _ABBREVIATED or (len(last) == 1 and last.isalpha()) or last.isdigit()
