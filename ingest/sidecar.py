"""`semsearch.yaml`: who may read the documents of a folder, and how they are tagged.

    tenant: acme              # of the folder and all below
    tags: [hr]                # add up down the tree
    access: [group:hr]        # replaces what is inherited; [private] = administrators only
    rules:                    # by pattern in gitignore syntax; the later one wins
      - match: salaries/
        access: ["user:anna", "group:board"]
        tags: [salaries]
    files:                    # by exact name, for this folder alone; wins over the rules
      umowa [2].pdf: {access: ["user:jan"]}

A file that cannot be read or understood closes its folder: what lies there is neither
indexed nor removed until it is mended, so that no rule is lost by a typing error.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import yaml
from pathspec import GitIgnoreSpec
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from search.settings import AccessEntry

SIDECAR = "semsearch.yaml"
MAX_BYTES = 1_000_000
PRIVATE = "private"

Tag = Annotated[str, Field(min_length=1, max_length=100)]


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for one file."""

    tenant: str
    tags: tuple[str, ...] = ()
    access: tuple[str, ...] = ()
    """As in `Document.access`: none means administrators only."""


class SidecarError(Exception):
    """A sidecar is malformed; the message is one line without the path."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant: str | None = Field(None, min_length=1, max_length=64, pattern=r"^[\w.-]+$")
    tags: tuple[Tag, ...] = ()
    access: tuple[AccessEntry, ...] | None = None

    @field_validator("access")
    @classmethod
    def _private_stands_alone(cls, access: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if access and PRIVATE in access and len(access) > 1:
            raise ValueError("`private` cannot be combined with other entries")
        return access

    def applied_to(self, rules: Rules) -> Rules:
        access = rules.access
        if self.access is not None:
            access = tuple(entry for entry in dict.fromkeys(self.access) if entry != PRIVATE)
        tags = tuple(dict.fromkeys(rules.tags + self.tags))
        return replace(rules, tenant=self.tenant or rules.tenant, tags=tags, access=access)


class _Rule(_Section):
    match: str = Field(min_length=1)


class _Sidecar(_Section):
    rules: tuple[_Rule, ...] = ()
    files: dict[str, _Section] = {}


@dataclass(frozen=True, slots=True)
class Sidecar:
    """The rules of one folder."""

    folder: Path
    _content: _Sidecar
    _patterns: tuple[GitIgnoreSpec, ...]

    def applied_to(self, rules: Rules, path: Path) -> Rules:
        """Return the rules for a file of the folder, given those that it inherits."""
        rules = self._content.applied_to(rules)
        name = path.relative_to(self.folder).as_posix()
        for rule, pattern in zip(self._content.rules, self._patterns, strict=True):
            if pattern.match_file(name):
                rules = rule.applied_to(rules)
        exact = self._content.files.get(name)
        return exact.applied_to(rules) if exact else rules


def read_sidecar(folder: Path) -> Sidecar | None:
    """Read the sidecar of a folder; None when it has none.

    Raises:
        SidecarError: it is not what a sidecar may be.
    """
    path = folder / SIDECAR
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SidecarError(f"it cannot be read: {error.strerror}.") from None
    if len(data) > MAX_BYTES:
        raise SidecarError(f"it has more than {MAX_BYTES} bytes.")
    try:
        content = _Sidecar.model_validate(yaml.safe_load(data.decode("utf-8-sig")) or {})
        patterns = tuple(GitIgnoreSpec.from_lines([rule.match]) for rule in content.rules)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or "no YAML"
        raise SidecarError(f"{where}{problem}.") from None
    except UnicodeDecodeError:
        raise SidecarError("it is not UTF-8.") from None
    except RecursionError:
        raise SidecarError("it is nested too deeply.") from None
    except ValidationError as error:
        raise SidecarError(_first_problem(error)) from None
    except ValueError as error:
        raise SidecarError(f"{error}.") from None
    return Sidecar(folder, content, patterns)


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    field = ".".join(str(part) for part in problem["loc"]) or "the file"
    if problem["type"] == "extra_forbidden":
        return f"`{field}` is unknown; a folder has tenant, tags, access, rules and files."
    return f"`{field}`: {problem['msg']}, got {problem['input']!r}."
