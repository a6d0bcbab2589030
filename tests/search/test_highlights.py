"""How many sentences are embedded to mark one, and when none is."""

import time
from collections.abc import Sequence

import pytest

from search.deadline import Deadline
from search.domain import Chunk, Hit, Vector
from search.embedders.fake import FakeEmbedder
from search.highlights import SENTENCE_CHARACTERS, SENTENCES_PER_PASSAGE, with_best_sentences
from tests.search.stores.factory import document


class Counting(FakeEmbedder):
    """The stand-in model, which remembers what it embedded."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def embed_queries(self, texts: Sequence[str]) -> Vector:
        self.read += texts
        return super().embed_queries(texts)


def passage(name: str, sentences: int) -> Hit:
    text = " ".join(f"Zdanie o sprawie numer {n} w {name}." for n in range(sentences))
    return Hit(document(f"{name}.md"), Chunk(0, text), 1.0)


def marked(hits: Sequence[Hit], embedder: FakeEmbedder, most: int = 1000) -> list[str | None]:
    found = with_best_sentences(hits, "kosztorys", None, embedder, most)
    assert [hit.id for hit in found] == [hit.id for hit in hits]
    return [h.chunk.text[slice(*h.semantic)] if h.semantic else None for h in found]


def test_the_better_hits_get_their_mark_first() -> None:
    embedder = Counting()
    marks = marked([passage(name, 5) for name in ("alfa", "beta", "gamma")], embedder, most=10)
    assert [mark is not None for mark in marks] == [True, True, False]
    assert len(embedder.read) == 10


def test_of_a_long_passage_only_its_beginning_is_read() -> None:
    embedder = Counting()
    marked([passage("alfa", 40)], embedder)
    assert len(embedder.read) == SENTENCES_PER_PASSAGE


def test_of_a_long_sentence_only_its_beginning_is_read() -> None:
    embedder = Counting()
    long = "Bardzo " * 100 + "długie zdanie."
    [mark] = marked(
        [Hit(document("a.md"), Chunk(0, f"{long} Drugie krótkie zdanie."), 1)], embedder
    )
    assert max(len(text) for text in embedder.read) == SENTENCE_CHARACTERS
    assert mark in (long, "Drugie krótkie zdanie.")


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("Jedyne zdanie tego ustępu.", "Jedyne zdanie tego ustępu."),
        ("Nagłówek\nJedno zdanie, które coś mówi.", "Jedno zdanie, które coś mówi."),
        ("Krótkie", "Krótkie"),
        ("", None),
    ],
)
def test_what_is_the_only_sentence_needs_no_model(text: str, mark: str | None) -> None:
    embedder = Counting()
    assert marked([Hit(document("a.md"), Chunk(0, text), 1)], embedder) == [mark]
    assert embedder.read == []


def test_after_the_deadline_nothing_is_marked() -> None:
    embedder, hits = Counting(), [passage("alfa", 5)]
    over = Deadline(time.monotonic() - 1)
    assert with_best_sentences(hits, "kosztorys", None, embedder, 100, over) == hits
    assert embedder.read == []
