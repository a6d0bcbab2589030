"""Reading JSON that is still being written."""

import json

import pytest

from search.answerers.drafts import DraftReader

TEXT = 'Zażółć „gęślą” "jaźń" 😀\nkoniec'


@pytest.mark.parametrize("ascii", [True, False])
@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_pieces_add_up_to_the_claims(size: int, ascii: bool) -> None:
    claims = [{"passage": 1, "quote": "\\n {", "text": text} for text in (TEXT, "Drugie.")]
    whole = json.dumps({"answerable": True, "claims": claims}, ensure_ascii=ascii)
    draft = DraftReader()
    pieces = [draft.read(whole[start : start + size]) for start in range(0, len(whole), size)]
    assert "".join(pieces) == f"{TEXT} Drugie."


@pytest.mark.parametrize(
    "written",
    ["", "I cannot", "[1, 2]", '"text"', '{"claims": "text"}', '{"claims": ["x", {"text": 1}]}'],
)
def test_what_is_no_reply_adds_nothing(written: str) -> None:
    draft = DraftReader()
    assert [draft.read(character) for character in written] == [""] * len(written)
