"""Query likelihood: batched, padded and remembered scores are those of a plain pass."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from search.deadline import Deadline
from search.errors import DeadlineError
from search.rerankers import causal_lm, vocabulary
from search.rerankers.causal_lm import CausalLm
from search.rerankers.likelihood import standardized
from search.rerankers.vocabulary import Vocabulary

WORDS = [
    "urlop",
    "zaległy",
    "dni",
    "ile",
    "mogę",
    "wniosek",
    "F-17",
    "składa",
    "się",
    "w",
    "czwartek",
    "Pytanie",
    "tekst",
    "?",
]
PASSAGES = [
    ("a", "urlop zaległy dni ile Pytanie"),
    ("b", "wniosek F-17 składa się w czwartek wniosek wniosek urlop Pytanie"),
    ("c", "dni Pytanie"),
    ("d", "mogę się urlop w czwartek dni dni tekst tekst ? Pytanie"),
]
QUERY = "ile dni zaległy urlop ?"

SIZES: dict[str, Any] = {
    "vocab_size": len(WORDS) + 2, "hidden_size": 32, "intermediate_size": 48,
    "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
    "max_position_embeddings": 512,
}  # fmt: skip


@pytest.fixture(params=["llama", "gemma3"], scope="module")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp(request.param)
    vocabulary = {word: number for number, word in enumerate(["<unk>", "<pad>", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>"
    ).save_pretrained(made)
    torch.manual_seed(3)
    model: Any
    if request.param == "llama":
        model = LlamaForCausalLM(LlamaConfig(**SIZES))
    else:
        model = Gemma3ForCausalLM(Gemma3TextConfig(**SIZES, head_dim=8, sliding_window=512))
    model.save_pretrained(made)
    return made


@pytest.fixture
def lm(folder: Path, monkeypatch: pytest.MonkeyPatch) -> CausalLm:
    monkeypatch.setattr(causal_lm, "_best_dtype", lambda: torch.float32)
    return CausalLm(folder, cache_bytes=10_000_000)


@torch.inference_mode()
def plainly(folder: Path) -> list[float]:
    """Score each passage by a pass of its own over the whole text."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    asked = tokenizer(QUERY)["input_ids"]
    scores = []
    for _, text in PASSAGES:
        ids = tokenizer(text)["input_ids"] + asked
        found = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        places = range(len(ids) - len(asked) - 1, len(ids) - 1)
        scores.append(float(sum(found[p, ids[p + 1]] for p in places)) / len(asked))
    return scores


def test_scores_are_those_of_a_plain_pass(folder: Path, lm: CausalLm) -> None:
    expected = plainly(folder)
    cold, read, known = lm.log_likelihoods(QUERY, PASSAGES)
    assert cold == pytest.approx(expected, abs=1e-4)
    assert known == 0
    warm, read_again, known = lm.log_likelihoods(QUERY, PASSAGES)
    assert warm == pytest.approx(expected, abs=1e-4)
    assert known == len(PASSAGES)
    assert read_again < read
    assert len(set(expected)) == len(PASSAGES)


def test_latin_queries_are_weighed_against_latin_tokens_only() -> None:
    weights, hidden = torch.randn(7, 4), torch.randn(3, 4)
    logits = hidden @ weights.T
    among = Vocabulary(weights, ["urlop", "dni", "7", "сады", "▁ż", "花", None])
    latin = among.log_probabilities(hidden, torch.tensor([0, 2, 4]))
    expected = logits[:, [0, 1, 2, 4]].log_softmax(1)[range(3), [0, 2, 3]]
    assert latin == pytest.approx(expected, abs=1e-5)
    mixed = among.log_probabilities(hidden, torch.tensor([0, 3, 4]))
    assert mixed == pytest.approx(logits.log_softmax(1)[range(3), [0, 3, 4]], abs=1e-5)


def test_the_size_of_batches_does_not_matter(
    folder: Path, lm: CausalLm, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, _, _ = lm.log_likelihoods(QUERY, PASSAGES)
    monkeypatch.setattr(causal_lm, "BATCH_TOKENS", 12)
    monkeypatch.setattr(vocabulary, "TILE", 5)
    small, _, _ = CausalLm(folder, cache_bytes=0).log_likelihoods(QUERY, PASSAGES)
    assert small == pytest.approx(expected, abs=1e-4)


def test_memory_is_bounded_and_the_longest_unused_is_forgotten(folder: Path, lm: CausalLm) -> None:
    lm.log_likelihoods(QUERY, PASSAGES)
    held = lm._states.bytes
    bounded = CausalLm(folder, cache_bytes=held - 1)
    bounded.log_likelihoods(QUERY, PASSAGES)
    assert 0 < bounded._states.bytes < held
    _, _, known = bounded.log_likelihoods(QUERY, PASSAGES)
    assert 0 < known < len(PASSAGES)


def test_an_empty_query_scores_all_alike(lm: CausalLm) -> None:
    scores, _, _ = lm.log_likelihoods("", PASSAGES)
    assert scores == [0.0] * len(PASSAGES)


def test_the_deadline_is_looked_at(lm: CausalLm) -> None:
    with pytest.raises(DeadlineError):
        lm.log_likelihoods(QUERY, PASSAGES, Deadline.after(0))


def test_scores_are_standardized() -> None:
    assert standardized([1.0, 3.0]) == [-1.0, 1.0]
    assert standardized([2.0, 2.0]) == [0.0, 0.0]
