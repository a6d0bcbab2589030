"""From the log of an experiment to its findings: all that is compared is paired by query."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from search.errors import ConflictError, InputError
from search.experiments.arms import Arm, Family, Role
from search.experiments.findings import (
    ArmFindings,
    Change,
    FamilyFindings,
    Findings,
    MeasureFindings,
    SliceFindings,
    StageLatency,
)
from search.experiments.records import Measurement, Retrieval, RunLog
from search.experiments.retrieval import MEASURES
from search.experiments.statistics import (
    ALPHA,
    Comparison,
    compare,
    holm,
    mean_interval,
    percentile_intervals,
)
from search.experiments.verdict import Verdict, Worth, disqualified, judge_arm, unjudged

LESS_IS_BETTER = frozenset({"false_answer", "false_refusal"})
READABLE = 8
"""Wins, and losses, that a person is shown of each arm."""
DECIDING: Mapping[Family, str] = {"ranking": "ndcg@10", "answers": "token_f1"}


@dataclass(frozen=True, slots=True)
class Treated:
    """An arm with what was measured of it, by query."""

    arm: Arm
    first: Mapping[str, Measurement]
    """The first time that it treated each pool."""
    again: Mapping[str, Sequence[Measurement]]
    """The later times."""

    def figures(self, measure: str) -> dict[str, float]:
        """Return a measure by query, where it is defined; the more the better."""
        sign = -1 if measure in LESS_IS_BETTER else 1
        return {
            query: sign * line.figures[measure]
            for query, line in self.first.items()
            if measure in line.figures
        }


def analyse(
    run: RunLog, arms: Sequence[Arm], worths: Sequence[Worth], machine: Mapping[str, str]
) -> Findings:
    """Compare the arms of an experiment that is complete.

    Args:
        run: its log.
        arms: as they were run.
        worths: exchange rates; for a family of measures that none of them is in, the first
            one's numbers are applied to the family's usual measure.
        machine: where it ran.

    Raises:
        InputError: the log is not complete, or an exchange rate names an unknown measure.
        ConflictError: the arms were not given the same pools.
    """
    retrievals = run.retrievals
    treated = [_treated(run, arm) for arm in arms]
    for each in treated:
        if each.first.keys() != retrievals.keys():
            raise InputError(f"{run.path} is not complete: {each.arm.name} lacks queries.")
        for query, line in each.first.items():
            if line.pool != retrievals[query].pool:
                raise ConflictError(f"{run.path}: {each.arm.name} had another pool for {query}.")
    recalls = [line.recall for line in retrievals.values() if line.recall is not None]
    families = []
    for family in ("ranking", "answers"):
        members = [each for each in treated if each.arm.family == family]
        if any(each.arm.role != "baseline" for each in members):
            families.append(_Family(family, members, run, _worth_in(family, members, worths)).find())
    return Findings(
        configuration=run.configuration,
        machine=machine,
        queries=len(retrievals),
        judged=sum(line.judged for line in retrievals.values()),
        pool_recall=float(np.mean(recalls)) if recalls else None,
        families=tuple(families),
    )


def _treated(run: RunLog, arm: Arm) -> Treated:
    first: dict[str, Measurement] = {}
    again: dict[str, list[Measurement]] = {}
    for (query, name, repeat), line in run.measurements.items():
        if name == arm.name:
            if repeat:
                again.setdefault(query, []).append(line)
            else:
                first[query] = line
    ordered = {query: first[query] for query in run.retrievals if query in first}
    return Treated(arm, ordered, again)


def _measures(members: Sequence[Treated]) -> list[str]:
    """Return the names of what was measured: for arms that answer, of their answers."""
    family = members[0].arm.family
    found = dict.fromkeys(
        name for each in members for line in each.first.values() for name in line.figures
    )
    if family == "answers":
        return [name for name in found if name not in MEASURES]
    return [name for name in found if name in MEASURES]


def _worth_in(family: Family, members: Sequence[Treated], worths: Sequence[Worth]) -> Worth:
    measured = _measures(members)
    for worth in worths:
        if worth.measure in measured:
            return worth
    usual = DECIDING[family]
    known = {*MEASURES, *DECIDING.values(), *measured}
    unknown = [worth.measure for worth in worths if worth.measure not in known]
    if unknown:
        raise InputError(
            f"--worth names {unknown[0]!r}, which is not measured: {', '.join(measured)} are."
        )
    return Worth(worths[0].gain, usual, worths[0].seconds)


class _Family:
    """Works out the findings of arms that are measured alike."""

    def __init__(
        self, family: Family, members: Sequence[Treated], run: RunLog, worth: Worth
    ) -> None:
        self._family = family
        self._members = members
        self._run = run
        self._worth = worth
        self._seed = run.configuration.seed
        self._measures = _measures(members)
        [self._baseline] = [each for each in members if each.arm.role == "baseline"]
        self._others = [each for each in members if each is not self._baseline]
        self._candidates = self._of_role("candidate")

    def find(self) -> FamilyFindings:
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
                values = np.array(list(each.figures(measure).values()))
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
            found.append(
                self._arm(each, measures, extras.get(name), nets.get(name), verdict)
            )
        return FamilyFindings(
            family=self._family,
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
            (self._total(each, query) - self._total(self._baseline, query)) / 1000
            for query in each.first
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
            extra = self._total(each, query) - self._total(self._baseline, query)
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

    def _stages(self, each: Treated, line: Measurement) -> dict[str, float]:
        """Return the milliseconds of the stages that a request under this arm goes through."""
        searched = self._run.retrievals[line.query].stages_ms
        stages = {name: ms for name, ms in searched.items() if name not in ("total", "signals")}
        if each.arm.reranker or each.arm.answerer:
            stages["signals"] = searched.get("signals", 0.0)
        return stages | line.stages_ms

    def _total(self, each: Treated, query: str) -> float:
        line = each.first[query]
        searched = self._run.retrievals[query].stages_ms
        parts = self._stages(each, line)
        return searched.get("total", 0.0) + sum(
            parts.get(name, 0.0) for name in ("signals", "rerank", "answer")
        )

    def _arm(
        self,
        each: Treated,
        measures: Mapping[str, MeasureFindings],
        extra: Comparison | None,
        net: Comparison | None,
        verdict: Verdict | None,
    ) -> ArmFindings:
        lines = list(each.first.values())
        totals = sorted(self._total(each, query) for query in each.first)
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
            family=self._family,
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
            verdict=verdict,
        )

    def _latency(self, each: Treated, totals: Sequence[float]) -> list[StageLatency]:
        by_stage: dict[str, list[float]] = {}
        again: dict[str, list[float]] = {}
        for line in each.first.values():
            for stage, ms in self._stages(each, line).items():
                by_stage.setdefault(stage, []).append(ms)
            for later in each.again.get(line.query, ()):
                for stage, ms in later.stages_ms.items():
                    again.setdefault(stage, []).append(ms)
        found = []
        for stage, values in [*by_stage.items(), ("total", list(totals))]:
            points = percentile_intervals(np.array(values), (50, 95, 99), self._seed)
            later = again.get(stage)
            found.append(StageLatency(stage, *points, float(np.median(later)) if later else None))
        return found

    def _slices(self, each: Treated) -> list[SliceFindings]:
        measure = self._worth.measure
        ours = each.figures(measure)
        parts: dict[tuple[str, str], list[str]] = {}
        for query in ours:
            for field, value in self._run.retrievals[query].slices.items():
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
        retrievals: Mapping[str, Retrieval] = self._run.retrievals
        return [
            Change(
                query=query,
                text=retrievals[query].text,
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
