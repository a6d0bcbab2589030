"""Maximal marginal relevance (Carbonell & Goldstein 1998): hits that do not repeat one another.

The engine's own MMR starts from one vector, so that it cannot follow fused scores. This one
runs over the pool that any mode found.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from search.domain import Hit, Vector

POOL = 50
"""The best hits, which are reordered; what comes after them would be unlike, but no answer."""


def diversified(hits: Sequence[Hit], vectors: Mapping[str, Vector], diversity: float) -> list[Hit]:
    """Order hits so that each is relevant and unlike those before it.

    The next hit is always the one with the largest
    `(1 - diversity) * relevance - diversity * similarity`, where relevance is its score and
    similarity the largest cosine to a hit already chosen. Both are stretched to 0…1 over the
    pool, so that the same diversity means the same whatever the mode and the model. The
    first hit stays first; of equals, the one ranked higher comes first.

    Args:
        hits: the pool, best first.
        vectors: of their passages by id of the hit, L2-normalized.
        diversity: 0 keeps the order, 1 only looks for what is unlike.

    Returns:
        The same hits; those without a vector (removed meanwhile) are left out.
    """
    pool = [hit for hit in hits if hit.id in vectors]
    if not pool:
        return []
    matrix = np.stack([vectors[hit.id] for hit in pool])
    relevance = _stretched(np.array([hit.score for hit in pool], dtype=np.float64))
    likeness = _stretched(np.asarray(matrix @ matrix.T, dtype=np.float64))
    order = [0]
    nearest = likeness[0].copy()
    left = np.ones(len(pool), dtype=bool)
    left[0] = False
    while left.any():
        gain = np.where(left, (1 - diversity) * relevance - diversity * nearest, -np.inf)
        best = int(gain.argmax())
        order.append(best)
        left[best] = False
        nearest = np.maximum(nearest, likeness[best])
    return [pool[place] for place in order]


def _stretched(values: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.zeros_like(values)
