"""`semsearch ls`, `show` and `rm`."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from ingest.uploads import Upload, Uploads
from tests.cli.conftest import Semsearch


@pytest.fixture
def indexed(semsearch: Semsearch, docs: Path) -> Path:
    (docs / "hr").mkdir()
    (docs / "hr" / "urlop.md").write_text("# Urlop opiekuńczy\n\nPięć dni [bez wynagrodzenia].\n")
    (docs / "semsearch.yaml").write_text(
        "rules:\n  - match: 'hr/**'\n    access: [group:hr]\n    tags: [kadry]\n"
    )
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "Jan <jan@firma.example>", "Cennik"
    mail.set_content("W załączeniu cennik.")
    mail.add_attachment("cena | 12", filename="cennik.txt")
    (docs / "mail.eml").write_bytes(mail.as_bytes())
    assert semsearch("ingest", str(docs)).code == 0
    return docs


def paths(semsearch: Semsearch, *arguments: str) -> list[str]:
    return [document["path"] for document in semsearch("ls", "--json", *arguments).json()]


def test_ls_filters(semsearch: Semsearch, indexed: Path) -> None:
    assert paths(semsearch) == [
        "hr/urlop.md", "mail.eml", "mail.eml/cennik.txt", "travel.md", "urlop.md",
    ]  # fmt: skip
    assert paths(semsearch, "hr/*") == ["hr/urlop.md"]
    assert paths(semsearch, "*.md", "*.txt") == [
        "hr/urlop.md", "mail.eml/cennik.txt", "travel.md", "urlop.md",
    ]  # fmt: skip
    assert paths(semsearch, "urlop.md") == ["hr/urlop.md", "urlop.md"]
    assert paths(semsearch, "--type", "eml") == ["mail.eml"]
    assert paths(semsearch, "--tag", "kadry") == ["hr/urlop.md"]
    assert paths(semsearch, "--author", "Jan <jan@firma.example>", "--type", "eml") == ["mail.eml"]
    assert paths(semsearch, "--source", str(indexed)) == paths(semsearch)
    assert paths(semsearch, "--language", "xx") == []
    assert paths(semsearch, "--as-group", "hr") == ["hr/urlop.md"]
    assert paths(semsearch, "--as-user", "somebody") == []


def test_ls_sorts(semsearch: Semsearch, indexed: Path) -> None:
    sizes = [d["size"] for d in semsearch("ls", "--json", "--sort", "size").json()]
    assert sizes == sorted(sizes)
    downwards = [d["size"] for d in semsearch("ls", "--json", "--sort", "size", "-r").json()]
    assert downwards == sizes[::-1]
    assert len(paths(semsearch, "--limit", "2")) == 2
    for key in ("path", "title", "modified", "chunks"):
        assert len(paths(semsearch, "--sort", key)) == 5


def test_ls_for_people(semsearch: Semsearch, indexed: Path) -> None:
    result = semsearch("ls", "--limit", "1")
    assert "hr/urlop.md" in result.out
    assert "Urlop opiekuńczy" in result.out
    assert "1 of 5 documents" in result.err


def test_show_is_what_was_indexed(semsearch: Semsearch, indexed: Path) -> None:
    shown = semsearch("show", "hr/urlop.md", "--json").json()
    assert shown["access"] == ["group:hr"]
    assert shown["tags"] == ["kadry"]
    assert shown["language"] == "pl"
    [chunk] = shown["chunks"]
    assert chunk["embedded"] == "Urlop opiekuńczy\nPięć dni [bez wynagrodzenia]."
    assert chunk["text"] == "Pięć dni [bez wynagrodzenia]."
    assert chunk["tokens"] > 0
    for name in (str(indexed / "hr" / "urlop.md"), shown["document_id"]):
        result = semsearch("show", name)
        assert "Pięć dni [bez wynagrodzenia]." in result.out
        assert "group:hr" in result.out
        assert f"{chunk['tokens']} tokens" in result.out
    assert "administrators only" in semsearch("show", "travel.md").out


def test_show_says_what_it_cannot_find(semsearch: Semsearch, indexed: Path) -> None:
    missing = semsearch("show", "nothing.md")
    assert missing.code == 2
    assert "semsearch ls" in missing.err
    assert semsearch("show", "hr/urlop.md", "--as-user", "anna").code == 2
    (indexed / "hr" / "travel.md").write_text("Podróże")
    semsearch("ingest", str(indexed))
    (indexed / "travel.md").unlink()
    semsearch("ingest", str(indexed))
    (indexed / "legal").mkdir()
    (indexed / "legal" / "travel.md").write_text("Reisen")
    semsearch("ingest", str(indexed))
    several = semsearch("show", "travel.md")
    assert several.code == 2
    assert "hr/travel.md" in several.err
    assert "legal/travel.md" in several.err


def test_rm_takes_attachments_along(semsearch: Semsearch, indexed: Path) -> None:
    kept = semsearch("rm", "mail.eml", "--yes")
    assert kept.code == 2
    assert ".semsearchignore" in kept.err
    assert "attached to mail.eml" in semsearch("rm", "mail.eml/cennik.txt", "--yes").err
    (indexed / "mail.eml").unlink()
    looked = semsearch("rm", "mail.eml", "--dry-run", "--json").json()
    assert [d["path"] for d in looked["removed"]] == ["mail.eml", "mail.eml/cennik.txt"]
    assert len(paths(semsearch)) == 5
    unconfirmed = semsearch("rm", "mail.eml")
    assert unconfirmed.code == 2
    assert "--yes" in unconfirmed.err
    assert semsearch("rm", "mail.eml", "--yes").code == 0
    assert paths(semsearch) == ["hr/urlop.md", "travel.md", "urlop.md"]


def test_rm_of_what_was_uploaded_deletes_the_copy(
    semsearch: Semsearch, indexed: Path, tmp_path: Path
) -> None:
    uploads = Uploads(tmp_path / "data", "default")
    names = ("a.md", "b.md", "c.md")
    for name in names:
        (tmp_path / name).write_text(f"Przesłany plik {name}.")
    uploads.place([Upload(name, tmp_path / name) for name in names], tmp_path)
    assert semsearch("ingest", str(uploads.root)).code == 0
    assert semsearch("rm", "a.md", "--dry-run").code == 0
    assert (uploads.root / "a.md").exists()
    assert semsearch("rm", "a.md", "--yes").code == 0
    assert not (uploads.root / "a.md").exists()
    assert "0 added, 2 unchanged" in semsearch("ingest", str(uploads.root)).out
    assert semsearch("rm", str(uploads.root), "--yes").code == 0
    assert not list(uploads.root.glob("*.md"))
    assert (indexed / "travel.md").exists()


def test_rm_by_force_until_the_next_sync(semsearch: Semsearch, indexed: Path) -> None:
    assert semsearch("rm", "travel.md", "--force", "--yes").code == 0
    assert "travel.md" not in paths(semsearch)
    assert (indexed / "travel.md").exists()
    semsearch("ingest", str(indexed))
    assert "travel.md" in paths(semsearch)


def test_rm_forgets_a_source_and_no_other(
    semsearch: Semsearch, indexed: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.md").write_text("Inne źródło.")
    semsearch("ingest", str(other))
    assert semsearch("rm", str(indexed), "--yes").code == 0
    assert paths(semsearch) == ["a.md"]
    assert (indexed / "urlop.md").exists()
    assert semsearch("rm", "gone.md", "--yes").code == 2
