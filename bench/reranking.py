"""Reranking by query likelihood: ours against transformers as one finds it in examples.

Pools of 10 passages of about 200 tokens. Beside ours the same model passage by passage, each
query's probability read from the logits of the whole text, nothing kept.
"""

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice, pairwise
from statistics import median

from bench.clients import GOLDEN
from bench.figures import Figure, in_own_process
from search.arms import build_reranker
from search.domain import Chunk, Document, Hit
from search.embedders.hardware import prepare_torch
from search.llms.bundled import BUNDLED
from search.pool import Pool, Signals
from search.rerankers.likelihood import PROMPTS
from search.settings import load_settings

POOLS = 6
PASSAGES = 10
PASSAGE_TOKENS = 200
QUERIES = (
    "Ile dni urlopu zaległego można przenieść na następny rok?",
    "Kto zatwierdza delegację zagraniczną i w jakim terminie?",
    "How long must invoices be kept in the archive?",
)


def run() -> Sequence[Figure]:
    """Measure both models, each in processes of its own."""
    return [figure for model in BUNDLED for figure in _figures(model)]


def _figures(model: str) -> Iterator[Figure]:
    ours = in_own_process("bench.reranking", model, "ours")
    plain = in_own_process("bench.reranking", model, "plain")["cold"]
    label = f"likelihood:{model}, 10 passages"
    yield Figure(f"{label}, cold, p50", ours["cold"], "s", plain / ours["cold"], "<= 2.2 s")
    yield Figure(f"{label}, known, p50", ours["known"], "s", plain / ours["known"], "<= 0.3 s")
    yield Figure(f"{model} by plain transformers, p50", plain, "s", 1.0)


def main(model: str, how: str) -> None:
    """Print the median seconds of a pool as JSON."""
    pools = list(islice(_pools(model), POOLS))
    print(json.dumps(_ours(model, pools) if how == "ours" else _plain(model, pools)))  # noqa: T201


def _ours(model: str, pools: Sequence[Pool]) -> dict[str, float]:
    reranker = build_reranker(f"likelihood:{model}", load_settings())
    reranker.rerank(pools[0])
    cold = [_seconds(reranker.rerank, pool) for pool in pools[1:]]
    asked = [Pool(query, pool.hits, pool.signals) for pool in pools[1:] for query in QUERIES[1:]]
    known = [_seconds(reranker.rerank, pool) for pool in asked]
    return {"cold": median(cold), "known": median(known)}


def _plain(model: str, pools: Sequence[Pool]) -> dict[str, float]:
    prepare_torch()  # for the comparison's sake: how threads wait matters on a busy machine
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from search.rerankers.causal_lm import unpacked

    folder = unpacked(BUNDLED[model], load_settings().embedder.cache_dir)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    loaded = AutoModelForCausalLM.from_pretrained(folder)

    @torch.inference_mode()
    def score(pool: Pool) -> None:
        asked = tokenizer(f" {pool.query}", add_special_tokens=False)["input_ids"]
        for hit in pool.hits:
            prompt = PROMPTS["pl"].replace("{text}", hit.chunk.text)
            ids = torch.tensor([tokenizer(prompt)["input_ids"] + asked])
            log_probabilities = loaded(input_ids=ids).logits[0, :-1].float().log_softmax(-1)
            log_probabilities[-len(asked) :].gather(1, torch.tensor(asked)[:, None]).mean()

    score(pools[0])
    return {"cold": median(_seconds(score, pool) for pool in pools[1:])}


def _seconds(work: Callable[[Pool], object], pool: Pool) -> float:
    start = time.perf_counter()
    work(pool)
    return time.perf_counter() - start


def _pools(model: str) -> Iterator[Pool]:
    """Yield pools of different passages, cut from the example documents."""
    from transformers import AutoTokenizer

    from search.rerankers.causal_lm import unpacked

    folder = unpacked(BUNDLED[model], load_settings().embedder.cache_dir)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    corpus = (GOLDEN.parent / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    ids = tokenizer(" ".join(json.loads(line)["text"] for line in corpus))["input_ids"]
    cuts = pairwise(range(0, len(ids), PASSAGE_TOKENS))
    texts = (
        str(tokenizer.decode(ids[first:last], skip_special_tokens=True)) for first, last in cuts
    )
    while passages := list(islice(texts, PASSAGES)):
        hits = tuple(_hit(number, text) for number, text in enumerate(passages))
        yield Pool(QUERIES[0], hits, (Signals(0.0, 0.0),) * len(hits))


def _hit(number: int, text: str) -> Hit:
    made = datetime(2026, 1, 1, tzinfo=UTC)
    digest = hashlib.sha256(text.encode()).hexdigest()
    document = Document(
        tenant="bench", source="bench", path=f"{digest}.txt", title="Regulamin", type="txt",
        language="pl", size=len(text), modified=made, content_hash=digest, fingerprint="",
        chunk_count=1,
    )  # fmt: skip
    return Hit(document, Chunk(0, text), 1 - number / 100)


if __name__ == "__main__":
    main(*sys.argv[1:])
