"""How the findings of an experiment are printed."""

from rich.table import Table
from rich.text import Text

from cli.output import stdout, table
from search.experiments.findings import ArmFindings, FamilyFindings, Findings
from search.experiments.verdict import duration, signed, title_of

COLOURS = {
    "worth it": "green", "not worth it": "default", "not enough data": "yellow",
    "no verdict": "red",
}  # fmt: skip


def show(findings: Findings) -> None:
    """Print the verdicts, then a table for each family of arms."""
    console = stdout()
    console.print(
        f"{findings.configuration.dataset}: {findings.queries} queries, pools of "
        f"{findings.configuration.pool} passages, {findings.configuration.mode}\n"
    )
    for family in findings.families:
        for measure, gain in family.disqualified.items():
            console.print(
                f"Disqualified: {title_of(measure)}. The null control gains "
                f"{signed(gain.mean.value)} under it (p = {gain.p:.4f}).",
                style="bold red",
            )
        for arm in family.arms:
            if arm.verdict:
                console.print(Text(f"• {arm.verdict.sentence}", COLOURS[arm.verdict.kind]))
        console.print()
        console.print(_table(family))
        console.print()


def _table(family: FamilyFindings) -> Table:
    rows = table("arm", title_of(family.deciding), "gain", "95 % interval", "p", "p50", "p95",
                 "extra", "late")  # fmt: skip
    rows.columns[0].overflow = "fold"  # not cut short: two arms may begin alike
    for arm in family.arms:
        rows.add_row(*_row(arm, family.deciding))
    return rows


def _row(arm: ArmFindings, deciding: str) -> list[str]:
    found, total = arm.measures.get(deciding), arm.latency[-1]
    gain = found.gain if found else None
    p = found.p_holm if found and found.p_holm is not None else gain.p if gain else None
    return [
        arm.name,
        f"{found.mean.value:.4f}" if found else "–",
        signed(gain.mean.value) if gain else "–",
        f"{signed(gain.mean.low)} … {signed(gain.mean.high)}" if gain else "–",
        f"{p:.4f}" if p is not None else "–",
        duration(total.p50.value / 1000),
        duration(total.p95.value / 1000),
        duration(arm.extra.mean.value) if arm.extra else "–",
        str(sum(arm.degraded.values()) or "–"),
    ]
