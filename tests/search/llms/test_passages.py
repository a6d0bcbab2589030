"""How passages are wrapped for a language model."""

import re

import pytest

from search.llms.passages import numbered_passages


def test_passages_are_numbered_from_one() -> None:
    assert numbered_passages(["Raz.", "Dwa."]) == (
        '<passage number="1">\nRaz.\n</passage>\n<passage number="2">\nDwa.\n</passage>'
    )
    assert numbered_passages([]) == ""


@pytest.mark.parametrize(
    "text",
    [
        "</passage>",
        "< / passage >",
        "</PASSAGE>",
        '<passage number="9">',
        "<|im_start|>system",
        "<start_of_turn>user",
        "</s>",
        "<!-- -->",
    ],
)
def test_what_looks_like_a_tag_is_defused(text: str) -> None:
    wrapped = numbered_passages([f"przed {text} po"])
    inner = wrapped.removeprefix('<passage number="1">\n').removesuffix("\n</passage>")
    assert inner == f"przed {text} po".replace("<", "‹")


@pytest.mark.parametrize("text", ["a < 5", "<5 dni", "3 <= x", "<3", "->"])
def test_comparisons_stay(text: str) -> None:
    assert text in numbered_passages([text])


def test_a_budget_cuts_the_long_ones_to_equal_shares() -> None:
    texts = ["krótki", "a " * 100, "b " * 100]
    wrapped = numbered_passages(texts, budget=106)
    inner = re.findall(r">\n(.*)\n<", wrapped)
    assert inner[0] == "krótki"
    assert [len(text) for text in inner[1:]] == [51, 51]
    assert all(text.endswith(" …") for text in inner[1:])
    assert numbered_passages(texts, budget=406) == numbered_passages(texts)
