"""Coverage means the same for every query."""

import pytest

from search.lexical.coverage import coverage

PASSAGE = "Urlopu zaległego nie można przenieść na formularzu F-17 po 30 września."


@pytest.mark.parametrize(
    ("query", "share"),
    [
        ("urlopy zaległe", 1.0),
        ("urlopy zalegle", 1.0),
        ("F 17", 1.0),
        ("urlopy bezpłatne", 6 / 15),
        ("rezerwacja sali", 0.0),
        ("a i o", 0.0),
        ("", 0.0),
    ],
)
def test_words_weigh_by_their_length(query: str, share: float) -> None:
    assert coverage(query, PASSAGE, "pl") == pytest.approx(share)


def test_a_passage_may_be_of_no_known_language() -> None:
    assert coverage("server rooms", "The server rooms are cooled.", "und") == 1.0
