"""`unstructured`, made to stay offline (DESIGN, decision 6).

At first use it would fetch spaCy's `en_core_web_sm`, and at import it reports home. Import
its partitioners through here: `with_unstructured("docx").partition_docx(...)`.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any

QUIET = {
    "DO_NOT_TRACK": "true",
    "SCARF_NO_ANALYTICS": "true",
    "UNSTRUCTURED_DISABLE_NOTICE": "1",
}


def with_unstructured(name: str) -> ModuleType:
    """Import `unstructured.partition.NAME` with analytics off and a sentencizer in place.

    Args:
        name: of the module, e.g. `docx`.
    """
    os.environ.update(QUIET)
    _tame()
    return import_module(f"unstructured.partition.{name}")


@contextmanager
def _hidden(*names: str) -> Iterator[None]:
    """Keep modules from being imported: spaCy would load PyTorch, which takes 3 seconds."""
    hidden = [name for name in names if name not in sys.modules]
    modules: dict[str, Any] = sys.modules
    modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            del modules[name]


@lru_cache(maxsize=1)
def _tame() -> None:
    """Replace the English model, which is downloaded, by a blank multilingual pipeline."""
    with _hidden("torch", "tensorflow", "mxnet"):
        import spacy
        from unstructured.nlp import tokenize

    pipeline = spacy.blank("xx")
    pipeline.add_pipe("sentencizer")
    if not hasattr(tokenize, "_get_nlp"):
        raise RuntimeError("unstructured has moved _get_nlp: adapt ingest.parsers.tamed")
    tokenize._get_nlp = lambda: pipeline  # type: ignore[assignment]
