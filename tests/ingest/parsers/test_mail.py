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
