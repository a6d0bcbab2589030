from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from pathlib import Path

import pytest

from ingest.parsers import parse
from search.errors import CorruptDocumentError, ProtectedDocumentError
from tests.ingest.parsers.files import blocks_of

CEST = timezone(timedelta(hours=2))


def message(**headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Rafał Tomczak <r@firma.example>"
    mail["To"] = "Wszyscy <w@firma.example>"
    mail["Date"] = "Mon, 07 Apr 2025 09:05:00 +0200"
    for name, value in headers.items():
        mail[name] = value
    return mail


def saved(path: Path, mail: EmailMessage) -> Path:
    path.write_bytes(mail.as_bytes())
    return path


def test_plain_part_is_preferred_and_attachments_are_named(tmp_path: Path) -> None:
    mail = message(Subject="Parking – nowe naklejki")
    mail.set_content("Dzień dobry,\n\nod 14 kwietnia nowe naklejki.\n\n> Kiedy nowe\n> naklejki?\n")
    mail.add_alternative("<p>HTML</p>", subtype="html")
    mail.add_attachment(b"x", maintype="application", subtype="pdf", filename="mapa parkingu.pdf")
    path = saved(tmp_path / "a.eml", mail)
    assert blocks_of(path) == [
        ("heading1", "Parking – nowe naklejki"),
        (
            "text",
            "From: Rafał Tomczak <r@firma.example>\nTo: Wszyscy <w@firma.example>\n"
            "Date: Mon, 07 Apr 2025 09:05:00 +0200",
        ),
        ("text", "Dzień dobry,"),
        ("text", "od 14 kwietnia nowe naklejki."),
        ("text", "Kiedy nowe\nnaklejki?"),
        ("text", "Attachments: mapa parkingu.pdf"),
    ]
    document = parse(path)
    assert document.title == "Parking – nowe naklejki"
    assert document.author == "Rafał Tomczak <r@firma.example>"
    assert document.modified == datetime(2025, 4, 7, 9, 5, tzinfo=CEST)


def test_html_only(tmp_path: Path) -> None:
    mail = message(Subject="Oferta")
    mail.set_content("<h1>Cennik</h1><p>Ceny w załączniku</p>", subtype="html")
    assert blocks_of(saved(tmp_path / "a.eml", mail))[2:] == [
        ("heading1", "Cennik"), ("text", "Ceny w załączniku"),
    ]  # fmt: skip


def test_utf8_that_is_declared_as_something_else(tmp_path: Path) -> None:
    head = (
        b"From: a@b.example\r\nSubject: X\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n"
    )
    (tmp_path / "a.eml").write_bytes(head + "Zażółć gęślą jaźń".encode())
    assert blocks_of(tmp_path / "a.eml")[-1] == ("text", "Zażółć gęślą jaźń")


def test_false_charset_is_corrected(tmp_path: Path) -> None:
    head = b"From: a@b.example\r\nSubject: X\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    (tmp_path / "a.eml").write_bytes(head + "Zażółć gęślą jaźń".encode("iso-8859-2"))
    assert blocks_of(tmp_path / "a.eml")[-1] == ("text", "Zażółć gęślą jaźń")


def test_encrypted_message(tmp_path: Path) -> None:
    mail = message(Subject="Tajne")
    mail["Content-Type"] = "application/pkcs7-mime; smime-type=enveloped-data"
    with pytest.raises(ProtectedDocumentError, match="encrypted"):
        parse(saved(tmp_path / "a.eml", mail))


def test_no_message(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_text("to nie jest wiadomość", encoding="utf-8")
    with pytest.raises(CorruptDocumentError, match="not an e-mail"):
        parse(tmp_path / "a.eml")


def test_bad_date_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(b"From: a@b.example\nDate: kiedys\nSubject: X\n\nTekst\n")
    assert parse(tmp_path / "a.eml").modified is None


def test_attachments_are_documents_of_their_own(tmp_path: Path) -> None:
    inner = message(Subject="Wewnętrzna")
    inner.set_content("Treść wewnętrzna.")
    inner.add_attachment("Najgłębiej.".encode(), maintype="text", subtype="plain", filename="c.txt")
    mail = message(Subject="Zewnętrzna")
    mail.set_content("W załączeniu.")
    mail.add_attachment(b"# Umowa\n\nTekst.", maintype="text", subtype="markdown",
                        filename="../../umowa.md")  # fmt: skip
    mail.add_attachment(b"PK garbage", maintype="application", subtype="x", filename="umowa.docx")
    mail.add_attachment(b"?", maintype="application", subtype="x", filename="a.bin")
    mail.add_attachment(b"x", maintype="image", subtype="png", filename="logo.png",
                        disposition="inline", cid="<logo>")  # fmt: skip
    mail.add_attachment(inner)
    document = parse(saved(tmp_path / "a.eml", mail))
    found = {a.name: a for a in document.attachments}
    names = list(found)
    assert names[:3] == [".._.._umowa.md".lstrip(". "), "umowa.docx", "a.bin"]
    first, broken, other, nested = document.attachments
    assert first.document is not None
    assert first.document.title == "Umowa"
    assert first.size == len("# Umowa\n\nTekst.")
    assert broken.problem and "Word document" in broken.problem
    assert other.problem and "type .bin" in other.problem
    assert nested.document is not None
    assert nested.document.title == "Wewnętrzna"
    [deepest] = nested.document.attachments
    assert deepest.document is not None
    assert deepest.document.blocks[0].text == "Najgłębiej."


def test_messages_nested_without_end(tmp_path: Path) -> None:
    mail = message(Subject="0")
    mail.set_content("0")
    for depth in range(1, 8):
        outer = message(Subject=str(depth))
        outer.set_content(str(depth))
        outer.add_attachment(mail)
        mail = outer
    document = parse(saved(tmp_path / "a.eml", mail))
    depth, problems = 0, []
    while document.attachments:
        [attachment] = document.attachments
        problems.append(attachment.problem)
        if attachment.document is None:
            break
        document, depth = attachment.document, depth + 1
    assert depth == 3
    assert problems[-1] == "It is nested too deeply in other attachments."


def test_names_of_attachments_are_told_apart(tmp_path: Path) -> None:
    mail = message(Subject="X")
    mail.set_content("X")
    for number in range(3):
        mail.add_attachment(f"Tekst {number}".encode(), maintype="text", subtype="plain",
                            filename="a.txt")  # fmt: skip
    document = parse(saved(tmp_path / "a.eml", mail))
    assert [a.name for a in document.attachments] == ["a.txt", "a (2).txt", "a (3).txt"]
    assert len({a.content_hash for a in document.attachments}) == 3
