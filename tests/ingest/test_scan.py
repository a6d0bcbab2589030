import hashlib
import os
from pathlib import Path

import pytest

from ingest.scan import ScannedFile, content_hash, scan, stamp_of
from ingest.sidecar import Rules


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def write(root: Path, *names: str, text: str = "x") -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


DEFAULTS = Rules("acme", (), ("public",))


def scanned(
    root: Path, target: Path | None = None, **patterns: tuple[str, ...]
) -> list[ScannedFile]:
    return list(scan(root, target or root, DEFAULTS, **patterns))


def paths(root: Path, target: Path | None = None) -> list[str]:
    return [file.path for file in scanned(root, target)]


def test_files_come_sorted_with_forward_slashes(root: Path) -> None:
    write(root, "b.txt", "a/z.md", "a/b/c.txt", "Zażółć.txt")
    assert paths(root) == ["Zażółć.txt", "a/b/c.txt", "a/z.md", "b.txt"]


def test_size_mtime_and_support(root: Path) -> None:
    write(root, "a.TXT", "b.xyz", text="12345")
    os.utime(root / "a.TXT", (0, 1_700_000_000))
    known, unknown = scanned(root)
    assert (known.size, known.supported) == (5, True)
    assert known.stamp == stamp_of((root / "a.TXT").stat())
    assert known.stamp.split(":")[1] == "1700000000000000000"
    assert (unknown.path, unknown.supported, unknown.problem) == ("b.xyz", False, None)


def test_hidden_files_and_folders_are_passed_over(root: Path) -> None:
    write(root, ".git/a.txt", ".hidden.txt", "a/.b/c.txt", "seen.txt")
    assert paths(root) == ["seen.txt"]


def test_ignore_files_hold_for_their_folder_and_below(root: Path) -> None:
    write(root, "a.txt", "b.md", "sub/a.txt", "sub/deep/c.txt", "other/c.txt", "drafts/x.txt")
    (root / ".semsearchignore").write_text("*.md\n/drafts/\n# uwaga\n", encoding="utf-8")
    (root / "sub/.semsearchignore").write_text("c.txt\n", encoding="utf-8")
    assert paths(root) == ["a.txt", "other/c.txt", "sub/a.txt"]


def test_deeper_ignore_file_has_the_last_word(root: Path) -> None:
    write(root, "a.log.txt", "keep/a.log.txt")
    (root / ".semsearchignore").write_text("*.log.txt\n", encoding="utf-8")
    (root / "keep/.semsearchignore").write_text("!*.log.txt\n", encoding="utf-8")
    assert paths(root) == ["keep/a.log.txt"]


def test_ignore_files_above_the_target_count(root: Path) -> None:
    write(root, "sub/a.txt", "sub/b.txt")
    (root / ".semsearchignore").write_text("sub/b.txt\n", encoding="utf-8")
    assert paths(root, root / "sub") == ["sub/a.txt"]


def test_ignore_file_in_another_encoding(root: Path) -> None:
    write(root, "a.txt", "b.txt")
    (root / ".semsearchignore").write_bytes("# żółte\nb.txt\n".encode("cp1250"))
    assert paths(root) == ["a.txt"]


def test_single_file(root: Path) -> None:
    write(root, "sub/a.txt", "sub/b.txt")
    assert paths(root, root / "sub/b.txt") == ["sub/b.txt"]


def test_links_are_not_followed_out_of_the_root(root: Path, tmp_path: Path) -> None:
    write(tmp_path, "outside/secret.txt")
    write(root, "a.txt")
    (root / "link.txt").symlink_to(tmp_path / "outside/secret.txt")
    (root / "folder").symlink_to(tmp_path / "outside")
    (root / "loop").symlink_to(root)
    (root / "inside.txt").symlink_to(root / "a.txt")
    assert paths(root) == ["a.txt", "inside.txt"]


def test_dangling_link_is_a_problem(root: Path) -> None:
    (root / "gone.txt").symlink_to(root / "nowhere.txt")
    (file,) = scanned(root)
    assert file.problem == "The file cannot be read: No such file or directory."


def test_what_is_no_regular_file_is_passed_over(root: Path) -> None:
    os.mkfifo(root / "pipe.txt")
    (root / "null.txt").symlink_to("/dev/null")
    write(root, "a.txt")
    assert paths(root) == ["a.txt"]


def test_name_that_is_not_utf8_is_shown_escaped(root: Path) -> None:
    for name in (b"za\xbf\xf3.txt", b"za\\xbf\xf3.txt"):
        Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_text("x", encoding="utf-8")
    found = scanned(root)
    assert [file.path for file in found] == ["za\\\\xbf\\xf3.txt", "za\\xbf\\xf3.txt"]
    assert all(file.problem is None and file.absolute.read_text() == "x" for file in found)


def test_odd_names(root: Path) -> None:
    long = "ż" * 125 + ".txt"  # 254 bytes
    write(root, "two\nlines.txt", long, " spaces .txt")
    assert set(paths(root)) == {"two\nlines.txt", long, " spaces .txt"}


def test_folder_without_permission_is_a_problem(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, "a.txt", "locked/b.txt")
    scandir = os.scandir

    def refuse(folder: Path) -> object:
        if Path(folder).name == "locked":
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr("os.scandir", refuse)
    assert [(file.path, file.problem) for file in scanned(root)] == [
        ("a.txt", None),
        ("locked", "The folder cannot be read: Permission denied."),
    ]


def test_content_hash_is_blake2b_of_the_bytes(root: Path) -> None:
    data = b"zawarto\xb6\xe6" * 100_000
    (root / "a.bin").write_bytes(data)
    expected = hashlib.blake2b(data, digest_size=16).hexdigest()
    assert content_hash(root / "a.bin") == expected
    assert len(expected) == 32


def test_rule_that_is_no_rule_is_a_problem_and_the_others_hold(root: Path) -> None:
    write(root, "a.txt", "b.txt")
    (root / ".semsearchignore").write_text("!\nb.txt\n", encoding="utf-8")
    problem, file = scanned(root)
    assert problem.path == ".semsearchignore"
    assert problem.problem == "Line 1 is no rule in gitignore syntax: '!'."
    assert file.path == "a.txt"


def test_rules_that_cannot_be_read_leave_their_folder_as_it_is(root: Path) -> None:
    write(root, "a.txt", "sub/b.txt")
    (root / "sub/.semsearchignore").mkdir()
    assert [(file.path, file.held, file.problem) for file in scanned(root)] == [
        ("a.txt", False, None),
        (
            "sub/.semsearchignore",
            False,
            "Its folder is left as it is: the rules cannot be read: Is a directory.",
        ),
        ("sub/b.txt", True, None),
    ]


def test_what_a_run_leaves_out_is_held(root: Path) -> None:
    write(root, "a.txt", "b.md", "drafts/c.txt", "drafts/deep/d.md")
    found = scanned(root, include=("*.txt",), exclude=("drafts/",))
    assert {file.path: file.held for file in found} == {
        "a.txt": False,
        "b.md": True,
        "drafts": True,
    }


def test_rules_of_sidecars_are_inherited_and_the_sidecar_is_no_document(root: Path) -> None:
    write(root, "a.txt", "hr/b.txt", "hr/salaries/c.txt")
    (root / "hr/semsearch.yaml").write_text("access: [group:hr]\ntags: [hr]\n")
    (root / "hr/salaries/semsearch.yaml").write_text("access: [private]\ntags: [pay]\n")
    assert {file.path: file.rules for file in scanned(root)} == {
        "a.txt": DEFAULTS,
        "hr/b.txt": Rules("acme", ("hr",), ("group:hr",)),
        "hr/salaries/c.txt": Rules("acme", ("hr", "pay"), ()),
    }
    (only,) = scanned(root, root / "hr/salaries/c.txt")
    assert only.rules == Rules("acme", ("hr", "pay"), ())


def test_a_broken_sidecar_closes_its_folder(root: Path) -> None:
    write(root, "a.txt", "hr/b.txt", "hr/deep/c.txt")
    (root / "hr/semsearch.yaml").write_text("acess: [public]\n")
    found = {file.path: file for file in scanned(root)}
    assert {path for path, file in found.items() if file.held} == {"hr/b.txt", "hr/deep/c.txt"}
    problem = found["hr/semsearch.yaml"].problem
    assert problem is not None and "`acess` is unknown" in problem
