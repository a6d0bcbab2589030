"""Marks what answers where no word of a passage matches the query: its best sentence.

Sentences are embedded while the caller waits, so that their number is bounded and passages
whose words match cost nothing. They are embedded as queries are: the bundled model's query
engine needs no PyTorch, and comparing like with like is what its authors advise for texts
of one kind.
"""

from collections.abc import Sequence
from dataclasses import replace

from search.deadline import NEVER, Deadline
from search.domain import Hit, Vector
from search.embedders.base import Embedder
from search.lexical.highlight import matching_spans
from search.lexical.sentences import sentence_spans

SENTENCES_PER_PASSAGE = 12
SENTENCE_CHARACTERS = 200
"""What is read of a long sentence."""
SHORTEST_SENTENCE = 15
"""Characters: what is shorter is a cell of a table or a heading."""


def with_best_sentences(
    hits: Sequence[Hit],
    query: str,
    vector: Vector | None,
    embedder: Embedder,
    most: int,
    deadline: Deadline = NEVER,
) -> list[Hit]:
    """Mark the sentence closest in meaning to the query in hits that no word of it matches.

    Args:
        hits: best first; the better get their mark first.
        query: as typed.
        vector: of the query; None when it was not embedded yet.
        embedder: of the index.
        most: at most so many sentences are embedded, of all hits together.
        deadline: after it, hits stay without a mark.

    Returns:
        The same hits, some with `semantic`.

    Raises:
        ModelError: the embedding model cannot be loaded or run.
    """
    marked = list(hits)
    for place, hit in enumerate(hits):
        if most < 2 or not deadline.remaining():
            break
        text = hit.chunk.text
        if matching_spans(query, text, hit.document.language):
            continue
        spans = _sentences(text)[:most]
        if len(spans) > 1:
            if vector is None:
                vector = embedder.embed_query(query)
            read = [text[start:end][:SENTENCE_CHARACTERS] for start, end in spans]
            spans = [spans[int((embedder.embed_queries(read) @ vector).argmax())]]
            most -= len(read)
        if spans:
            marked[place] = replace(hit, semantic=spans[0])
    return marked


def _sentences(text: str) -> list[tuple[int, int]]:
    spans = sentence_spans(text)
    long = [(start, end) for start, end in spans if end - start >= SHORTEST_SENTENCE]
    return (long or spans)[:SENTENCES_PER_PASSAGE]
