"""The managed source on disk: names, rules, and putting files in their places."""

from pathlib import Path

import pytest

from ingest.sidecar import read_sidecar
from ingest.uploads import Upload, Uploads, safe_path
from search.assemble import open_store_as_is
from search.domain import Document, Principal
from search.errors import ConflictError, InputError
from search.settings import Settings
from tests.ingest.folders import run_sync, settings_in

ADMIN = Principal("acme", admin=True)


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path, "acme")


def received(tmp_path: Path, path: str, content: str, *access: str) -> Upload:
    file = tmp_path / f"received-{len(list(tmp_path.iterdir()))}"
    file.write_text(content)
    return Upload(path, file, access, ("a tag",))


@pytest.mark.parametrize(
    ("name", "folder", "path"),
    [
        ("umowa [2].pdf", "", "umowa [2].pdf"),
        ("hr\\2025\\umowa.pdf", "", "hr/2025/umowa.pdf"),
        ("a.md", "hr", "hr/a.md"),
        ("z\u0307o\u0301łw.md", "", "żółw.md"),
    ],
)
def test_names_that_are_kept(name: str, folder: str, path: str) -> None:
    assert safe_path(name, folder) == path


@pytest.mark.parametrize(
    "name",
    ["", "..", "a/..", "../a.md", "/a.md", "\\\\server\\a.md", "C:\\a.md", "a\0.md", "a\n.md",
     "a\x1b.md", "a//b.md", "./a.md", ".a.md", "NUL", "aux.md", "a.md ", "a.", "a:b.md",
     "\udc80.md", "ż" * 130 + ".md", "Semsearch.YAML", "x/" * 501],
)  # fmt: skip
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"called|more than"):
        safe_path(name)


def test_names_with_signs_of_patterns_get_their_own_rules(uploads: Uploads, tmp_path: Path) -> None:
    files = [
        received(tmp_path, "hr/*.md", "wszystko", "group:hr"),
        received(tmp_path, "hr/[ab].md", "a albo b", "user:anna"),
        received(tmp_path, "hr/!a.md", "nie a", "public"),
        received(tmp_path, "hr/a.md", "a"),
    ]
    uploads.place(files, tmp_path)

    def readers(path: str) -> set[str]:
        people = {"hr": Principal("acme", groups=frozenset({"hr"})),
                  "anna": Principal("acme", "anna"), "nobody": Principal("acme")}  # fmt: skip
        found = set()
        for name, person in people.items():
            try:
                uploads.check(path, person)
                found.add(name)
            except ConflictError:
                pass
        return found

    assert readers("hr/*.md") == {"hr"}
    assert readers("hr/[ab].md") == {"anna"}
    assert readers("hr/!a.md") == {"hr", "anna", "nobody"}
    assert readers("hr/a.md") == set()
    assert readers("hr/new.md") == {"hr", "anna", "nobody"}


def test_what_was_placed_can_be_taken_back(uploads: Uploads, tmp_path: Path) -> None:
    uploads.place([received(tmp_path, "a.md", "pierwszy", "user:anna")], tmp_path)
    rules = (uploads.root / "semsearch.yaml").read_text()
    files = [received(tmp_path, "a.md", "drugi", "public"), received(tmp_path, "b/c.md", "trzeci")]
    placed = uploads.place(files, tmp_path)
    assert (uploads.root / "a.md").read_text() == "drugi"
    uploads.take_back(placed)
    assert (uploads.root / "a.md").read_text() == "pierwszy"
    assert (uploads.root / "semsearch.yaml").read_text() == rules
    assert not (uploads.root / "b" / "c.md").exists()


def test_all_are_placed_or_none(uploads: Uploads, tmp_path: Path) -> None:
    uploads.place([received(tmp_path, "b/old.md", "stary")], tmp_path)
    (uploads.root / "b" / "semsearch.yaml").write_text("files: [")
    files = [received(tmp_path, "a/new.md", "nowy"), received(tmp_path, "b/new.md", "nowy")]
    with pytest.raises(ConflictError, match=r"acme/b .*semsearch\.yaml is mended"):
        uploads.place(files, tmp_path)
    assert not (uploads.root / "a" / "new.md").exists()
    assert not (uploads.root / "b" / "new.md").exists()


def test_what_an_administrator_wrote_into_the_rules_stays(uploads: Uploads, tmp_path: Path) -> None:
    uploads.place([received(tmp_path, "a.md", "tekst")], tmp_path)
    file = uploads.root / "semsearch.yaml"
    file.write_text(file.read_text() + "rules:\n- {match: '*.md', tags: [ours]}\n")
    uploads.place([received(tmp_path, "b.md", "tekst", "public")], tmp_path)
    sidecar = read_sidecar(uploads.root)
    assert sidecar is not None
    assert "ours" in file.read_text()


def test_a_name_of_a_folder_is_taken(uploads: Uploads, tmp_path: Path) -> None:
    uploads.place([received(tmp_path, "a.md/b.md", "tekst")], tmp_path)
    for path in ("a.md", "a.md/b.md/c.md"):
        with pytest.raises(ConflictError, match="taken"):
            uploads.check(path, ADMIN)


@pytest.mark.parametrize("tenant", ["..", ".", ".git", "acme"])
def test_every_tenant_has_a_folder_below_uploads(tenant: str, tmp_path: Path) -> None:
    root = Uploads(tmp_path, tenant).root
    assert root.resolve().parent == tmp_path / "uploads"
    assert not root.name.startswith(".")


def test_a_sync_of_a_folder_around_leaves_uploads_alone(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    uploads = Uploads(settings.data_dir, "acme")
    uploads.place([received(tmp_path, "a.md", "Tajne firmy acme.")], tmp_path)
    (tmp_path / "b.md").write_text("Jawne.")
    run_sync([uploads.root], settings)
    run_sync([tmp_path], settings)
    found = {document.path: document for document in all_documents(settings)}
    assert {path for path in found if path.endswith(".md")} == {"a.md", "b.md"}
    assert uploads.holds(found["a.md"])
    assert (found["a.md"].tenant, found["a.md"].access) == ("acme", ())


def all_documents(settings: Settings) -> list[Document]:
    store = open_store_as_is(settings)
    documents = list(store.manifest())
    store.close()
    return documents
