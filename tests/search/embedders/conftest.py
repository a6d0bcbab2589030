"""Models for the tests: the bundled one, unpacked once a session, and a tiny one made here."""

import string
from pathlib import Path

import pytest

from search.embedders.base import Embedder
from search.embedders.batched import BatchedQueries
from search.embedders.bundled_e5 import BundledE5
from search.embedders.cached import CachedQueries
from search.embedders.fake import FakeEmbedder
from search.embedders.sentence_transformer import SentenceTransformerEmbedder
from search.settings import EmbedderSettings

IMPLEMENTATIONS = ("fake", "bundled", "sentence-transformers", "cached", "batched")


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> EmbedderSettings:
    return EmbedderSettings(cache_dir=tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def bundled(settings: EmbedderSettings) -> BundledE5:
    return BundledE5(settings)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT of 16 dimensions with prompts, that reads letter by letter, 64 at most."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *string.ascii_lowercase, ":"]
    tokenizer = Tokenizer(
        models.WordLevel({token: index for index, token in enumerate(tokens)}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
    ).save_pretrained(folder / "bert")
    torch.manual_seed(0)
    BertModel(
        BertConfig(
            vocab_size=len(tokens),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=64,
        )
    ).save_pretrained(folder / "bert")
    modules = [Transformer(str(folder / "bert"), max_seq_length=64), Pooling(16)]
    # `passage`, as in the e5 family: sentence-transformers adds an empty `document` to it.
    model = SentenceTransformer(
        modules=modules, device="cpu", prompts={"query": "find: ", "passage": "text: "}
    )
    model.save(str(folder / "model"), create_model_card=False)
    (folder / "model" / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    return folder / "model"


@pytest.fixture(scope="session")
def tiny(tiny_model: Path, settings: EmbedderSettings) -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(
        str(tiny_model), settings.model_copy(update={"device": "cpu"})
    )


@pytest.fixture(params=IMPLEMENTATIONS)
def embedder(request: pytest.FixtureRequest) -> Embedder:
    """Every implementation in turn."""
    if request.param == "fake":
        return FakeEmbedder()
    if request.param == "cached":
        return CachedQueries(FakeEmbedder(), 3)
    if request.param == "batched":
        return BatchedQueries(request.getfixturevalue("tiny"))
    name = "bundled" if request.param == "bundled" else "tiny"
    found: Embedder = request.getfixturevalue(name)
    return found
