from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.parsers import parse
from tests.ingest.parsers.files import blocks_of, text_file

PAGE = """<!DOCTYPE html><html lang="pl"><head><meta charset="utf-8">
<title>Benefity – Intranet</title><meta name="author" content="Kadry">
<meta property="article:modified_time" content="2025-03-01"><style>p {}</style></head><body>
<nav><a href="/">Start</a></nav>
<ul><li><a href="/">Start</a></li><li><a href="/hr">Kadry</a></li><li>Benefity</li></ul>
<form><h1>Benefity</h1>
<p>Pakiet<br>medyczny i&nbsp;karta <b>spor</b>towa.</p>
Tekst bez akapitu<div>i w bloku</div>
<h2>Stawki <a class="headerlink" href="#s">¶</a></h2>
<table><caption>Tabela 1</caption>
<tr><th rowspan="2">Kraj</th><th colspan="2">Stawki</th></tr><tr><th>dieta</th><th>hotel</th></tr>
<tr><td rowspan="2">Niemcy</td><td>49</td><td>170</td></tr><tr><td>60</td><td>200</td></tr></table>
<ol start="3"><li>trzeci<ul><li>pod a</li><li>pod b</li></ul></li><li><p>czwarty</p></li></ol>
<pre><code>if x:
    y()</code></pre></form>
<script>alert(1)</script><footer>© 2025</footer></body></html>"""


def test_page(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.html", PAGE)
    assert blocks_of(path) == [
        ("heading1", "Benefity"),
        ("text", "Pakiet\nmedyczny i karta sportowa."),
        ("text", "Tekst bez akapitu"),
        ("text", "i w bloku"),
        ("heading2", "Stawki"),
        ("text", "Tabela 1"),
        ("table", "Kraj | Stawki\nKraj | dieta | hotel\nNiemcy | 49 | 170\nNiemcy | 60 | 200"),
        ("list", "3. trzeci"),
        ("list1", "pod a"),
        ("list1", "pod b"),
        ("list", "4. czwarty"),
        ("code", "if x:\n    y()"),
    ]
    document = parse(path)
    assert (document.title, document.author) == ("Benefity", "Kadry")
    assert document.modified == datetime(2025, 3, 1, tzinfo=UTC)


def test_layout_tables_are_dissolved(tmp_path: Path) -> None:
    markup = (
        "<table><tr><td>menu</td><td><h1>Tytuł</h1><p>Treść</p>"
        "<table><tr><td>a</td><td>b</td></tr></table></td></tr></table>"
    )
    path = text_file(tmp_path / "a.htm", markup)
    assert blocks_of(path) == [
        ("text", "menu"), ("heading1", "Tytuł"), ("text", "Treść"), ("table", "a | b"),
    ]  # fmt: skip


@pytest.mark.parametrize("declared", ["windows-1250", "utf-8", "nonsense"])
def test_declared_charset_is_used_where_it_works(tmp_path: Path, declared: str) -> None:
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={declared}">'
    path = text_file(tmp_path / "a.html", f"{meta}<p>Zażółć gęślą jaźń", "cp1250")
    assert blocks_of(path) == [("text", "Zażółć gęślą jaźń")]


def test_xhtml_is_read_as_html(tmp_path: Path) -> None:
    markup = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><p>Treść</p></html>'
    assert blocks_of(text_file(tmp_path / "a.html", markup)) == [("text", "Treść")]


def test_text_beside_unknown_elements_is_kept(tmp_path: Path) -> None:
    markup = "<div>a<table><tr><td>x</td></tr></table> b <p>q</p><my-box>c</my-box></div>"
    texts = [text for _, text in blocks_of(text_file(tmp_path / "a.html", markup))]
    assert texts == ["a", "x", "b", "q", "c"]
