"""Rerankers by name."""

from typing import TYPE_CHECKING

from search.embedders.hardware import prepare_torch
from search.errors import InputError
from search.llms.bundled import BUNDLED
from search.rerankers.base import Reranker
from search.settings import Settings

if TYPE_CHECKING:
    from search.rerankers.causal_lm import CausalLm
    from search.rerankers.listwise import ListwiseReranker
    from search.rerankers.pointwise import PointwiseReranker

NAMES = (
    "null", *(f"likelihood:{name}" for name in BUNDLED), "cross-encoder:ID_OR_FOLDER",
    "listwise:MODEL", "pointwise:MODEL", "auto (over the reranker of the settings)",
    "auto:RERANKER",
)  # fmt: skip


def build_reranker(name: str, settings: Settings) -> Reranker:
    """Return a reranker; its model loads at first use.

    Raises:
        InputError: there is none of that name.
    """
    kind, _, rest = name.partition(":")
    match kind, rest:
        case "null", "":
            from search.rerankers.null import NullReranker

            return NullReranker()
        case "cross-encoder", model if model:
            from search.rerankers.cross_encoder import CrossEncoderReranker

            return CrossEncoderReranker(model)
        case "likelihood", model if model in BUNDLED:
            return _likelihood(model, settings)
        case "listwise" | "pointwise", model if model or name == kind:
            from search.llm_arms import build_llm

            return _judging(kind)(build_llm(model, settings), settings.rerank, name)
        case "auto", inner if inner or name == "auto":
            from search.rerankers.gate import Gate, Gated

            gate = Gate(settings.rerank.gate_feature, settings.rerank.gate_threshold)
            return Gated(build_reranker(inner or settings.layer.reranker, settings), gate)
    raise InputError(f"There is no reranker {name[:100]!r}: there are {', '.join(NAMES)}.")


def _judging(kind: str) -> "type[ListwiseReranker | PointwiseReranker]":
    from search.rerankers.listwise import ListwiseReranker
    from search.rerankers.pointwise import PointwiseReranker

    return ListwiseReranker if kind == "listwise" else PointwiseReranker


def _likelihood(model: str, settings: Settings) -> Reranker:
    from search.rerankers.likelihood import LikelihoodReranker

    def load() -> "CausalLm":
        prepare_torch()
        from search.rerankers.causal_lm import CausalLm, unpacked

        folder = unpacked(BUNDLED[model], settings.embedder.cache_dir)
        return CausalLm(folder, settings.rerank.cache_mb * 1024**2)

    return LikelihoodReranker(f"likelihood:{model}", settings.rerank.weight, load)
