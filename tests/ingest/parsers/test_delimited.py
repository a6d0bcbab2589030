from pathlib import Path

import pytest

from tests.ingest.parsers.files import blocks_of, text_file


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    text = "kraj;dieta\nNiemcy;49\nWłochy;53\n".replace(";", delimiter)
    path = text_file(tmp_path / "a.csv", text)
    assert blocks_of(path) == [("table", "kraj | dieta\nNiemcy | 49\nWłochy | 53")]


def test_quotes_decimal_commas_and_empty_rows(tmp_path: Path) -> None:
    text = 'nazwa;cena;uwagi\n"pas; zębaty";12,50;\n;;\n"dwa\nwiersze";3,00;x\n'
    path = text_file(tmp_path / "a.csv", text, "cp1250")
    assert blocks_of(path) == [
        ("table", "nazwa | cena | uwagi\npas; zębaty | 12,50\ndwa wiersze | 3,00 | x")
    ]


def test_odd_quote_does_not_swallow_lines(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.tsv", 'monitor\tsztuk\n24" Vulcan\t3\nlaptop\t5\n')
    assert blocks_of(path) == [("table", 'monitor | sztuk\n24" Vulcan | 3\nlaptop | 5')]
