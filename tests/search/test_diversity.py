"""Maximal marginal relevance, on numbers worked out by hand."""

from collections.abc import Sequence

import numpy as np
import pytest

from search.diversity import diversified
from search.domain import Chunk, Hit, Vector
from tests.search.stores.factory import document


def hits(*scores: float) -> list[Hit]:
    return [
        Hit(document(f"{n}.md"), Chunk(0, f"Tekst {n}"), score) for n, score in enumerate(scores)
    ]


def vectors(pool: Sequence[Hit], *angles: float) -> dict[str, Vector]:
    """Lay the passages out on a circle, in degrees."""
    made = np.radians(np.array(angles))
    points = np.stack([np.cos(made), np.sin(made)], axis=1).astype(np.float32)
    return {hit.id: point for hit, point in zip(pool, points, strict=True)}


def order(scores: Sequence[float], angles: Sequence[float], diversity: float) -> list[str]:
    pool = hits(*scores)
    found = diversified(pool, vectors(pool, *angles), diversity)
    return [hit.document.path.removesuffix(".md") for hit in found]


def test_without_diversity_the_order_stays() -> None:
    assert order([0.9, 0.8, 0.8, 0.1], [0, 0, 0, 90], 0) == ["0", "1", "2", "3"]


def test_a_copy_falls_behind_what_is_new() -> None:
    # Relevance 1, 0.9, 0.5, 0; cosines to the first 1, 0, -1, stretched to 1, 0.5, 0.
    # At 0.5: the copy is worth 0.45 - 0.5, the one at 90° 0.25 - 0.25, the opposite 0 - 0.
    # Of the two worth 0 the better ranked comes first; then the opposite is worth 0 - 0.25.
    scores, angles = [2.0, 1.9, 1.5, 1.0], [0, 0, 90, 180]
    assert order(scores, angles, 0.5) == ["0", "2", "1", "3"]
    assert order(scores, angles, 0.9) == ["0", "3", "2", "1"]


@pytest.mark.parametrize("diversity", [0, 0.3, 1])
def test_equal_hits_keep_their_order(diversity: float) -> None:
    assert order([1, 1, 1], [30, 30, 30], diversity) == ["0", "1", "2"]


@pytest.mark.parametrize("diversity", [0, 0.5, 1])
def test_nothing_is_lost_or_doubled(diversity: float) -> None:
    angles = list(range(0, 360, 9))
    scores = [1 / (rank + 1) for rank in range(len(angles))]
    assert sorted(order(scores, angles, diversity), key=int) == [str(n) for n in range(40)]


def test_the_scale_of_scores_does_not_matter() -> None:
    scores, angles = [0.9, 0.7, 0.6, 0.2], [0, 10, 80, 200]
    for diversity in (0.2, 0.5, 0.8):
        large = [1000 * score - 5 for score in scores]
        assert order(scores, angles, diversity) == order(large, angles, diversity)


def test_a_hit_without_a_vector_is_left_out() -> None:
    pool = hits(3, 2, 1)
    known = vectors(pool, 0, 0, 0)
    del known[pool[1].id]
    assert diversified(pool, known, 0.5) == [pool[0], pool[2]]
    assert diversified(pool, {}, 0.5) == []
    assert diversified([], {}, 0.5) == []
