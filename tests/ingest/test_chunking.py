import random
from collections.abc import Sequence

import pytest

from ingest.chunking import chunk, passage_text
from ingest.parsers.base import Block, BlockKind, ParsedDocument
from search.domain import Chunk
from search.settings import ChunkingSettings


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def cut(*blocks: Block, title: str = "", tokens: int = 32, overlap: int = 0) -> list[Chunk]:
    settings = ChunkingSettings(max_tokens=tokens, overlap_tokens=overlap)
    return chunk(ParsedDocument(blocks), count_words, settings, title)


def words(count: int, start: int = 0) -> str:
    return " ".join(f"w{number}" for number in range(start, start + count))


def heading(text: str, level: int = 1, page: int | None = None) -> Block:
    return Block("heading", text, level=level, page=page)


def paragraph(text: str, page: int | None = None) -> Block:
    return Block("text", text, page=page)


def test_breadcrumb_is_title_and_headings() -> None:
    piece = Chunk(0, "tekst", ("Urlop", "Wymiar"))
    assert passage_text("Regulamin", piece) == "Regulamin › Urlop › Wymiar\ntekst"
    assert passage_text("", Chunk(0, "tekst")) == "tekst"


def test_first_heading_that_equals_the_title_is_said_once() -> None:
    (piece,) = cut(heading("Regulamin"), paragraph(words(20)), title="Regulamin")
    assert piece.section == ()
    assert passage_text("Regulamin", piece).startswith("Regulamin\nw0")


def test_section_that_fits_is_one_chunk_with_its_page_and_tokens() -> None:
    (piece,) = cut(
        heading("Urlop", page=3), paragraph(words(5), page=3), paragraph(words(6), page=4)
    )
    assert piece == Chunk(0, f"{words(5)}\n{words(6)}", ("Urlop",), page=3, tokens=1 + 5 + 6)


def test_chunk_does_not_cross_a_heading() -> None:
    found = cut(heading("A"), paragraph(words(10)), heading("B"), paragraph(words(10)))
    assert [piece.section for piece in found] == [("A",), ("B",)]
    assert [piece.index for piece in found] == [0, 1]


def test_nested_headings_stack_and_unwind() -> None:
    found = cut(
        heading("A"), heading("A1", 2), paragraph(words(9)),
        heading("A2", 2), paragraph(words(9)), heading("B"), paragraph(words(9)),
    )  # fmt: skip
    assert [piece.section for piece in found] == [("A", "A1"), ("A", "A2"), ("B",)]


def test_tiny_siblings_merge_under_their_parent_with_their_headings_as_text() -> None:
    # 32 // 10 = 3: sections below three words are tiny, together at most 9 + 2 words
    found = cut(
        heading("A"), heading("x", 2), paragraph("raz"), heading("y", 2), paragraph("dwa"),
        heading("z", 2), paragraph("trzy"), heading("big", 2), paragraph(words(20)),
    )  # fmt: skip
    assert [(piece.section, piece.text) for piece in found] == [
        (("A",), "x\nraz\ny\ndwa\nz\ntrzy"),
        (("A", "big"), words(20)),
    ]


def test_heading_with_nothing_under_it_joins_what_follows() -> None:
    found = cut(heading("Pusty"), heading("Pełny"), paragraph(words(10)))
    assert [(piece.section, piece.text) for piece in found] == [(("Pełny",), f"Pusty\n{words(10)}")]


def test_last_heading_with_nothing_under_it_is_kept() -> None:
    found = cut(heading("A"), paragraph(words(10)), heading("Załączniki"))
    assert [piece.text for piece in found] == [words(10), "Załączniki"]


def test_document_of_headings_only() -> None:
    (piece,) = cut(heading("A"), heading("B", 2), title="T")
    assert piece.text == "A\nB"


def test_paragraphs_stay_whole_where_they_fit() -> None:
    found = cut(paragraph(words(20)), paragraph(words(20)), paragraph(words(10)))
    assert [piece.tokens for piece in found] == [20, 30]


def test_long_paragraph_is_cut_at_sentences() -> None:
    text = f"A {words(18)}. B {words(18)}. C {words(3)}."
    found = cut(paragraph(text))
    assert [piece.text for piece in found] == [
        f"A {words(18)}.",
        f"B {words(18)}. C {words(3)}.",
    ]


def test_overlap_repeats_whole_sentences_of_the_same_section() -> None:
    # 19 + 5 words fill the first chunk, the 5 fit the overlap of 8
    text = f"A {words(18)}. Krótkie zdanie ma pięć słów. C {words(18)}."
    found = cut(paragraph(text), heading("Dalej"), paragraph(words(20)), overlap=8)
    assert [piece.text for piece in found] == [
        f"A {words(18)}. Krótkie zdanie ma pięć słów.",
        f"Krótkie zdanie ma pięć słów. C {words(18)}.",
        words(20),
    ]


def test_overlap_of_a_chunk_that_is_one_paragraph() -> None:
    first = f"A {words(18)}. Ostatnie zdanie tego akapitu."
    found = cut(paragraph(first), paragraph(words(20)), overlap=8)
    assert found[1].text == f"Ostatnie zdanie tego akapitu.\n{words(20)}"


def test_long_sentence_is_cut_between_words() -> None:
    found = cut(paragraph(words(70)))
    assert [piece.tokens for piece in found] == [32, 32, 6]


def test_table_that_fits_is_kept_whole() -> None:
    table = Block("table", "a | b\n1 | 2\n3 | 4")  # 9 words with the bars
    found = cut(paragraph(words(25)), table)
    assert [piece.text for piece in found] == [words(25), table.text]


def test_rows_of_a_cut_table_repeat_its_header() -> None:
    # header 3 words, rows 7 each: 3 + 4 x 7 = 31 <= 32
    rows = [f"r{number} | {words(2)} | {words(2)}" for number in range(6)]
    found = cut(Block("table", "\n".join(["a | b", *rows])))
    assert [piece.text.split("\n") for piece in found] == [
        ["a | b", *rows[:4]],
        ["a | b", *rows[4:]],
    ]
    assert [piece.tokens for piece in found] == [3 + 28, 3 + 14]


def test_code_is_cut_at_its_lines() -> None:
    lines = [f"x{number} = {words(14)}" for number in range(4)]  # 16 words each
    found = cut(Block("code", "\n".join(lines)))
    assert [piece.text.split("\n") for piece in found] == [lines[:2], lines[2:]]


def test_long_headings_leave_room_for_text() -> None:
    found = cut(heading(words(40, 100)), paragraph(words(60)), title="T")
    assert max(piece.tokens for piece in found) <= 32
    assert found[0].text.startswith("w100")


def test_long_title_is_shortened_in_the_breadcrumb() -> None:
    title = "Bardzo długi tytuł " * 20
    (piece,) = cut(paragraph(words(5)), title=title)
    crumbs, text = passage_text(title, piece).split("\n")
    assert len(crumbs) <= 101
    assert crumbs.endswith("…")
    assert text == words(5)


def test_sum_of_parts_that_falls_short_is_mended() -> None:
    def count(texts: Sequence[str]) -> list[int]:  # line breaks cost three tokens
        return [len(text.split()) + 3 * text.count("\n") for text in texts]

    blocks = tuple(paragraph(words(4)) for _ in range(20))
    settings = ChunkingSettings(max_tokens=32, overlap_tokens=0)
    found = chunk(ParsedDocument(blocks), count, settings, "Tytuł")
    assert max(piece.tokens for piece in found) <= 32
    assert sum(piece.text.count("w0") for piece in found) == 20


def test_prompt_and_special_tokens_count() -> None:
    def count(texts: Sequence[str]) -> list[int]:
        return [len(text.split()) + 4 for text in texts]

    settings = ChunkingSettings(max_tokens=32, overlap_tokens=0)
    found = chunk(ParsedDocument((paragraph(words(56)),)), count, settings, "")
    assert [piece.tokens for piece in found] == [32, 32]


def test_few_calls_of_the_tokenizer() -> None:
    calls = 0

    def count(texts: Sequence[str]) -> list[int]:
        nonlocal calls
        calls += 1
        return count_words(texts)

    blocks = [b for n in range(100) for b in (heading(f"H{n}"), paragraph(words(20)))]
    chunk(ParsedDocument(tuple(blocks)), count, ChunkingSettings(), "T")
    assert calls <= 6


@pytest.mark.parametrize("seed", range(60))
def test_no_chunk_is_too_long_and_no_word_is_lost(seed: int) -> None:
    chance = random.Random(seed)
    serial = iter(range(10**6))

    def sentence(length: int) -> str:
        return " ".join(f"s{next(serial)}" for _ in range(length)).capitalize() + "."

    def block() -> Block:
        kind: BlockKind = chance.choice(("heading", "text", "list", "table", "code"))
        lengths = [chance.choice((1, 3, 10, 45)) for _ in range(chance.randint(1, 6))]
        if kind == "heading":
            return heading(sentence(chance.choice((1, 4, 30))), chance.randint(1, 4))
        joint = " " if kind in ("text", "list") else "\n"
        return Block(kind, joint.join(sentence(n) for n in lengths), page=chance.randint(1, 9))

    blocks = tuple(block() for _ in range(chance.randint(1, 30)))
    title = sentence(chance.choice((1, 6)))
    limit = chance.choice((32, 50, 120))
    found = cut(*blocks, title=title, tokens=limit, overlap=chance.choice((0, 12)))
    for piece in found:
        assert piece.tokens == count_words([passage_text(title, piece)])[0] <= limit
        assert piece.text
    seen = {word for piece in found for word in passage_text(title, piece).split()}
    assert {word for b in blocks for word in b.text.split()} <= seen
