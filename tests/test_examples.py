"""The examples: what is promised of them, and that they can be made again."""

import json
import runpy
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from ingest.scan import scan
from ingest.sidecar import Rules
from search.experiments.datasets import Dataset, load_dataset

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
FORMATS = {"md", "txt", "html", "docx", "pptx", "xlsx", "csv", "pdf", "eml"}


@pytest.fixture(scope="module")
def golden() -> Dataset:
    return load_dataset(EXAMPLES / "golden")


def test_documents() -> None:
    files = list(scan(EXAMPLES, EXAMPLES, Rules("test")))
    assert len(files) >= 40
    assert all(file.supported for file in files)
    formats = Counter(file.absolute.suffix.removeprefix(".") for file in files)
    assert set(formats) == FORMATS
    assert min(formats.values()) >= 2


def test_golden_queries(golden: Dataset) -> None:
    kinds = Counter(query.metadata["kind"] for query in golden.queries)
    languages = Counter(query.metadata["language"] for query in golden.queries)
    answerable = {query.id for query in golden.queries if query.metadata["answerable"]}
    assert len(golden.queries) >= 60
    assert kinds["unanswerable"] >= 12
    assert {"inflection", "synonym", "cross-language", "code", "no-diacritics"} <= set(kinds)
    assert set(languages) == {"pl", "en", "de"}
    assert set(golden.qrels) == answerable
    assert {grade for judged in golden.qrels.values() for grade in judged.values()} == {1, 2}


def test_every_answer_stands_in_a_document_that_answers(golden: Dataset) -> None:
    texts = {p.id: " ".join(f"{p.title} {p.text}".split()) for p in golden.corpus}
    for query in golden.queries:
        answers = query.metadata["answers"]
        best = [d for d, grade in golden.qrels.get(query.id, {}).items() if grade == 2]
        assert bool(answers) == bool(best) == query.metadata["answerable"]
        for document in best:
            assert any(answer in texts[document] for answer in answers), (query.id, document)


def test_the_golden_corpus_is_what_our_parsers_read() -> None:
    committed = (EXAMPLES / "golden" / "corpus.jsonl").read_text(encoding="utf-8")
    corpus = runpy.run_path(str(EXAMPLES / "make_golden_corpus.py"))["corpus"]
    made = {line["_id"]: line for line in map(json.loads, corpus().splitlines())}
    kept = {line["_id"]: line for line in map(json.loads, committed.splitlines())}
    stale = [path for path in made | kept if made.get(path) != kept.get(path)]
    assert not stale, "run `make examples`"


def content(path: Path) -> object:
    """Return a file's bytes; of an Office package, those of its parts, as zlib builds differ."""
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def test_the_binary_files_can_be_made_again(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, str(EXAMPLES / "make_binaries.py"), "--output", str(tmp_path)],
        check=True,
        capture_output=True,
    )
    made = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(made) >= 20
    for path in made:
        committed = EXAMPLES / path.relative_to(tmp_path)
        if path.suffix == ".pdf":  # the same size is enough: streams are compressed
            assert abs(path.stat().st_size - committed.stat().st_size) < 200, path
        else:
            assert content(path) == content(committed), path
