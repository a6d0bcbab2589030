"""The sentences that an extractive answer chooses from, and what speaks for each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from search.answerers.calibration import Evidence, Weights
from search.domain import Hit
from search.embedders.base import Embedder
from search.lexical.coverage import coverage
from search.lexical.sentences import sentence_spans
from search.pool import Pool

SENTENCE_CHARACTERS = 200
HEADING_CHARACTERS = 60
"""What is read of a long sentence and of the heading above it by their meaning."""
SHORTEST_SENTENCE = 15
"""Characters: what is shorter is a cell of a table or a heading."""
HOPELESS = 3.0
"""Log-odds: a sentence whose words leave it so far behind the best is not embedded."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of a passage."""

    passage: int
    """Place of the passage in the pool, from 0."""
    start: int
    end: int
    """Where it stands in the passage's text."""
    text: str
    heading: str
    """The nearest above it; the document's title where there is none."""
    evidence: Evidence


def candidates(pool: Pool, passages: int, most: int, weights: Weights) -> list[Candidate]:
    """Return the sentences worth a look by their words, best first; their cosine is still 0.

    Args:
        pool: with at least one passage.
        passages: only the first so many are read.
        most: sentences returned at most.
        weights: of words and ranks.
    """
    found = [
        Candidate(
            place,
            start,
            end,
            hit.chunk.text[start:end],
            hit.chunk.section[-1] if hit.chunk.section else hit.document.title,
            Evidence(
                cosine=0.0,
                coverage=coverage(
                    pool.query, f"{_headings(hit)}\n{hit.chunk.text[start:end]}", language
                ),
                rank=1 / (place + 1),
                passage_cosine=signals.cosine,
            ),
        )
        for place, (hit, signals) in enumerate(
            zip(pool.hits[:passages], pool.signals[:passages], strict=True)
        )
        for language in (hit.document.language,)
        for start, end in _sentences(hit.chunk.text)
    ]
    found.sort(key=lambda each: -weights.score(each.evidence))
    least = weights.score(found[0].evidence) - HOPELESS if found else 0.0
    return [each for each in found[:most] if weights.score(each.evidence) >= least]


def by_meaning(query: str, found: Sequence[Candidate], embedder: Embedder) -> list[Candidate]:
    """Fill in how close in meaning sentences are to the question.

    Raises:
        ModelError: the embedding model cannot be loaded or run.
    """
    # Both are embedded as queries are: the bundled model's query engine needs no PyTorch.
    vectors = embedder.embed_queries([_in_context(each) for each in found])
    cosines = vectors @ embedder.embed_query(query)
    return [
        replace(each, evidence=replace(each.evidence, cosine=float(cosine)))
        for each, cosine in zip(found, cosines, strict=True)
    ]


def _headings(hit: Hit) -> str:
    return "\n".join((hit.document.title, *hit.chunk.section))


def _in_context(each: Candidate) -> str:
    return f"{each.heading[:HEADING_CHARACTERS]}: {each.text[:SENTENCE_CHARACTERS]}"


def _sentences(text: str) -> list[tuple[int, int]]:
    spans = sentence_spans(text)
    return [(start, end) for start, end in spans if end - start >= SHORTEST_SENTENCE] or spans
