"""Access, tags and tenants by folder; a slip never opens what was closed."""

from pathlib import Path

import pytest

from ingest.sidecar import MAX_BYTES, Rules, SidecarError, read_sidecar

DEFAULTS = Rules("default", (), ("public",))


def rules(folder: Path, text: str, path: str = "a.txt") -> Rules:
    (folder / "semsearch.yaml").write_text(text, encoding="utf-8")
    sidecar = read_sidecar(folder)
    assert sidecar is not None
    return sidecar.applied_to(DEFAULTS, folder / path)


def test_no_sidecar(tmp_path: Path) -> None:
    assert read_sidecar(tmp_path) is None


@pytest.mark.parametrize("text", ["", "# nothing\n", "tags: []\n"])
def test_an_empty_one_changes_nothing(tmp_path: Path, text: str) -> None:
    assert rules(tmp_path, text) == DEFAULTS


def test_folder_rules(tmp_path: Path) -> None:
    text = "tenant: acme\ntags: [hr, hr]\naccess: ['user:anna', 'group:hr']\n"
    assert rules(tmp_path, text) == Rules("acme", ("hr",), ("user:anna", "group:hr"))


@pytest.mark.parametrize("text", ["access: [private]\n", "access: []\n"])
def test_private_means_administrators_only(tmp_path: Path, text: str) -> None:
    assert rules(tmp_path, text).access == ()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.txt", Rules("default", ("hr",), ("group:hr",))),
        ("salaries/a.txt", Rules("default", ("hr", "pay"), ("group:board",))),
        ("salaries/public.txt", Rules("default", ("hr", "pay"), ("public",))),
        ("deep/salaries/a.txt", Rules("default", ("hr", "pay"), ("group:board",))),
    ],
)
def test_patterns_and_the_later_one_wins(tmp_path: Path, path: str, expected: Rules) -> None:
    text = """
access: [group:hr]
tags: [hr]
rules:
  - match: salaries/
    access: [group:board]
    tags: [pay]
  - match: public.txt
    access: [public]
"""
    assert rules(tmp_path, text, path) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("acess: [public]\n", "`acess` is unknown"),
        ("access: [everyone]\n", "`access.0`"),
        ("access: public\n", "`access`"),
        ("access: [private, public]\n", "private"),
        ("rules:\n  - access: [public]\n", "`rules.0.match`"),
        ("tenant: a b\n", "`tenant`"),
        ("tags: [''] \n", "`tags.0`"),
        ("tags: [a\naccess: [public]\n", "line 2"),
        ("- a\n", "the file"),
        ("a: !!python/object/apply:os.system [id]\n", "line 1"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(SidecarError) as refusal:
        rules(tmp_path, text)
    assert problem in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_huge_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SidecarError, match="bytes"):
        rules(tmp_path, "#" * (MAX_BYTES + 1))


def test_one_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "semsearch.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SidecarError, match="UTF-8"):
        read_sidecar(tmp_path)


def test_files_by_exact_name_win_over_rules(tmp_path: Path) -> None:
    text = (
        "tags: [hr]\nrules: [{match: '*.pdf', access: [public]}]\n"
        "files:\n  'a[1].pdf': {access: ['user:anna'], tags: [umowa]}\n"
    )
    assert rules(tmp_path, text, "a[1].pdf") == Rules("default", ("hr", "umowa"), ("user:anna",))
    assert rules(tmp_path, text, "a1.pdf") == Rules("default", ("hr",), ("public",))
    assert rules(tmp_path, text, "inner/a[1].pdf") == Rules("default", ("hr",), ("public",))
