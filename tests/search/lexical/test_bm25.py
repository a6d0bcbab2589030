"""BM25 weights, against the formula worked out by hand."""

import zlib

import pytest

from search.lexical.bm25 import Bm25
from search.settings import LexicalSettings


def index(term: str) -> int:
    return zlib.crc32(term.encode())


@pytest.fixture
def bm25() -> Bm25:
    return Bm25(LexicalSettings(k1=1.5, b=0.5, average_length=4))


def test_weights_of_a_passage(bm25: Bm25) -> None:
    vector = bm25.passage("kot kot pies", "und")
    weights = dict(zip(vector.indices, vector.values, strict=True))
    # length 3 of 4: norm = 1.5 * (1 - 0.5 + 0.5 * 3 / 4) = 1.3125
    assert weights == {
        index("kot"): pytest.approx(2 * 2.5 / (2 + 1.3125)),
        index("pies"): pytest.approx(1 * 2.5 / (1 + 1.3125)),
    }
    assert list(vector.indices) == sorted(vector.indices)


def test_a_query_is_stemmed_under_every_language(bm25: Bm25) -> None:
    query = bm25.query("invoices", ["pl", "en"])
    assert {index("invoic"), index("invoices")} <= set(query.terms.indices)
    assert set(query.terms.values) == {1.0}


def test_the_boost_weighs_codes_fully_and_words_by_their_share(bm25: Bm25) -> None:
    query = bm25.query("druk F-17", [])
    boost = dict(zip(query.boost.indices, query.boost.values, strict=True))
    # words: druk, f, 17; one code
    assert boost[index("=f17")] == 1.0
    assert boost[index("druk")] == pytest.approx(1 / 3)


def test_no_words_no_terms(bm25: Bm25) -> None:
    assert not bm25.query("?!", ["pl"]).terms
    assert not bm25.passage("", "pl")
