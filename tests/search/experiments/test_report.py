"""Reports: all of it is there, nothing is loaded, nothing overlaps when it is rendered."""

import csv
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from search.errors import InputError
from search.experiments.arms import Arm
from search.experiments.findings import Findings
from search.experiments.laboratory import run_experiment
from search.experiments.records import RunLog
from search.experiments.report import write_report
from search.experiments.runner import Plan
from search.experiments.statistics import compare
from search.experiments.verdict import Worth
from tests.search.experiments.arms_for_tests import (
    ADMIN,
    Partly,
    Shuffling,
    Slow,
    experiment,
    indexed,
    questions,
)

WORTH = [Worth(0.01, "ndcg@10", 0.2)]
COMMAND = "semsearch ab run synthetic --arms 'half,<slow>'"
LONG = "listwise:http://localhost:11434/v1#qwen3:4b-instruct-2507-q4_K_M"


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Findings, RunLog]]:
    asked = [replace(q, text=f"{q.text} <b>&amp; | 'x'") for q in questions()]
    arms = [
        Arm("half", Partly(asked, 0.6, "half")),
        Arm("shuffling", Shuffling()),
        Arm(LONG, Slow(0.05)),
        *(Arm(f"same-{place}", Partly(asked, 0.6, f"same-{place}")) for place in (1, 2)),
    ]
    folder = tmp_path_factory.mktemp("run")
    with indexed() as pipeline:
        made = experiment(arms, Plan(repeats=2, seconds=0.051), asked)
        yield run_experiment(made, pipeline, ADMIN, folder / "run.jsonl", WORTH)


@pytest.fixture
def report(measured: tuple[Findings, RunLog], tmp_path: Path) -> Path:
    findings, log = measured
    written = write_report(findings, log, tmp_path / "out", COMMAND)
    assert [path.name for path in written] == [
        "report.html", "report.md", "report.json", "queries.csv",
    ]  # fmt: skip
    return tmp_path / "out"


def test_the_page_says_it_all_and_loads_nothing(
    measured: tuple[Findings, RunLog], report: Path
) -> None:
    page = (report / "report.html").read_text(encoding="utf-8")
    assert not re.findall(r"""(?:src|srcset|action|data)\s*=\s*["']""", page)
    assert not re.findall(r"""href\s*=\s*["'][^#]""", page)
    assert not re.findall(r"@import|url\((?!#)|<script|<link|<iframe", page)
    findings, _ = measured
    for arm in findings.families[0].arms:
        assert arm.name in page
        if arm.verdict:
            assert arm.verdict.sentence.replace("'", "&#39;") in page
    assert page.index(">half is worth it") < page.index("<svg") < page.index("Queries to read")
    assert "&lt;b&gt;&amp;amp;" in page and "<b>&amp;" not in page
    assert page.count("<svg") == 2
    assert "var(--series-1)" in page and "#010101" not in page


def test_a_disqualified_measure_stands_in_red(
    measured: tuple[Findings, RunLog], tmp_path: Path
) -> None:
    findings, log = measured
    family = replace(findings.families[0], disqualified={"ndcg@10": compare([0.1, 0.2, 0.1])})
    changed = replace(findings, families=(family,))
    page, text, *_ = write_report(changed, log, tmp_path, COMMAND)
    html = page.read_text(encoding="utf-8")
    assert '<p class="alarm">Disqualified: nDCG@10. The null control' in html
    assert re.search(r"\.alarm \{ color: var\(--bad\)", html)
    assert "DISQUALIFIED: nDCG@10" in text.read_text(encoding="utf-8")


def test_markdown_tables_are_whole(report: Path) -> None:
    text = (report / "report.md").read_text(encoding="utf-8")
    tables = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    assert len(tables) >= 5
    for table in tables:
        columns = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
        assert len(columns) == 1, table
    assert COMMAND in text


def test_figures_for_scripts(measured: tuple[Findings, RunLog], report: Path) -> None:
    _, log = measured
    figures = json.loads((report / "report.json").read_text(encoding="utf-8"))
    assert figures["configuration"]["queries"] == 48
    [family] = figures["families"]
    arms = {arm["name"]: arm for arm in family["arms"]}
    assert arms["half"]["verdict"]["kind"] == "worth it"
    assert arms["half"]["measures"]["ndcg@10"]["gain"]["mean"]["low"] > 0
    with (report / "queries.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(log.measurements) == 48 * 8 * 2
    first = [float(row["ndcg@10"]) for row in rows if (row["arm"], row["repeat"]) == ("half", "0")]
    mean = arms["half"]["measures"]["ndcg@10"]["mean"]["value"]
    assert sum(first) / len(first) == pytest.approx(mean)


def test_a_folder_that_cannot_be_written_is_named(
    measured: tuple[Findings, RunLog], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file"):
        write_report(*measured, tmp_path / "file", COMMAND)


PROBE = """<script>
const problems = [], width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth > width) problems.push("the page is too wide");
document.querySelectorAll("svg").forEach((svg, number) => {
  const outer = svg.getBoundingClientRect();
  const boxes = [...svg.querySelectorAll("g[id^=text_]")].map(text => text.getBoundingClientRect());
  if (boxes.length < 5) problems.push(`picture ${number} has no text`);
  boxes.forEach((a, i) => {
    if (a.left < outer.left - 1 || a.right > outer.right + 1 || a.bottom > outer.bottom + 1)
      problems.push(`text ${i} of picture ${number} is cut off`);
    boxes.slice(i + 1).forEach((b, j) => {
      const across = a.left < b.right - 1 && b.left < a.right - 1;
      if (across && a.top < b.bottom - 1 && b.top < a.bottom - 1)
        problems.push(`texts ${i} and ${i + 1 + j} of picture ${number} overlap`);
    });
  });
});
const seen = getComputedStyle(document.querySelector("svg [style*='--ink']"));
document.documentElement.dataset.problems = problems.join("; ") || "none";
document.documentElement.dataset.ink = seen.fill + seen.stroke;
</script>"""


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1200, 480])
def test_it_renders_without_overlap(report: Path, tmp_path: Path, width: int, dark: bool) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("Chromium is not here")
    page = tmp_path / "page.html"
    page.write_text((report / "report.html").read_text(encoding="utf-8") + PROBE, encoding="utf-8")
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
               f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},1000",
               *(["--blink-settings=preferredColorScheme=0"] if dark else []),
               page.as_uri()]  # fmt: skip
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    problems = re.search(r'data-problems="([^"]*)"', dom)
    assert problems and problems[1] == "none"
    ink = re.search(r'data-ink="([^"]*)"', dom)
    assert ink and ("230, 233, 236" if dark else "29, 33, 37") in ink[1]
