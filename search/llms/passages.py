"""Passages as a language model is given them: numbered, delimited, unable to end themselves."""

import re
from collections.abc import Sequence

_OPENING = re.compile(r"<(?=[\s/]*[^\W\d_]|[|/!?])")
"""What begins a tag or a control token of a chat template (`<|im_start|>`, `</passage>`)."""

NEUTRAL = "‹"
"""Stands for `<` where that would begin a tag."""


def numbered_passages(texts: Sequence[str], *, budget: int | None = None) -> str:
    """Wrap passages, each as `<passage number="1">…</passage>`, numbered from 1.

    Args:
        texts: best first. Whatever looks like a tag in them is defused.
        budget: characters that all texts together may take; when they take more, long ones are
            cut to equal shares, at a space. None for no limit.
    """
    share = _share([len(text) for text in texts], budget)
    wrapped = (
        f'<passage number="{number}">\n{neutralized(_cut(text, share))}\n</passage>'
        for number, text in enumerate(texts, 1)
    )
    return "\n".join(wrapped)


def neutralized(text: str) -> str:
    """Take from a text what could end a passage, or pass for a turn of the conversation."""
    return _OPENING.sub(NEUTRAL, text)


def _share(lengths: Sequence[int], budget: int | None) -> int:
    """Return the length to which passages are cut so that all of them fit."""
    if budget is None or sum(lengths) <= budget:
        return max(lengths, default=0)
    left, share = budget, 0
    for place, length in enumerate(sorted(lengths)):
        share = left // (len(lengths) - place)
        if length > share:
            break
        left -= length
    return share


def _cut(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    cut = text[:length]
    return (cut[:space] if (space := cut.rfind(" ")) > length // 2 else cut) + " …"
