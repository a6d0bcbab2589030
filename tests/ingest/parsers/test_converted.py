"""Through LibreOffice, where it is installed; what belies its extension needs none."""

import http.server
import threading
import zipfile
from pathlib import Path

import pytest

from ingest.parsers import parse
from ingest.parsers.tools import LIBREOFFICE
from search.errors import CorruptDocumentError, MissingToolError
from tests.ingest.parsers.files import blocks_of, text_file
from tests.ingest.parsers.samples import SENTENCE, make, needs


@pytest.mark.parametrize(
    ("name", "text", "blocks"),
    [
        ("a.doc", "{\\rtf1 Umowa najmu\\par}", [("text", "Umowa najmu")]),
        ("a.doc", "<html><body><h1>Umowa</h1></body></html>", [("heading1", "Umowa")]),
        ("a.xls", "<table><tr><td>a</td><td>b</td></tr></table>", [("table", "a | b")]),
        ("a.xls", "a\tb\n1\t2\n", [("table", "a | b\n1 | 2")]),
        ("a.doc", "Zwykły tekst umowy.", [("text", "Zwykły tekst umowy.")]),
    ],
)
def test_content_that_belies_its_extension(
    tmp_path: Path, name: str, text: str, blocks: list[tuple[str, str]]
) -> None:
    assert blocks_of(text_file(tmp_path / name, text)) == blocks


def test_a_new_file_with_an_old_extension(tmp_path: Path) -> None:
    path = make(tmp_path, ".docx").rename(tmp_path / "a.doc")
    assert ("text", SENTENCE) in blocks_of(path)


def test_garbage_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "a.ppt"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(CorruptDocumentError, match=r"no \.ppt file"):
        parse(path)


def test_without_libreoffice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.doc"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600))
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(MissingToolError, match="apt install libreoffice") as raised:
        parse(path)
    assert raised.value.tool == "LibreOffice"


@pytest.mark.slow
def test_linked_pictures_are_not_fetched(tmp_path: Path) -> None:
    """A document may tell who reads it, and when, by a picture that lies elsewhere."""
    needs(LIBREOFFICE.path(), "LibreOffice")
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *details: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/spy.png"
    plain, linked = make(tmp_path, ".odp"), tmp_path / "linked.odp"
    frame = (
        f'<draw:frame svg:width="5cm" svg:height="5cm" svg:x="1cm" svg:y="1cm"><draw:image '
        f'xlink:href="{url}" xlink:type="simple" xlink:show="embed" xlink:actuate="onLoad"/>'
        "</draw:frame></draw:page>"
    )
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(linked, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "content.xml":
                assert b"</draw:page>" in data
                data = data.replace(b"</draw:page>", frame.encode(), 1)
            new.writestr(name, data)
    try:
        text = " ".join(text for _, text in blocks_of(linked))
    finally:
        server.shutdown()
        server.server_close()
    assert SENTENCE in text
    assert asked == []
