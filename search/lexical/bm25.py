"""BM25 as sparse vectors (Robertson & Zaragoza 2009): the engine multiplies in the IDF.

A document's weight for a term is `tf (k1 + 1) / (tf + k1 (1 - b + b length / average))`;
a query weighs each of its terms once. The average length is a setting rather than a
statistic, so that a chunk's vector does not depend on what else is indexed.
"""

import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from search.domain import SparseVector
from search.lexical.analyzer import UNDETERMINED, exact_term, stem, terms, tokens
from search.settings import LexicalSettings


@dataclass(frozen=True, slots=True)
class LexicalQuery:
    """A query as the sparse index sees it."""

    terms: SparseVector
    """Every term once, its words stemmed under each language of the index."""
    boost: SparseVector
    """The same terms with codes weighing 1 and words their share of the query.

    Its score says how much of the query a passage meets to the letter and how rare that is.
    Distribution-based fusion alone forgets it: when only two passages hold a code, their
    normalised lexical score is a mere 0.5, and dense neighbours outrank them.
    """


class Bm25:
    """Builds the sparse vectors of passages and queries."""

    def __init__(self, settings: LexicalSettings) -> None:
        self._k1 = settings.k1
        self._b = settings.b
        self._average = settings.average_length

    def passage(self, text: str, language: str) -> SparseVector:
        """Weigh the terms of a passage written in `language` (ISO 639-1 or `und`)."""
        found = terms(text, language)
        norm = self._k1 * (1 - self._b + self._b * len(found) / self._average)
        return _vector(
            (term, count * (self._k1 + 1) / (count + norm))
            for term, count in Counter(found).items()
        )

    def query(self, text: str, languages: Sequence[str]) -> LexicalQuery:
        """Gather the terms a query may meet in an index that holds `languages`."""
        text = " ".join(text.split())
        exact: set[str] = set()
        words: set[str] = set()
        stems: set[str] = set()
        for token in tokens(text, query=True):
            if token.exact:
                exact.add(exact_term(token.exact))
                continue
            word = text[token.start : token.end]
            words.add(word.casefold())
            stems.update(stem(word, language) for language in (*languages, UNDETERMINED))
        share = 1 / max(1, len(words))
        return LexicalQuery(
            terms=_vector((term, 1.0) for term in stems | exact),
            boost=_vector((term, 1.0 if term in exact else share) for term in stems | exact),
        )


def _vector(weights: Iterable[tuple[str, float]]) -> SparseVector:
    """Hash terms to 32 bits; of terms that collide, which is rare, the larger weight stays."""
    merged: dict[int, float] = {}
    for term, weight in weights:
        index = zlib.crc32(term.encode("utf-8", "surrogatepass"))
        merged[index] = max(weight, merged.get(index, 0.0))
    ordered = sorted(merged)
    return SparseVector(tuple(ordered), tuple(merged[index] for index in ordered))
