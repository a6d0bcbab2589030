"""How probable a token is among all that a language model could say next.

The dearest part of scoring a query where passages are known: 262,144 rows in Gemma's table. It
is gone through in tiles that the processor's cache holds, so that no table of logits is ever
written, and for a query in Latin letters only as far as the tokens with letters of other
scripts, which come last. That leaves out what a model that read Polish or English holds for
next to impossible, and nothing of the order of passages. Measured with Gemma 3 270M, 180 rows,
two cores: 0.25 s for the whole table of logits, 0.18 s in tiles, 0.11 s in tiles for Latin.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from search.embedders.packed import packed_linear

TILE = 16384
"""Tokens of a tile."""
LATIN_ENDS = 0x250
"""Where Unicode's blocks of Latin letters end."""


class Vocabulary:
    """The last layer of a language model."""

    def __init__(self, weights: Tensor, tokens: Sequence[str | None]) -> None:
        """Order the tokens by script, and make the tiles.

        Args:
            weights: of the last layer, [vocabulary, dimension].
            tokens: as the tokenizer writes them, [vocabulary]; None where it has none.
        """
        self._weights = weights
        self._latin = torch.tensor([is_latin(token) for token in tokens])
        self._latin_tiles = self._tiles(self._latin)
        self._other_tiles = self._tiles(~self._latin)

    def log_probabilities(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return log P of each target, among Latin tokens if all targets are.

        Args:
            hidden: last states, [rows, dimension].
            targets: tokens, [rows].

        Returns:
            float32 [rows].
        """
        # log P(t) is -log of the sum of exp(x - x_t) over all logits x: no maximum is needed.
        target_logits = (hidden.float() * self._weights[targets].float()).sum(1, keepdim=True)
        shift = target_logits.to(hidden.dtype)
        total = torch.zeros(len(hidden))
        latin = bool(self._latin[targets].all())
        for tile in self._latin_tiles if latin else (*self._latin_tiles, *self._other_tiles):
            total += tile(hidden).sub_(shift).exp_().sum(1, dtype=torch.float32)
        return -total.log()

    def _tiles(self, wanted: Tensor) -> tuple[nn.Module, ...]:
        parts = torch.split(wanted.nonzero()[:, 0], TILE) if wanted.any() else ()
        return tuple(_layer(self._weights[ids]) for ids in parts)


def is_latin(token: str | None) -> bool:
    """Tell whether all letters of a token are Latin; digits and signs belong to all scripts."""
    return token is not None and all(
        ord(letter) < LATIN_ENDS for letter in token if letter.isalpha()
    )


def _layer(weights: Tensor) -> nn.Module:
    rows, dimension = weights.shape
    layer = nn.Linear(dimension, rows, bias=False, device="meta")
    layer.weight = nn.Parameter(weights, requires_grad=False)
    return packed_linear(layer)
