"""What a sync that was killed may have left, and how to put it right.

A version of a document is staged, published, and removed by operations that an engine may
have carried out in part. Which of them it was can be told from the points alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

MARKER_POINT = "00000000-0000-0000-0000-000000000001"
"""It lies in the index while a sync runs. It has no tenant, so no read meets it."""

POINT_FIELDS = ("tenant", "document", "version", "index", "chunk_count")
"""What `repairs` needs of a payload."""


@dataclass(slots=True)
class Repairs:
    """Points to publish, by tenant, and points to remove."""

    publish: dict[str, list[str]] = field(default_factory=dict)
    remove: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Version:
    tenant: str | None = None
    """Of the first chunk, once that is published."""
    chunk_count: int = 0
    published: list[str] = field(default_factory=list)
    staged: list[str] = field(default_factory=list)


def repairs(points: Iterable[tuple[str, Mapping[str, Any]]]) -> Repairs:
    """Decide what becomes of every version that is not as it should be.

    A version whose first chunk is published and whose chunks are all there is published
    whole. Any other was never complete or was about to go: it goes.

    Args:
        points: id and payload (`POINT_FIELDS`) of every chunk, staged or published.
    """
    versions: dict[tuple[str, str], _Version] = {}
    for point, payload in points:
        version = versions.setdefault((payload["document"], payload["version"]), _Version())
        version.chunk_count = payload["chunk_count"]
        tenant = payload.get("tenant")
        (version.staged if tenant is None else version.published).append(point)
        if payload["index"] == 0:
            version.tenant = tenant
    found = Repairs()
    for version in versions.values():
        chunks = len(version.staged) + len(version.published)
        if version.tenant is None or chunks < version.chunk_count:
            found.remove += version.staged + version.published
        elif version.staged:
            found.publish.setdefault(version.tenant, []).extend(version.staged)
    return found
