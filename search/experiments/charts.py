"""Pictures of an experiment, as SVG that follows the page's light or dark colours.

Matplotlib draws them with marker colours, which are then replaced by CSS variables.
"""

import io
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from search.experiments.findings import ArmFindings, FamilyFindings, StageLatency
from search.experiments.verdict import title_of

INK, FAINT, GOOD = "#010101", "#020202", "#030303"
SERIES = tuple(f"#0{place}0000" for place in range(1, 9))
"""Marker colours of arms; an arm beyond the last shares the last."""
_VARIABLES = {INK: "--ink", FAINT: "--faint", GOOD: "--good"} | {
    colour: f"--series-{place}" for place, colour in enumerate(SERIES, 1)
}
LEGEND_CHARACTERS = 100
"""What fits side by side below a picture."""
LONGEST_LABEL = 36
_MARKERS = "osD^vPXp"
_STYLE: Any = {
    "svg.hashsalt": "semsearch", "svg.fonttype": "path", "font.size": 10.5,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": FAINT,
    "xtick.color": FAINT, "ytick.color": FAINT, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
    "grid.color": FAINT, "grid.alpha": 0.25, "axes.spines.top": False, "axes.spines.right": False,
}  # fmt: skip


def pareto(family: FamilyFindings) -> str:
    """Draw gain against the 95th percentile of latency, each with its 95 % interval.

    Controls are hollow. The shaded part is where the exchange rate is met.
    """
    longest = max(len(label_of(arm)) for arm in family.arms)
    columns = max(1, min(3, LEGEND_CHARACTERS // (longest + 7)))
    rows = -(-(len(family.arms) + 1) // columns)
    with _figure(height=3.8 + 0.22 * rows) as (figure, axes):
        base = _total(_arm(family, family.baseline)).p95.value
        right = base
        for arm, colour, marker in _styled(family):
            total = _total(arm).p95
            measured = arm.measures.get(family.deciding)
            gain = measured.gain.mean if measured and measured.gain else None
            x, y = total.value, gain.value if gain else 0.0
            right = max(right, total.high)
            axes.errorbar(
                [x], [y],
                xerr=[[x - min(x, total.low)], [max(x, total.high) - x]],
                yerr=[[y - min(y, gain.low)], [max(y, gain.high) - y]] if gain else None,
                fmt=marker, color=colour, markersize=8, linewidth=1.6, capsize=3, zorder=3,
                markerfacecolor="none" if arm.role in ("null", "oracle") else colour,
                markeredgewidth=1.6,
            )  # fmt: skip
            axes.plot(
                [], [], marker, color=colour, markersize=7, label=label_of(arm),
                markerfacecolor="none" if arm.role in ("null", "oracle") else colour,
            )  # fmt: skip
        low, high = axes.get_ylim()
        edge = np.geomspace(base, right * 1.3, 200)
        fair = family.rate * (edge - base) / 1000
        axes.plot(edge, fair, color=GOOD, linewidth=1.2, linestyle="--", zorder=1)
        axes.fill_between(
            edge, fair, max(high, 0), where=fair <= max(high, 0), color=GOOD, alpha=0.12,
            linewidth=0, zorder=0, label=f"worth it at {family.worth}",
        )  # fmt: skip
        axes.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
        axes.set_xscale("log")
        axes.set_xlim(base / 1.3, right * 1.3)
        axes.set_ylim(low, high)
        _milliseconds(axes)
        axes.set_xlabel("latency of a query, 95th percentile, ms (logarithmic)")
        axes.set_ylabel(f"gain in {title_of(family.deciding)}")
        axes.grid(True)
        figure.legend(loc="outside lower left", ncols=columns, frameon=False, fontsize=9.5)
        return _svg(figure, f"Gain in {title_of(family.deciding)} against latency")


def latencies(family: FamilyFindings) -> str:
    """Draw how the latency of queries is distributed, an arm a row."""
    with _figure(height=0.9 + 0.48 * len(family.arms)) as (figure, axes):
        for row, (arm, colour, _) in enumerate(_styled(family)):
            boxes = axes.boxplot(
                [arm.totals_ms], positions=[-row], orientation="horizontal", whis=(5, 95),
                showfliers=False, widths=0.5, patch_artist=True, manage_ticks=False,
                boxprops={"edgecolor": colour, "facecolor": colour, "linewidth": 1.2},
                medianprops={"color": INK, "linewidth": 2},
                whiskerprops={"color": colour, "linewidth": 1.4},
                capprops={"color": colour, "linewidth": 1.4},
            )  # fmt: skip
            boxes["boxes"][0].set_alpha(0.45)
            axes.plot([_total(arm).p99.value], [-row], "|", color=colour, markersize=10)
        axes.set_yticks(
            [-row for row in range(len(family.arms))], [shortened(a.name) for a in family.arms]
        )
        axes.set_ylim(-len(family.arms) + 0.4, 0.6)
        axes.set_xscale("log")
        _milliseconds(axes)
        axes.set_xlabel("latency of a query, ms (logarithmic)")
        axes.grid(True, axis="x")
        return _svg(figure, "Distribution of latencies by arm")


def shortened(name: str) -> str:
    """Return a name that leaves room for the picture: its middle gives way."""
    if len(name) <= LONGEST_LABEL:
        return name
    return f"{name[: LONGEST_LABEL // 2]}…{name[-LONGEST_LABEL // 2 + 1 :]}"


def label_of(arm: ArmFindings) -> str:
    """Return an arm's name with what it is there for."""
    roles: Mapping[str, str] = {
        "baseline": " (baseline)",
        "null": " (control)",
        "oracle": " (control)",
    }
    return arm.name + roles.get(arm.role, "")


class _figure:
    """An empty figure without pyplot's global state, under our style."""

    def __init__(self, height: float) -> None:
        self._height = height

    def __enter__(self) -> tuple[Any, Any]:
        import matplotlib as mpl
        from matplotlib.figure import Figure

        self._style = mpl.rc_context(_STYLE)
        self._style.__enter__()
        figure = Figure(figsize=(8.6, self._height), layout="constrained")
        return figure, figure.add_subplot()

    def __exit__(self, *error: object) -> None:
        self._style.__exit__(None, None, None)


def _svg(figure: Any, title: str) -> str:
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = drawn.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # The size is the page's to decide; namespaces are not needed inside HTML.
    text = re.sub(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>', r'<svg viewBox="\1">', text, count=1)
    text = text.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    return text.replace("xlink:href", "href")


def _styled(family: FamilyFindings) -> list[tuple[ArmFindings, str, str]]:
    """Give each arm its colour and marker; those that are no candidates are faint."""
    styled, place = [], 0
    for number, arm in enumerate(family.arms):
        colour = FAINT
        if arm.role == "candidate":
            colour = SERIES[min(place, len(SERIES) - 1)]
            place += 1
        styled.append((arm, colour, _MARKERS[number % len(_MARKERS)]))
    return styled


def _arm(family: FamilyFindings, name: str) -> ArmFindings:
    return next(arm for arm in family.arms if arm.name == name)


def _total(arm: ArmFindings) -> StageLatency:
    return arm.latency[-1]


def _milliseconds(axes: Any) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    axes.xaxis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5), numticks=20))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
    axes.xaxis.set_minor_locator(NullLocator())
