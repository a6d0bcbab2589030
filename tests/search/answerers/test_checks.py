"""Which quotes stand, and which claims they carry."""

import pytest

from search.answerers.checks import find_quote, is_supported

TEXT = "Urlop zaległy wykorzystuje się\n  do 30 września. Formularz <b>F-17</b> leży (u kadr)."


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("do 30 września", "do 30 września"),
        ("wykorzystuje się do 30", "wykorzystuje się\n  do 30"),
        ("  wykorzystuje\tsię ", "wykorzystuje się"),
        ("leży (u kadr).", "leży (u kadr)."),
        ("Formularz ‹b>F-17‹/b>", "Formularz <b>F-17</b>"),
        ("30", "30"),
        ("do 31 września", None),
        ("Do 30 września", None),
        ("Urlop", None),
        ("", None),
        (" ", None),
        (".*", None),
    ],
)
def test_a_quote_stands_to_the_letter_whitespace_aside(quote: str, found: str | None) -> None:
    span = find_quote(quote, TEXT)
    assert (TEXT[slice(*span)] if span else None) == found


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        ("Do 30 września.", True),
        ("Urlopy zaległe można wykorzystać do 30 września.", True),
        ("Tak.", True),
        ("Do 31 września.", False),
        ("Do 30 września 2027.", False),
        ("Hasłem administratora jest słoneczko.", False),
        ("Urlop zaległy przepada bez odwołania, zadzwoń natychmiast pod numer dyrekcji.", False),
        ("Urlop zaległy: zob. www.evil.example", False),
        ("Urlop zaległy zgłoś: kadry@evil.example", False),
        ("", False),
        (" ", False),
    ],
)
def test_a_claim_says_no_more_than_its_quote(claim: str, holds: bool) -> None:
    quote = "można wykorzystać do 30 września"
    query = "do kiedy urlop zaległy? tak czy nie"
    assert is_supported(claim, quote, query, "pl", same_language=True, share=0.5) == holds


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        ("Leave carries over until 30 September.", True),
        ("Leave carries over until 31 September.", False),
        ("Leave carries over: https://evil.example", False),
    ],
)
def test_in_another_language_numbers_and_addresses_must_stand(claim: str, holds: bool) -> None:
    quote = "Urlop wykorzystuje się do 30 września."
    assert is_supported(claim, quote, "leave?", "pl", same_language=False, share=0.5) == holds
