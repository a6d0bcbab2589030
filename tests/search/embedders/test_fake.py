import numpy as np

from search.embedders.fake import FakeEmbedder


def test_words_that_begin_alike_are_one() -> None:
    fake = FakeEmbedder()
    passages = fake.embed_passages(["Wnioski urlopowe składa się w kadrach.", "Kolacja o 19.00"])
    scores = passages @ fake.embed_query("wniosek o URLOPU")
    # wnios, o, urlop: two of six words of the first passage, one of two of the second
    np.testing.assert_allclose(scores, [2 / np.sqrt(3 * 6), 1 / np.sqrt(3 * 2)], rtol=1e-6)
    assert np.allclose(fake.embed_query("urlopu, 2024!"), fake.embed_query("URLOPY"))


def test_vectors_are_the_same_in_every_process() -> None:
    # `printf urlop | b2sum -l 32` is ad07d0e6: its first byte is the remainder modulo 256
    assert FakeEmbedder().embed_query("urlop").argmax() == 0xAD
    assert FakeEmbedder(dimension=8).embed_query("").tolist() == [1, 0, 0, 0, 0, 0, 0, 0]


def test_tokens_are_words_and_two() -> None:
    assert FakeEmbedder().count_tokens(["", "dwa słowa", "a1b"]) == [2, 4, 4]
