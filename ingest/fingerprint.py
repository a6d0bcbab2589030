"""What a document was indexed with, in one short string that can say what has changed."""

import hashlib
import json
from typing import Any

from search.assemble import identity_for
from search.embedders.base import Embedder
from search.settings import Settings

PARSER_VERSION = 3
"""Raise it when parsing or chunking changes: documents are then indexed anew."""


def fingerprint(embedder: Embedder, settings: Settings) -> str:
    """Return what changes whenever the same file may give other chunks or vectors.

    One part for each cause, e.g. `parser:2 model:9f2c11 chunking:0a63de lexical:71be02`.
    """
    identity = identity_for(embedder)
    parts = {
        "model": [identity.revision, identity.dimension, identity.analyzer],
        "chunking": settings.chunking.model_dump(),
        "lexical": settings.lexical.model_dump(),
    }
    hashed = (f"{name}:{_digest(value)}" for name, value in parts.items())
    return " ".join([f"parser:{PARSER_VERSION}", *hashed])


def what_changed(before: str, now: str) -> str:
    """Name the parts in which two fingerprints differ, e.g. `another chunking, another model`."""
    former = dict(part.partition(":")[::2] for part in before.split())
    current = dict(part.partition(":")[::2] for part in now.split())
    return ", ".join(f"another {n}" for n, v in current.items() if former.get(n) != v)


def _digest(value: Any) -> str:
    return hashlib.blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=3).hexdigest()
