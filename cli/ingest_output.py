"""How plans and reports of `semsearch ingest` look, for people and for scripts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any, Protocol

from rich.console import Console

from cli.output import bytes_for_people, counted, stdout, table
from ingest.plan import Failure, Plan, Withheld
from ingest.sync import Report

SHOWN = 20
"""Failures listed one by one; scripts get all."""


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """Lay a plan out for scripts: every category with its count, its bytes and its files."""
    rows = {name: (count, size) for name, count, size in _rows(plan)}
    return {
        "counts": {name: count for name, (count, _) in rows.items()},
        "bytes": {name: size for name, (_, size) in rows.items()},
        "added": [planned.file.path for planned in plan.added],
        "changed": [{"path": p.file.path, "reason": p.reason} for p in plan.changed],
        "renamed": [
            {"from": move.former.path, "to": move.document.path} for move in plan.files_renamed
        ],
        "updated": [{"path": u.document.path, "reason": u.reason} for u in plan.news],
        "deleted": [document.path for document in plan.files_deleted],
        "unsupported": [file.path for file in plan.unsupported],
        "empty": [file.path for file in plan.empty],
        "left_out": [file.path for file in plan.left_out],
        "failures": _failures_json(plan.failures),
        "withheld": _withheld_json(plan.withheld),
    }


def report_as_json(report: Report) -> dict[str, Any]:
    """Lay a report out for scripts."""
    plan, stages = report.plan, report.stages
    return {
        "added": report.added,
        "changed": report.changed,
        "renamed": len(plan.files_renamed),
        "updated": len(plan.news),
        "deleted": len(plan.files_deleted),
        "unchanged": len(plan.unchanged),
        "empty": [file.path for file in plan.empty],
        "unsupported": list(report.unsupported),
        "left_out": len(plan.left_out),
        "failures": _failures_json(report.failures),
        "withheld": _withheld_json(plan.withheld),
        "notes": [{"path": path, "note": note} for path, note in report.notes],
        "chunks": report.chunks,
        "seconds": round(report.seconds, 3),
        "stages": {
            "read": round(stages.read, 3),
            "embed": round(stages.embed, 3),
            "store": round(stages.store, 3),
        },
    }


def show_plan(plan: Plan) -> None:
    """Print a plan for people."""
    console = stdout()
    rows = table("", "files", "size", "")
    for name, count, size in _rows(plan):
        why = ", ".join(f"{n} {reason}" for reason, n in plan.reasons.items())
        rows.add_row(
            name, str(count), bytes_for_people(size), why if name == "changed" and why else ""
        )
    console.print(rows)
    for move in plan.files_renamed[:SHOWN]:
        console.print(
            f"renamed: {move.former.path} -> {move.document.path}", markup=False, soft_wrap=True
        )
    for document in plan.files_deleted[:SHOWN]:
        console.print(f"deleted: {document.path}", markup=False, soft_wrap=True)
    _show_failures(plan.failures, console)
    _show_withheld(plan.withheld, console)


def show_report(report: Report, console: Console | None = None) -> None:
    """Print a report for people, on standard output unless another console is given."""
    console = console or stdout()
    plan = report.plan
    counts = {
        "added": report.added,
        "changed": report.changed,
        "renamed": len(plan.files_renamed),
        "updated": len(plan.news),
        "deleted": len(plan.files_deleted),
        "unchanged": len(plan.unchanged),
        "empty": len(plan.empty),
        "failed": len(report.failures),
    }
    always = {"added", "unchanged", "failed"}
    said = ", ".join(f"{n} {name}" for name, n in counts.items() if n or name in always)
    chunks = counted(report.chunks, "chunk")
    console.print(
        f"{said}: {chunks} in {report.seconds:.1f} seconds{_rate(report)}", soft_wrap=True
    )
    if report.unsupported:
        kinds = Counter(_extension(path) for path in report.unsupported)
        said = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        console.print(f"of types that are not indexed: {said}", style="dim")
    for path, note in report.notes[:SHOWN]:
        console.print(f"note: {path}: {note}", style="yellow", soft_wrap=True, markup=False)
    _show_failures(report.failures, console)
    _show_withheld(plan.withheld, console)


class _Sized(Protocol):
    @property
    def size(self) -> int: ...


def _rows(plan: Plan) -> list[tuple[str, int, int]]:
    """Return name, number of files and bytes of every category."""
    files: dict[str, Sequence[_Sized]] = {
        "added": [planned.file for planned in plan.added],
        "changed": [planned.file for planned in plan.changed],
        "renamed": [move.document for move in plan.files_renamed],
        "updated": [update.document for update in plan.news],
        "deleted": plan.files_deleted,
        "unchanged": plan.unchanged,
        "unsupported": plan.unsupported,
        "empty": plan.empty,
        "left_out": plan.left_out,
    }
    rows = [(name, len(found), sum(f.size for f in found)) for name, found in files.items()]
    return [*rows, ("failed", len(plan.failures), 0)]


def _rate(report: Report) -> str:
    if not report.chunks:
        return ""
    share = report.stages.embed / report.seconds
    return (
        f", {report.chunks / report.seconds:.1f} chunks per second, "
        f"embedding {share:.0%} of the time"
    )


def _show_failures(failures: Sequence[Failure], console: Console) -> None:
    """Print failures one by one, those for want of a program by program."""
    for line in _missing_tools(failures):
        console.print(line, style="yellow", soft_wrap=True, markup=False)
    others = [failure for failure in failures if failure.tool is None]
    for failure in others[:SHOWN]:
        console.print(f"failed: {failure.path}: {failure.reason}", style="red", soft_wrap=True,
                      markup=False)  # fmt: skip
    if len(others) > SHOWN:
        console.print(f"… and {len(others) - SHOWN} more (--json lists all)", style="red")


def _missing_tools(failures: Sequence[Failure]) -> Iterable[str]:
    """Say once for each missing program what it would read and how to get it."""
    for tool in dict.fromkeys(failure.tool for failure in failures if failure.tool):
        group = [failure for failure in failures if failure.tool == tool]
        kinds = Counter(_extension(failure.path) for failure in group)
        said = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        yield f"not read for want of {tool}: {said}. {group[0].reason}"


def _show_withheld(withheld: Sequence[Withheld], console: Console) -> None:
    for source in withheld:
        console.print(
            f"nothing was deleted of {source.source}: {source.reason}. If that is meant, "
            "run it again with --allow-mass-delete.",
            style="red",
            soft_wrap=True,
            markup=False,
        )


def _failures_json(failures: Sequence[Failure]) -> list[dict[str, Any]]:
    return [{"path": f.path, "reason": f.reason, "tool": f.tool} for f in failures]


def _withheld_json(withheld: Sequence[Withheld]) -> list[dict[str, Any]]:
    return [
        {"source": w.source, "documents": w.documents, "of": w.of, "reason": w.reason}
        for w in withheld
    ]


def _extension(path: str) -> str:
    return PurePosixPath(path).suffix.lower() or "no extension"
