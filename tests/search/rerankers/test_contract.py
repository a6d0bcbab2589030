"""What every reranker keeps to."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from search.arms import build_reranker
from search.deadline import Deadline
from search.domain import Chunk, Hit
from search.errors import DeadlineError, InputError, ModelError
from search.pool import Pool, Signals
from search.rerankers.base import Reranker, reordered
from search.rerankers.cross_encoder import CrossEncoderReranker
from search.rerankers.gate import Gate, Gated, learn_gate, margin
from search.rerankers.likelihood import LikelihoodReranker
from search.rerankers.null import NullReranker
from search.settings import load_settings
from tests.search.rerankers.test_likelihood import folder as folder
from tests.search.stores.factory import document


def pool(*signals: tuple[float, float], query: str = "ile dni urlop ?") -> Pool:
    texts = ["urlop zaległy dni", "wniosek F-17 składa się w czwartek", "dni", "mogę się urlop"]
    hits = tuple(
        Hit(document(f"{place}.md", language="pl"), Chunk(0, texts[place % 4]), 3.0 - place)
        for place in range(len(signals))
    )
    return Pool(query, hits, tuple(Signals(*pair) for pair in signals))


FOUR = pool((0.9, 0.8), (0.88, 0.9), (0.8, 0.1), (0.7, 0.0))


@pytest.fixture(params=["null", "likelihood", "cross-encoder", "open gate", "closed gate"])
def reranker(request: pytest.FixtureRequest, folder: Path, tmp_path: Path) -> Reranker:
    from search.rerankers.causal_lm import CausalLm

    likelihood = LikelihoodReranker("likelihood:tiny", 0.4, lambda: CausalLm(folder, 1_000_000))
    made: dict[str, Any] = {
        "null": NullReranker(),
        "likelihood": likelihood,
        "cross-encoder": CrossEncoderReranker(str(tiny_cross_encoder(folder, tmp_path)))
        if request.param == "cross-encoder" else None,
        "open gate": Gated(likelihood, Gate("cosine", 1.0)),
        "closed gate": Gated(likelihood, Gate("cosine", -1.0)),
    }  # fmt: skip
    found: Reranker = made[request.param]
    return found


def tiny_cross_encoder(folder: Path, target: Path) -> Path:
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    model: Any = BertForSequenceClassification(
        BertConfig(  # type: ignore[call-arg]
            vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_labels=1,
            num_attention_heads=2, intermediate_size=16, max_position_embeddings=64,
        )
    )  # fmt: skip
    model.save_pretrained(target / "cross")
    tokenizer.save_pretrained(target / "cross")
    return target / "cross"


@pytest.mark.parametrize("size", [0, 1, 4])
def test_the_result_is_a_permutation(reranker: Reranker, size: int) -> None:
    some = replace(FOUR, hits=FOUR.hits[:size], signals=FOUR.signals[:size])
    found = reordered(some, reranker.rerank(some))
    assert sorted(hit.id for hit in found) == sorted(hit.id for hit in some.hits)


def test_the_same_pool_gives_the_same_scores_from_many_threads(reranker: Reranker) -> None:
    first = reranker.rerank(FOUR).scores
    with ThreadPoolExecutor(4) as threads:
        for again in threads.map(lambda _: reranker.rerank(FOUR).scores, range(8)):
            assert again == pytest.approx(first, abs=1e-3)


def test_one_that_works_looks_at_the_deadline(reranker: Reranker) -> None:
    if reranker.name == "null" or "skipped" in reranker.rerank(FOUR).events:
        pytest.skip("it takes no time")
    with pytest.raises(DeadlineError):
        reranker.rerank(FOUR, Deadline.after(0))


def test_a_closed_gate_leaves_the_order(folder: Path) -> None:
    shut = Gated(NullReranker(), Gate("cosine", -1.0)).rerank(FOUR)
    assert shut.events == {"skipped": 1}
    assert [hit.id for hit in reordered(FOUR, shut)] == [hit.id for hit in FOUR.hits]


def test_margins_are_those_of_signals() -> None:
    assert margin(FOUR, "cosine") == pytest.approx(0.02)
    assert margin(FOUR, "coverage") == pytest.approx(-0.1)
    assert margin(FOUR, "both") == pytest.approx(-0.08)


class Lesson:
    def __init__(self, lead: float, gain: float) -> None:
        self.pool = pool((0.8 + lead, 0.5), (0.8, 0.5))
        self.gain = gain


def test_a_gate_learns_where_reranking_pays() -> None:
    lessons = [Lesson(n / 100, 0.3 if n < 5 else -0.2) for n in range(10)]
    gate = learn_gate(lessons, cost=0.05)
    assert gate.feature == "cosine"
    assert 0.04 < gate.threshold < 0.05
    assert [gate.opens(lesson.pool) for lesson in lessons] == [True] * 5 + [False] * 5


def test_a_gate_stays_shut_where_reranking_never_pays() -> None:
    gate = learn_gate([Lesson(n / 100, 0.01) for n in range(10)], cost=0.05)
    assert not any(gate.opens(Lesson(n / 100, 0).pool) for n in range(-50, 50))


@pytest.mark.parametrize(
    "name", ["", "best", "likelihood:gpt", "auto:", "cross-encoder:", "null:x"]
)
def test_unknown_names_are_told_the_known_ones(name: str) -> None:
    with pytest.raises(InputError, match="likelihood:smollm2"):
        build_reranker(name, load_settings())


def test_a_cross_encoder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        CrossEncoderReranker(str(tmp_path / "nowhere")).rerank(FOUR)
