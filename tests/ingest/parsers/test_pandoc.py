import subprocess
from pathlib import Path

import pypandoc
import pytest

from ingest.parsers import parse
from search.errors import CorruptDocumentError
from tests.ingest.parsers.files import blocks_of, text_file

SOURCE = """---
title: Regulamin pracy
author: Anna Nowak
---

# Urlop

Urlop zaległy.[^1]

| Dział | Dni |
|-------|-----|
| Biuro | 26  |

- jeden
- dwa

[^1]: Do 30 września.
"""
BODY = [
    ("heading1", "Urlop"),
    ("text", "Urlop zaległy.1"),
    ("table", "Dział | Dni\nBiuro | 26"),
    ("list", "jeden"),
    ("list", "dwa"),
]


@pytest.mark.parametrize("form", ["odt", "epub"])
def test_headings_tables_lists_and_metadata(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"a.{form}"
    command = [pypandoc.get_pandoc_path(), "--from", "markdown", "--to", form, "--standalone"]
    subprocess.run([*command, "--output", str(path)], input=SOURCE.encode(), check=True)
    document = parse(path)
    assert document.title == "Regulamin pracy"
    assert document.author == "Anna Nowak"
    found = [block for block in blocks_of(path) if block[1] != "Regulamin pracy"]
    assert [block for block in found if block in BODY] == BODY
    assert any("Do 30 września." in text for _, text in found)


def test_restructured_text(tmp_path: Path) -> None:
    text = "Urlop\n=====\n\nZasady ``urlopu``.\n\n.. include:: secret.txt\n\n* jeden\n* dwa\n"
    (tmp_path / "secret.txt").write_text("top secret")
    path = text_file(tmp_path / "a.rst", text)
    found = blocks_of(path)
    assert found == [("text", "Zasady urlopu."), ("list", "jeden"), ("list", "dwa")]
    assert parse(path).title == "Urlop"


def test_org(tmp_path: Path) -> None:
    text = (
        "#+TITLE: Zasady\n#+AUTHOR: Jan\n* Urlop\nZaległy urlop.\n| a | b |\n|---+---|\n| 1 | 2 |\n"
    )
    path = text_file(tmp_path / "a.org", text, "cp1250")
    assert blocks_of(path) == [
        ("heading1", "Urlop"), ("text", "Zaległy urlop."), ("table", "a | b\n1 | 2"),
    ]  # fmt: skip
    assert (parse(path).title, parse(path).author) == ("Zasady", "Jan")


def test_rows_of_rtf_that_share_one_definition(tmp_path: Path) -> None:
    text = (
        r"{\rtf1\ansi\ansicpg1250 {\pard Za\'bf\'f3\'b3\'e6\par}{\trowd\cellx3000\cellx6000 "
        r"\intbl A\cell B\cell\row \intbl 1\cell 2\cell\row}}"
    )
    assert blocks_of(text_file(tmp_path / "a.rtf", text)) == [
        ("text", "Zażółć"), ("table", "A | B\n1 | 2"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "header", [r"\ansi\ansicpg1250", r"\ansi\ansicpg1252{\fonttbl{\f0\fcharset238 Arial;}}"]
)
def test_polish_letters_of_rtf(tmp_path: Path, header: str) -> None:
    text = r"{\rtf1" + header + r"\pard Ga\'9cnica, \u380\'bfar\u243?wka, \'a3\'f3d\'9f\par}"
    assert blocks_of(text_file(tmp_path / "a.rtf", text, "latin-1")) == [
        ("text", "Gaśnica, żarówka, Łódź")
    ]


def test_garbage_is_corrupt(tmp_path: Path) -> None:
    with pytest.raises(CorruptDocumentError, match="pandoc cannot read"):
        parse(text_file(tmp_path / "a.odt", "no zip"))
