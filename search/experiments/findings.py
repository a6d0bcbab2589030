"""What came of an experiment, as its report tells it."""

from collections.abc import Mapping
from dataclasses import dataclass

from search.experiments.arms import Family, Role
from search.experiments.records import Configuration
from search.experiments.statistics import Comparison, Interval
from search.experiments.verdict import Verdict


@dataclass(frozen=True, slots=True)
class MeasureFindings:
    """How an arm does under one measure."""

    measure: str
    mean: Interval
    gain: Comparison | None
    """Over the baseline, with the sign turned where less is better; None for itself."""
    p_holm: float | None
    """Of the gain, corrected for the number of candidates; None for controls."""


@dataclass(frozen=True, slots=True)
class SliceFindings:
    """How an arm does on a part of the queries, under the measure that decides."""

    field: str
    value: str
    queries: int
    mean: Interval
    gain: Comparison | None


@dataclass(frozen=True, slots=True)
class StageLatency:
    """How long one stage of an arm takes, in milliseconds."""

    stage: str
    p50: Interval
    p95: Interval
    p99: Interval
    again_p50: float | None
    """When the arm treats the same pool once more; None without repeats."""


@dataclass(frozen=True, slots=True)
class Change:
    """A query that an arm made better or worse."""

    query: str
    text: str
    before: float
    after: float
    shown_before: str
    """The answer, or the paths of the first documents."""
    shown_after: str

    @property
    def gain(self) -> float:
        """Return by how much; below 0 it became worse."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class ArmFindings:
    """What came of one arm."""

    name: str
    family: Family
    role: Role
    measures: Mapping[str, MeasureFindings]
    slices: tuple[SliceFindings, ...]
    latency: tuple[StageLatency, ...]
    """The last stage is `total`."""
    totals_ms: tuple[float, ...]
    """Of each query, sorted."""
    extra: Comparison | None
    """Seconds a query beyond the baseline."""
    net: Comparison | None
    """Gain a query, less what its extra time should have brought."""
    queries_per_second: float
    prompt_tokens: float
    """A query."""
    completion_tokens: float
    load_seconds: float | None
    loaded_mib: float | None
    risen_mib: float | None
    degraded: Mapping[str, int]
    """Why the base stood, and for how many queries."""
    events: Mapping[str, int]
    better: int
    """Queries that it made better."""
    worse: int
    changes: tuple[Change, ...]
    """The most telling ones, best first."""
    unstable: int
    """Queries for which repeats gave other figures."""
    risk_coverage: Interval | None
    """Area under the curve, the less the better; None for arms that do not answer."""
    verdict: Verdict | None
    """None for the baseline and the controls."""


@dataclass(frozen=True, slots=True)
class FamilyFindings:
    """Arms that are measured alike."""

    family: Family
    baseline: str
    deciding: str
    """The measure that the exchange rate is in."""
    worth: str
    rate: float
    """Gain that a second has to bring."""
    arms: tuple[ArmFindings, ...]
    disqualified: Mapping[str, Comparison]
    """Measures under which the null control gains, and by how much."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What came of an experiment."""

    configuration: Configuration
    machine: Mapping[str, str]
    queries: int
    judged: int
    """Queries with known relevant documents."""
    pool_recall: float | None
    """The share of relevant documents in the pools, the same for all arms."""
    families: tuple[FamilyFindings, ...]
