"""The guide to the HTTP service: its examples run, in order, and print what it says."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from search.state.database import Database
from search.state.keys import Keys
from tests.serving import run, served

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "http-api.md"
BLOCK = re.compile(r"^```(bash|python|js)\n(.*?)^```\n\n(?:^```text\n(.*?)^```)?", re.M | re.S)


@dataclass(frozen=True)
class Example:
    language: str
    code: str
    printed: str
    """Lines that must be printed, in order; `…` stands for anything."""


EXAMPLES = [Example(*(part or "" for part in found)) for found in BLOCK.findall(GUIDE.read_text())]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("guide")
    docs = folder / "docs"
    for file in (ROOT / "examples").glob("[!_]*/*.md"):
        (docs / file.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(file, docs / file.parent.name)
    settings = os.environ | {
        "SEMSEARCH_EMBEDDER__MODEL": "fake",
        "SEMSEARCH_DATA_DIR": str(folder / "data"),
        "SEMSEARCH_INGEST__DEFAULT_ACCESS": "public",
        "SEMSEARCH_AUTH__MODE": "keys",
        "SEMSEARCH_LAYER__ARMS": '["null"]',
    }
    run(settings, "ingest", str(docs))
    key, _ = Keys(Database(folder / "data")).create("guide", "default", scopes=["read", "write"])
    with served(settings) as (_, url):
        yield os.environ | {"URL": url, "KEY": key}


def test_every_language_has_examples() -> None:
    assert {example.language for example in EXAMPLES} == {"bash", "python", "js"}
    assert all(example.printed for example in EXAMPLES)


@pytest.mark.parametrize(
    "number", range(len(EXAMPLES)), ids=lambda n: f"{n}-{EXAMPLES[n].language}"
)
def test_examples_print_what_the_guide_says(
    number: int, environment: dict[str, str], tmp_path: Path
) -> None:
    example = EXAMPLES[number]
    done = subprocess.run(
        command(example, EXAMPLES[:number]),
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    parts = [re.escape(part) for part in re.split(r"…|\n", example.printed) if part.strip()]
    assert re.search(".*?".join(parts), done.stdout, re.S), done.stdout


def command(example: Example, before: list[Example]) -> list[str]:
    """Return what runs an example; later ones in Python use what the first has set up."""
    if example.language == "bash":
        require("curl")
        require("jq")
        return ["bash", "-eu", "-o", "pipefail", "-c", example.code]
    if example.language == "js":
        return [require("node"), "--input-type=module", "--eval", example.code]
    first = next((e.code for e in before if e.language == "python"), "")
    setup = first.partition("found =")[0]
    return [sys.executable, "-c", setup + example.code]


def require(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found
