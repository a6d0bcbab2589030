"""The language models of `make llm`: they load, rank in their language, and remember passages."""

from dataclasses import replace
from pathlib import Path

import pytest

from search.arms import build_reranker
from search.domain import Hit
from search.errors import ModelMissingError
from search.llms.bundled import BUNDLED
from search.pool import Pool
from search.rerankers.base import Reranker, reordered
from search.settings import load_settings
from tests.search.answerers.factory import hit, pool_from

POLISH = pool_from(
    "ile dni urlopu zaległego można przenieść na następny rok?",
    [
        hit(
            "pl/0.md",
            "Delegacje zagraniczne rozlicza się w ciągu czternastu dni od powrotu, w dziale kadr.",
            "pl",
        ),
        hit(
            "pl/1.md",
            "Hasło do poczty zmienia się co dziewięćdziesiąt dni; nie wolno go nikomu podawać.",
            "pl",
        ),
        hit(
            "pl/2.md",
            "Na następny rok przechodzi najwyżej dziesięć dni zaległego urlopu, do końca września.",
            "pl",
        ),
        hit(
            "pl/3.md",
            "Parking za budynkiem jest dla gości; pracownicy stawiają samochody w garażu.",
            "pl",
        ),
    ],
)
ENGLISH = pool_from(
    "who approves a trip abroad?",
    [
        hit("en/0.md", "Passwords expire after ninety days and must not be told to anybody.", "en"),
        hit("en/1.md", "Visitors park behind the building; employees use the garage.", "en"),
        hit(
            "en/2.md",
            "Every trip abroad has to be approved by the head of the department beforehand.",
            "en",
        ),
        hit(
            "en/3.md", "Invoices are kept for five years in the archive on the second floor.", "en"
        ),
    ],
)


@pytest.fixture(scope="module", params=list(BUNDLED))
def reranker(request: pytest.FixtureRequest) -> Reranker:
    return build_reranker(f"likelihood:{request.param}", load_settings())


def alike(asked: Pool) -> Pool:
    """Return a pool whose passages the retriever holds for equally good."""
    hits: tuple[Hit, ...] = tuple(replace(hit, score=1.0) for hit in asked.hits)
    return replace(asked, hits=hits)


@pytest.mark.llm
def test_what_answers_the_query_comes_first(reranker: Reranker) -> None:
    english = reordered(alike(ENGLISH), reranker.rerank(alike(ENGLISH)))
    assert "approved" in english[0].chunk.text
    if "gemma" in reranker.name:  # SmolLM2 knows no Polish
        polish = reordered(alike(POLISH), reranker.rerank(alike(POLISH)))
        assert "zaległego urlopu" in polish[0].chunk.text


@pytest.mark.llm
def test_passages_are_read_once(reranker: Reranker) -> None:
    asked = alike(replace(ENGLISH, query="where do guests leave their cars?"))
    first = reranker.rerank(asked)
    again = reranker.rerank(asked)
    assert again.events == {"cached": 4}
    assert again.usage.prompt_tokens < first.usage.prompt_tokens or first.events == {"cached": 4}
    assert again.scores == pytest.approx(first.scores, abs=0.05)


def test_a_model_that_is_not_installed_says_how_to_get_it(tmp_path: Path) -> None:
    missing = replace(BUNDLED["smollm2"], package="not-there")
    with pytest.raises(ModelMissingError, match="make llm"):
        missing.gguf(tmp_path)
