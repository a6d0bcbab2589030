"""Writes what came of an experiment: a page, Markdown, JSON and CSV."""

import csv
import json
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from search.errors import InputError
from search.experiments.charts import label_of, latencies, pareto
from search.experiments.findings import ArmFindings, FamilyFindings, Findings
from search.experiments.records import RunLog
from search.experiments.statistics import ALPHA, Interval
from search.experiments.verdict import duration, signed, title_of

LOG = "run.jsonl"
"""The log of the run, in the folder of its report."""


def write_report(findings: Findings, run: RunLog, folder: Path, command: str) -> list[Path]:
    """Write `report.html`, `report.md`, `report.json` and `queries.csv` into a folder.

    The page is self-contained: it loads nothing.

    Args:
        findings: what came of it.
        run: the log, for the figures of each query.
        folder: made if it is not there.
        command: what to type to do it again.

    Raises:
        InputError: the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        page, text = folder / "report.html", folder / "report.md"
        page.write_text(render("report.html.jinja", findings, command), encoding="utf-8")
        text.write_text(render("report.md.jinja", findings, command), encoding="utf-8")
        figures, rows = folder / "report.json", folder / "queries.csv"
        figures.write_text(
            json.dumps(as_json(findings), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )
        _write_rows(run, rows)
    except OSError as error:
        raise InputError(f"Cannot write the report to {folder}: {error.strerror}.") from None
    return [page, text, figures, rows]


def as_json(findings: Findings) -> dict[str, Any]:
    """Lay findings out for scripts."""
    return asdict(findings) | {"configuration": findings.configuration.model_dump()}


def render(template: str, findings: Findings, command: str) -> str:
    """Return the report as text in a template's format."""
    environment = Environment(
        autoescape=".html" in template,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "duration": duration,
        "milliseconds": lambda ms: duration(ms / 1000),
        "signed": signed,
        "measure": title_of,
        "interval": _interval,
        "label": label_of,
        "significant": lambda p: p is not None and p < ALPHA,
        "cell": lambda text: str(text).replace("|", "\\|").replace("\n", " "),
    }
    environment.globals |= {
        "pareto": lambda family: Markup(pareto(family)),
        "latencies": lambda family: Markup(latencies(family)),
        "sliced": _sliced,
        "slice_keys": _slice_keys,
        "measures": _measures,
    }
    source = files("search.experiments").joinpath("templates", template)
    made = environment.from_string(source.read_text(encoding="utf-8"))
    return made.render(findings=findings, command=command)


def _interval(value: Interval) -> str:
    return f"{signed(value.low)} … {signed(value.high)}"


def _measures(family: FamilyFindings) -> list[str]:
    """Return the measures of a family, the deciding one first."""
    found = dict.fromkeys(name for arm in family.arms for name in arm.measures)
    return sorted(found, key=lambda name: name != family.deciding)


def _sliced(family: FamilyFindings) -> list[ArmFindings]:
    """Return the arms whose slices say something; the null control's say nothing new."""
    return [arm for arm in family.arms if arm.slices and arm.role != "null"]


def _slice_keys(family: FamilyFindings) -> list[tuple[str, str]]:
    found = dict.fromkeys((s.field, s.value) for arm in family.arms for s in arm.slices)
    return sorted(found, key=lambda key: (key[0] != "language", key))


def _write_rows(run: RunLog, path: Path) -> None:
    lines = list(run.measurements.values())
    stages = sorted({stage for line in lines for stage in line.stages_ms})
    figures = sorted({name for line in lines for name in line.figures})
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["query", "text", "language", "arm", "repeat", *figures,
             *(f"{stage}_ms" for stage in stages), "degraded", "prompt_tokens",
             "completion_tokens", "documents", "answer"]
        )  # fmt: skip
        for line in lines:
            asked = run.retrievals[line.query]
            writer.writerow(
                [line.query, asked.text, asked.slices.get("language", ""), line.arm, line.repeat,
                 *(line.figures.get(name, "") for name in figures),
                 *(line.stages_ms.get(stage, "") for stage in stages), line.degraded or "",
                 line.prompt_tokens, line.completion_tokens, " ".join(line.documents),
                 line.answer or ""]
            )  # fmt: skip
