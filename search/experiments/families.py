"""Compares the arms of one family with its baseline, query by query."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from search.experiments.arms import Role
from search.experiments.findings import (
    ArmFindings,
    Change,
    FamilyFindings,
    MeasureFindings,
    SliceFindings,
    StageLatency,
)
from search.experiments.judging import risk_coverage_interval
from search.experiments.records import Measurement, RunLog
from search.experiments.retrieval import MEASURES
from search.experiments.statistics import (
    ALPHA,
    Comparison,
    compare,
    holm,
    mean_interval,
    percentile_intervals,
)
from search.experiments.treated import Treated
from search.experiments.verdict import Verdict, Worth, disqualified, judge_arm, unjudged

READABLE = 8
"""Wins, and losses, that a person is shown of each arm."""


def measures_of(members: Sequence[Treated]) -> list[str]:
    """Return the names of what was measured: for arms that answer, of their answers."""
    answers = members[0].arm.family == "answers"
    found = dict.fromkeys(
        name for each in members for line in each.first.values() for name in line.figures
    )
    return [name for name in found if (name not in MEASURES) == answers]


class FamilyAnalysis:
    """Works out the findings of arms that are measured alike."""

    def __init__(self, members: Sequence[Treated], worth: Worth, run: RunLog) -> None:
        """Take the arms of one family, the exchange rate, and the log for what is not of arms."""
        self._members = members
        self._worth = worth
        self._run = run
        self._seed = run.configuration.seed
        self._measures = measures_of(members)
        [self._baseline] = self._of_role("baseline")
        self._others = [each for each in members if each is not self._baseline]
        self._candidates = self._of_role("candidate")

    def find(self) -> FamilyFindings:
        """Compare every arm with the baseline."""
        gains = {
            measure: {each.arm.name: self._gain(each, measure) for each in self._others}
            for measure in self._measures
        }
        adjusted = {measure: self._holm(compared) for measure, compared in gains.items()}
        nulls = self._of_role("null")
        rewarded = {
            measure: gain
            for measure, compared in gains.items()
            for each in nulls
            if (gain := compared[each.arm.name]) and gain.mean.value > 0 and gain.p < ALPHA
        }
        extras = {each.arm.name: self._extra(each) for each in self._others}
        nets = {each.arm.name: self._net(each) for each in self._others}
        p_nets = self._holm(nets)
        found = []
        for each in self._members:
            name = each.arm.name
            measures = {}
            for measure in self._measures:
                values = np.array(list(each.as_measured(measure).values()))
                if len(values):
                    mean = mean_interval(values, self._seed)
                    gain = gains[measure].get(name)
                    p = adjusted[measure].get(name)
                    measures[measure] = MeasureFindings(measure, mean, gain, p)
            verdict = None
            if each.arm.role == "candidate":
                verdict = self._verdict(
                    each, gains, rewarded, extras[name], nets[name], p_nets.get(name, 1.0)
                )
            found.append(self._arm(each, measures, extras.get(name), nets.get(name), verdict))
        return FamilyFindings(
            family=self._baseline.arm.family,
            baseline=self._baseline.arm.name,
            deciding=self._worth.measure,
            worth=str(self._worth),
            rate=self._worth.rate,
            arms=tuple(found),
            disqualified=rewarded,
        )

    def _of_role(self, role: Role) -> list[Treated]:
        return [each for each in self._members if each.arm.role == role]

    def _holm(self, compared: Mapping[str, Comparison | None]) -> dict[str, float]:
        """Correct for the number of candidates; controls are no candidates."""
        names = [each.arm.name for each in self._candidates]
        return holm({name: made.p for name in names if (made := compared.get(name))})

    def _gain(
        self, each: Treated, measure: str, queries: Sequence[str] | None = None
    ) -> Comparison | None:
        ours, base = each.figures(measure), self._baseline.figures(measure)
        shared = [query for query in queries or ours if query in ours and query in base]
        if not shared:
            return None
        return compare([ours[query] - base[query] for query in shared], self._seed)

    def _extra(self, each: Treated) -> Comparison:
        seconds = [
            (each.total_ms(query) - self._baseline.total_ms(query)) / 1000 for query in each.first
        ]
        return compare(seconds, self._seed)

    def _net(self, each: Treated) -> Comparison | None:
        measure = self._worth.measure
        ours, base = each.figures(measure), self._baseline.figures(measure)
        shared = [query for query in ours if query in base]
        if not shared:
            return None
        net = []
        for query in shared:
            extra = each.total_ms(query) - self._baseline.total_ms(query)
            net.append(ours[query] - base[query] - self._worth.rate * extra / 1000)
        return compare(net, self._seed)

    def _verdict(
        self,
        each: Treated,
        gains: Mapping[str, Mapping[str, Comparison | None]],
        rewarded: Mapping[str, Comparison],
        extra: Comparison,
        net: Comparison | None,
        p_net: float,
    ) -> Verdict:
        name, measure = each.arm.name, self._worth.measure
        if measure in rewarded:
            return disqualified(name, measure, rewarded[measure])
        gain = gains.get(measure, {}).get(name)
        if gain is None or net is None:
            return unjudged(name, measure)
        late = sum(line.degraded is not None for line in each.first.values())
        tests = len(self._candidates)
        return judge_arm(name, self._worth, gain, extra, net, p_net, tests, late)

    def _arm(
        self,
        each: Treated,
        measures: Mapping[str, MeasureFindings],
        extra: Comparison | None,
        net: Comparison | None,
        verdict: Verdict | None,
    ) -> ArmFindings:
        lines = list(each.first.values())
        totals = sorted(each.total_ms(query) for query in each.first)
        ours = each.figures(self._worth.measure)
        base = self._baseline.figures(self._worth.measure)
        gains = {query: ours[query] - base[query] for query in ours if query in base}
        warm = self._run.warm_ups.get(each.arm.name)
        events: Counter[str] = Counter()
        for line in lines:
            events.update(line.events)
        risen = [line.risen_mib for line in lines if line.risen_mib is not None]
        return ArmFindings(
            name=each.arm.name,
            family=each.arm.family,
            role=each.arm.role,
            measures=measures,
            slices=tuple(self._slices(each)),
            latency=tuple(self._latency(each, totals)),
            totals_ms=tuple(totals),
            extra=extra,
            net=net,
            queries_per_second=1000 / float(np.mean(totals)),
            prompt_tokens=float(np.mean([line.prompt_tokens for line in lines])),
            completion_tokens=float(np.mean([line.completion_tokens for line in lines])),
            load_seconds=warm.seconds if warm else None,
            loaded_mib=warm.loaded_mib if warm else None,
            risen_mib=max(risen) if risen else None,
            degraded=dict(Counter(line.degraded for line in lines if line.degraded)),
            events=dict(events),
            better=sum(gain > 1e-9 for gain in gains.values()),
            worse=sum(gain < -1e-9 for gain in gains.values()),
            changes=tuple(self._changes(each, gains)),
            unstable=sum(
                any(line.figures != each.first[query].figures for line in later)
                for query, later in each.again.items()
            ),
            risk_coverage=risk_coverage_interval(lines, self._seed) if each.arm.answerer else None,
            verdict=verdict,
        )

    def _latency(self, each: Treated, totals: Sequence[float]) -> list[StageLatency]:
        by_stage: dict[str, list[float]] = {}
        again: dict[str, list[float]] = {}
        for query in each.first:
            for stage, ms in each.stages_ms(query).items():
                by_stage.setdefault(stage, []).append(ms)
            for later in each.again.get(query, ()):
                for stage, ms in later.stages_ms.items():
                    again.setdefault(stage, []).append(ms)
        found = []
        for stage, values in [*by_stage.items(), ("total", list(totals))]:
            p50, p95, p99 = percentile_intervals(np.array(values), (50, 95, 99), self._seed)
            repeated = float(np.median(again[stage])) if stage in again else None
            found.append(StageLatency(stage, p50, p95, p99, repeated))
        return found

    def _slices(self, each: Treated) -> list[SliceFindings]:
        measure = self._worth.measure
        ours = each.figures(measure)
        parts: dict[tuple[str, str], list[str]] = {}
        for query in ours:
            for field, value in each.retrievals[query].slices.items():
                parts.setdefault((field, value), []).append(query)
        fields = Counter(field for field, _ in parts)
        found = []
        for (field, value), queries in sorted(parts.items()):
            if fields[field] < 2:  # the only one is all of them
                continue
            mean = mean_interval(np.array([ours[query] for query in queries]), self._seed)
            gain = None
            if each is not self._baseline:
                gain = self._gain(each, measure, queries)
            found.append(SliceFindings(field, value, len(queries), mean, gain))
        return found

    def _changes(self, each: Treated, gains: Mapping[str, float]) -> list[Change]:
        ordered = sorted(gains, key=lambda query: -gains[query])
        best = [query for query in ordered[:READABLE] if gains[query] > 0]
        worst = [query for query in ordered[-READABLE:] if gains[query] < 0]
        ours = each.figures(self._worth.measure)
        base = self._baseline.figures(self._worth.measure)
        return [
            Change(
                query=query,
                text=each.retrievals[query].text,
                before=base[query],
                after=ours[query],
                shown_before=_shown(self._baseline.first[query]),
                shown_after=_shown(each.first[query]),
            )
            for query in [*best, *worst]
        ]


def _shown(line: Measurement) -> str:
    if line.answer is not None:
        return line.answer or "(no answer)"
    return ", ".join(line.documents[:3])
