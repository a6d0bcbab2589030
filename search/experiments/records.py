"""The log of an experiment: a line for each thing measured, so that a killed run goes on.

{"kind": "header", …}        what was run; a run is only resumed under the same
{"kind": "warm-up", …}       an arm's first call, which is not measured
{"kind": "retrieval", …}     one for each query
{"kind": "measurement", …}   one for each query, arm and repeat
"""

import json
import os
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from search.errors import ConflictError, InputError

L = TypeVar("L", bound=BaseModel)


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True)


class Configuration(_Line):
    """What decides the figures; the first line of a log."""

    kind: Literal["header"] = "header"
    version: int = 1
    dataset: str
    content: str
    """Digest of the questions and of the corpus, in hex; the name alone could be another's."""
    model: str
    """The embedding model, and what indexed the passages."""
    mode: str
    arms: tuple[str, ...]
    queries: int
    pool: int
    repeats: int
    seed: int
    deadline: float | None = None
    """Seconds."""
    settings: dict[str, str] = {}
    """What else decides how arms work, by the setting's variable."""


class WarmUp(_Line):
    """What an arm took before it could be measured."""

    kind: Literal["warm-up"] = "warm-up"
    arm: str
    seconds: float
    loaded_mib: float | None
    """By how much the process grew; None where the system does not tell."""


class Retrieval(_Line):
    """What was retrieved for a query: the pool that all arms are given."""

    kind: Literal["retrieval"] = "retrieval"
    query: str
    text: str
    slices: dict[str, str]
    judged: bool
    pool: str
    """Digest of the ids of the pool's passages, in their order."""
    stages_ms: dict[str, float]
    recall: float | None
    """The share of the relevant documents that stand in the pool; None where none are known."""


class Measurement(_Line):
    """What one arm made of one pool."""

    kind: Literal["measurement"] = "measurement"
    query: str
    arm: str
    repeat: int
    pool: str
    """As in the query's retrieval."""
    stages_ms: dict[str, float]
    """`rerank` and `answer`, where the arm does it."""
    documents: tuple[str, ...]
    """Paths of the first documents, best first."""
    figures: dict[str, float]
    answer: str | None = None
    confidence: float | None = None
    """Of the answer."""
    degraded: str | None = None
    events: dict[str, int] = {}
    prompt_tokens: int = 0
    completion_tokens: int = 0
    risen_mib: float | None = None


Line = Annotated[Configuration | WarmUp | Retrieval | Measurement, Field(discriminator="kind")]
_LINE: TypeAdapter[Line] = TypeAdapter(Line)


class RunLog:
    """The lines of one experiment, on disk as soon as they are written."""

    def __init__(self, path: Path, configuration: Configuration) -> None:
        """Open a log, or begin it.

        Raises:
            ConflictError: it was written by an experiment with another configuration.
            InputError: it is no such log, or cannot be read or written.
        """
        self.path = path
        self.configuration = configuration
        try:
            lines = _read(path) if path.exists() else []
        except OSError as error:
            raise InputError(f"Cannot read {path}: {error.strerror}.") from None
        self._check_header(lines)
        self.warm_ups = {line.arm: line for line in _of(WarmUp, lines)}
        self.retrievals = {line.query: line for line in _of(Retrieval, lines)}
        self.measurements = {
            (line.query, line.arm, line.repeat): line for line in _of(Measurement, lines)
        }
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Rewritten without a line that a kill cut short, so that the next one begins anew.
            whole = "".join(f"{line.model_dump_json()}\n" for line in lines or [configuration])
            beside = path.with_name(path.name + ".new")
            beside.write_text(whole, encoding="utf-8")
            beside.replace(path)
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise InputError(f"Cannot write {path}: {error.strerror}.") from None

    def add(self, line: WarmUp | Retrieval | Measurement) -> None:
        """Write a line; it survives a kill of this process."""
        match line:
            case WarmUp():
                self.warm_ups[line.arm] = line
            case Retrieval():
                self.retrievals[line.query] = line
            case Measurement():
                self.measurements[line.query, line.arm, line.repeat] = line
        self._file.write(line.model_dump_json() + "\n")
        self._file.flush()

    def close(self) -> None:
        """Make sure that all of it is on disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def _check_header(self, lines: list[Line]) -> None:
        if not lines:
            return
        header = lines[0]
        if not isinstance(header, Configuration):
            raise InputError(f"{self.path} is no log of an experiment: its first line is another.")
        ours, theirs = self.configuration.model_dump(), header.model_dump()
        changed = [name for name in ours if ours[name] != theirs[name]]
        if changed:
            name = changed[0]
            raise ConflictError(
                f"{self.path} holds an experiment with another {name}: "
                f"{json.dumps(theirs[name])} there, {json.dumps(ours[name])} now. "
                "Give another --report folder, or delete that file to begin anew."
            )


def _read(path: Path) -> list[Line]:
    """Return the lines of a log; a last one that a kill cut short is left out."""
    lines: list[Line] = []
    texts = path.read_text(encoding="utf-8", errors="replace").split("\n")
    last = len(texts)
    for number, text in enumerate(texts, 1):
        if not text:
            continue
        try:
            lines.append(_LINE.validate_json(text))
        except ValidationError as error:
            if number == last:
                break
            first = error.errors()[0]
            raise InputError(f"{path}, line {number}: {first['msg']}.") from None
    return lines


def _of(kind: type[L], lines: list[Line]) -> list[L]:
    return [line for line in lines if isinstance(line, kind)]
