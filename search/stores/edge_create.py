"""How an embedded index is laid out on disk: its vectors, its payload indexes, its segments."""

import shutil
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from search.stores.base import IndexIdentity
from search.stores.edge_errors import engine_errors
from search.stores.payload import (
    DENSE,
    IDENTITY_POINT,
    LEXICAL,
    PAYLOAD_INDEXES,
    identity_payload,
)

SEGMENT_CHUNKS = 25_000
"""Chunks that gather in memory, at about 5 kB each, before they become a segment on disk."""

SEGMENTS = 64
"""Segments beyond which small ones are merged."""

LARGEST_SEGMENT = 4 * SEGMENT_CHUNKS
"""Chunks of a segment that is not merged any more: merging holds a segment in memory."""

_ON_DISK = edge.Memory.Cold
_CACHED = edge.Memory.Cached
_SCHEMA: dict[str, Any] = {
    "keyword": edge.KeywordIndexParams(memory=_CACHED),
    "substring": edge.KeywordIndexParams(prefix=True, memory=_CACHED),
    "integer": edge.IntegerIndexParams(memory=_CACHED),
    "datetime": edge.DatetimeIndexParams(memory=_CACHED),
}


def create_index(folder: Path, identity: IndexIdentity) -> None:
    """Build an empty index aside and move it into place, so that none is ever half made."""
    aside = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    with engine_errors(f"create the index in {folder}"):
        shard = edge.EdgeShard.create(str(aside), _config(identity.dimension))
        for field, kind in PAYLOAD_INDEXES.items():
            shard.update(edge.UpdateOperation.create_field_index(field, _SCHEMA[kind]))
        marker = edge.Point(IDENTITY_POINT, {}, identity_payload(identity))
        shard.update(edge.UpdateOperation.upsert_points([marker]))
        shard.flush()
        shard.close()
    aside.rename(folder)


def _config(dimension: int) -> edge.EdgeConfig:
    kilobytes = dimension * 4 / 1024  # of the dense vector of a chunk
    return edge.EdgeConfig(
        vectors={
            DENSE: edge.EdgeVectorParams(
                size=dimension, distance=edge.Distance.Cosine, memory=_ON_DISK
            )
        },
        sparse_vectors={
            LEXICAL: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf, memory=_ON_DISK)
        },
        payload_memory=_ON_DISK,
        id_tracker_memory=_ON_DISK,
        hnsw_config=edge.HnswIndexConfig(m=0, ef_construct=4, full_scan_threshold=1),
        optimizers=edge.EdgeOptimizersConfig(
            indexing_threshold=max(1, int(SEGMENT_CHUNKS * kilobytes)),
            max_segment_size=max(1, int(LARGEST_SEGMENT * kilobytes)),
            default_segment_number=SEGMENTS,
        ),
    )
