"""What a process says to the owner of an index, and what it hears: see `owner`."""

from dataclasses import dataclass
from typing import Any

from search.errors import SemsearchError

CALLS = frozenset(
    {
        "query",
        "similar",
        "suggest",
        "vectors",
        "count",
        "count_documents",
        "facet",
        "chunks",
        "state",
        "stage",
        "publish",
        "update",
        "remove_stale",
        "remove",
        "repair",
        "flush",
        "size_bytes",
    }
)
"""Methods of `Store` that are answered at once."""

ITERATIONS = frozenset({"documents", "manifest", "read_back"})
"""Methods of `Store` that are answered page by page."""

IDENTITY = "identity"
CLAIM = "claim"


@dataclass(frozen=True, slots=True)
class Request:
    """A method of the store and what it is called with."""

    method: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Value:
    """What a method returned."""

    value: Any


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what an iteration yields; the last one says so."""

    items: list[Any]
    last: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """The error a method raised: the name of its class and its message."""

    error: str
    message: str

    @classmethod
    def of(cls, error: Exception) -> "Refusal":
        """Describe an error; what is none of ours is a failure of the store."""
        name = type(error).__name__ if isinstance(error, SemsearchError) else "StoreError"
        return cls(name, str(error) or type(error).__name__)
