from pathlib import Path

import numpy as np
import pytest

from search.embedders.sentence_transformer import (
    SentenceTransformerEmbedder,
    length_sorted_batches,
)
from search.errors import ConfigError, ModelCorruptError, ModelMissingError
from search.settings import EmbedderSettings


def test_prompts_come_from_the_model(tiny: SentenceTransformerEmbedder, tiny_model: Path) -> None:
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(str(tiny_model), device="cpu")
    expected = plain.encode(["find: urlop", "text: urlop"], normalize_embeddings=True)
    found = [tiny.embed_query("urlop"), tiny.embed_passages(["urlop"])[0]]
    assert (expected * np.stack(found)).sum(axis=1).min() > 0.999
    assert tiny.count_tokens(["urlop"]) == [2 + len("text: ") + len("urlop")]


def test_spec_tells_models_apart(tiny: SentenceTransformerEmbedder, tiny_model: Path) -> None:
    spec = tiny.spec
    assert spec.name == str(tiny_model)
    assert (spec.dimension, spec.max_tokens, spec.licence) == (16, 64, "apache-2.0")


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_precision_is_obeyed_and_vectors_stay_exact(tiny_model: Path, precision: str) -> None:
    settings = EmbedderSettings.model_validate({"precision": precision, "device": "cpu"})
    vectors = SentenceTransformerEmbedder(str(tiny_model), settings).embed_passages(["a", "bcd"])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("name", ["nobody/no-such-model", "no-such-model", "/no/such/folder"])
def test_absent_model_is_reported_in_a_line(name: str) -> None:
    embedder = SentenceTransformerEmbedder(name, EmbedderSettings())
    with pytest.raises(ModelMissingError, match=name) as caught:
        embedder.embed_query("urlop")
    assert "Run once online" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_broken_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelCorruptError, match=str(tmp_path)):
        _ = SentenceTransformerEmbedder(str(tmp_path), EmbedderSettings()).spec


def test_absent_cuda_is_reported(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    embedder = SentenceTransformerEmbedder(str(tiny_model), EmbedderSettings(device="cuda"))
    with pytest.raises(ConfigError, match="SEMSEARCH_EMBEDDER__DEVICE"):
        embedder.embed_query("urlop")


def test_batches_hold_similar_lengths_within_the_limit() -> None:
    # sorted: 1 (2), 3 (3), 0 (10), 4 (10), 2 (50); 10 x 4 would be 40 tokens
    assert list(length_sorted_batches([10, 2, 50, 3, 10], 30)) == [[1, 3, 0], [4], [2]]
    assert list(length_sorted_batches([], 30)) == []
