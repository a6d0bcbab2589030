"""What one would write instead: a FastAPI route over qdrant-client's local mode.

The same chunks, vectors and query as the service's, embedded with sentence-transformers; no
access control, no filter, no counts, no highlights, no limits.
"""

import sys
import warnings
from typing import Any

import uvicorn
from fastapi import FastAPI
from qdrant_client import QdrantClient, models
from sentence_transformers import SentenceTransformer

from search.assemble import open_store_as_is
from search.embedders.e5_model import DIMENSION, QUERY_PROMPT, unpacked_folder
from search.lexical.bm25 import Bm25
from search.settings import Settings, load_settings

LANGUAGES = ("en", "pl")
CANDIDATES = 100


def main(port: int) -> None:
    """Copy the index that the settings name, and answer queries."""
    settings = load_settings()
    client = _copied(settings)
    model = SentenceTransformer(str(unpacked_folder(settings.embedder.cache_dir)), device="cpu")
    bm25 = Bm25(settings.lexical)
    app = FastAPI()

    @app.get("/readyz")
    def readyz() -> str:
        search("gotowe")
        return "ready"

    @app.get("/v1/search")
    def search(q: str) -> list[dict[str, Any]]:
        dense = model.encode(QUERY_PROMPT + q, normalize_embeddings=True, show_progress_bar=False)
        terms = bm25.query(q, LANGUAGES).terms
        sparse = models.SparseVector(indices=list(terms.indices), values=list(terms.values))
        found = client.query_points(
            "docs",
            prefetch=[
                models.Prefetch(query=dense.tolist(), using="dense", limit=CANDIDATES),
                models.Prefetch(query=sparse, using="lexical", limit=CANDIDATES),
            ],
            query=models.FusionQuery(fusion=models.Fusion.DBSF),
            limit=10,
        )
        return [{"score": point.score, **(point.payload or {})} for point in found.points]

    uvicorn.run(app, port=port, log_level="error")


def _copied(settings: Settings) -> QdrantClient:
    client = QdrantClient(":memory:")
    client.create_collection(
        "docs",
        vectors_config={
            "dense": models.VectorParams(size=DIMENSION, distance=models.Distance.COSINE)
        },
        sparse_vectors_config={"lexical": models.SparseVectorParams(modifier=models.Modifier.IDF)},
    )
    store = open_store_as_is(settings)
    for document in list(store.manifest()):
        points = []
        for item in store.read_back(document):
            indices, values = list(item.sparse.indices), list(item.sparse.values)
            sparse = models.SparseVector(indices=indices, values=values)
            vectors: dict[str, Any] = {"dense": item.dense.tolist(), "lexical": sparse}
            payload = {"path": document.path, "title": document.title, "text": item.chunk.text}
            points.append(models.PointStruct(id=item.id, vector=vectors, payload=payload))
        client.upsert("docs", points)
    store.close()
    return client


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(int(sys.argv[1]))
