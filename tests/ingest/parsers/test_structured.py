import json
from pathlib import Path

import pytest

from ingest.parsers import parse
from search.errors import CorruptDocumentError, EmptyDocumentError
from tests.ingest.parsers.files import blocks_of, text_file


def test_alike_records_are_a_table(tmp_path: Path) -> None:
    records = [{"nr_czesci": "F-17", "cena": 12.5, "na_stanie": True}, {"nr_czesci": "F-18"}]
    table = ("table", "nr czesci | cena | na stanie\nF-17 | 12.5 | true\nF-18")
    assert blocks_of(text_file(tmp_path / "a.json", json.dumps(records))) == [table]
    lines = "\n".join(map(json.dumps, records)) + "\n"
    assert blocks_of(text_file(tmp_path / "a.ndjson", lines)) == [table]
    assert blocks_of(text_file(tmp_path / "b.json", lines)) == [table], "JSON lines by content"


def test_nested_values_stand_under_their_key(tmp_path: Path) -> None:
    value = {
        "title": "Umowa", "tags": ["a", "b"], "empty": None,
        "party": {"name": "Firma", "address": {"city": "Łódź"}},
        "items": [{"what": "x" * 200}, {"what": "y"}],
    }  # fmt: skip
    assert blocks_of(text_file(tmp_path / "a.json", json.dumps(value))) == [
        ("text", "title: Umowa\ntags: a, b"),
        ("heading1", "party"),
        ("text", "name: Firma"),
        ("heading2", "address"),
        ("text", "city: Łódź"),
        ("heading1", "items"),
        ("text", f"what: {'x' * 200}"),
        ("text", "what: y"),
    ]


def test_scalars_and_other_encodings(tmp_path: Path) -> None:
    assert blocks_of(text_file(tmp_path / "a.json", '"Gęś"', "utf-16")) == [("text", "Gęś")]
    assert blocks_of(text_file(tmp_path / "b.json", '["a", 1]')) == [("text", "a"), ("text", "1")]
    with pytest.raises(EmptyDocumentError):
        parse(text_file(tmp_path / "c.json", "{}"))


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [("a.json", '{"a":\n 1,\n}', "line 3"), ("a.ndjson", '{"a": 1}\n{"a"\n', "Line 2")],
)
def test_malformed(tmp_path: Path, name: str, text: str, line: str) -> None:
    with pytest.raises(CorruptDocumentError, match=line):
        parse(text_file(tmp_path / name, text))


def test_endless_nesting_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises((CorruptDocumentError, RecursionError)):
        parse(text_file(tmp_path / "a.json", "[" * 100_000))
