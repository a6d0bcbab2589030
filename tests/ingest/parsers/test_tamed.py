import os
import subprocess
import sys

import pytest

from ingest.parsers.tamed import QUIET, with_unstructured


def test_sentences_are_cut_without_a_downloaded_model() -> None:
    with_unstructured("docx")
    from unstructured.nlp.tokenize import sent_tokenize

    assert list(sent_tokenize("Pierwsze zdanie. Drugie zdanie.")) == [
        "Pierwsze zdanie.",
        "Drugie zdanie.",
    ]
    assert {name: os.environ[name] for name in QUIET} == QUIET


@pytest.mark.parametrize("module", ["ingest.parsers", "ingest.scan", "ingest.chunking"])
def test_importing_is_light(module: str) -> None:
    code = (
        f"import sys, {module}; heavy = {{'unstructured', 'spacy', 'torch', 'docx', 'openpyxl', "
        "'pptx', 'pypdfium2', 'py3langid'}; sys.exit(str(heavy & set(sys.modules) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
