from pathlib import Path

import numpy as np
import pytest

from search.embedders.e5_file import dequantize, read_e5_file
from search.embedders.e5_model import bundled_file
from search.errors import ModelCorruptError


def test_block_of_weights_by_hand() -> None:
    nibbles = np.zeros(16, dtype=np.uint8)
    nibbles[0] = 0x9F  # low: weight 0 = 15 - 8 = 7; high: weight 16 = 9 - 8 = 1
    nibbles[1] = 0x08  # low: weight 1 = 0; high: weight 17 = -8
    block = np.concatenate([np.array([0.5], dtype="<f2").view(np.uint8), nibbles])
    weights = dequantize(block)
    assert weights.dtype == np.float16
    assert weights[[0, 1, 16, 17]].tolist() == [3.5, 0, 0.5, -4]
    assert weights[[2, 31]].tolist() == [-4, -4]  # nibble 0


def test_bundled_file_is_read() -> None:
    model = read_e5_file(bundled_file())
    assert (model.shape.hidden, model.shape.layers) == (384, 12)
    assert [model.vocabulary.piece(index) for index in range(4)] == [
        "<s>",
        "<pad>",
        "</s>",
        "<unk>",
    ]
    assert model.read("l11.fo.w", 384, 1536).shape == (384, 1536)
    with pytest.raises(ValueError, match="shape"):
        model.read("l11.fo.w", 384, 1537)


@pytest.mark.parametrize("size", [0, 3, 10, 60, 100_000, 4_000_000])
def test_file_cut_short_is_reported(tmp_path: Path, size: int) -> None:
    path = tmp_path / "model.bin"
    with bundled_file().open("rb") as source:
        path.write_bytes(source.read(size))
    with pytest.raises(ModelCorruptError, match=str(path)):
        read_e5_file(path)


def test_other_file_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"GGUF" + bytes(1000))
    with pytest.raises(ModelCorruptError, match="E5S1"):
        read_e5_file(path)
