"""What is particular to a Qdrant server: its absence, and collections that are not ours."""

import pytest
from pydantic import SecretStr
from qdrant_client import QdrantClient, models

from search.errors import IndexMismatchError, StoreUnavailableError
from search.settings import StoreSettings
from search.stores.payload import PAYLOAD_INDEXES
from search.stores.server import ServerStore, connect, drop
from tests.search.stores.factory import ADMIN, IDENTITY, document, indexed, put, query

DEAD = StoreSettings(url="http://127.0.0.1:9", api_key=SecretStr("secret-key"), timeout=1)


@pytest.mark.parametrize("grpc", [False, True])
@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
def test_a_dead_server_is_one_clear_line_without_the_key(grpc: bool) -> None:
    client = connect(DEAD.model_copy(update={"grpc": grpc}))
    with pytest.raises(StoreUnavailableError, match="SEMSEARCH_STORE__URL") as failure:
        ServerStore(client, "test", create=IDENTITY)
    assert "secret-key" not in str(failure.value)
    client.close()


def test_a_foreign_collection_is_left_alone() -> None:
    client = QdrantClient(":memory:")
    client.create_collection("theirs", models.VectorParams(size=2, distance=models.Distance.DOT))
    client.upsert("theirs", [models.PointStruct(id=1, vector=[1.0, 0.0])])
    with pytest.raises(IndexMismatchError, match="SEMSEARCH_STORE__COLLECTION"):
        ServerStore(client, "theirs", create=IDENTITY)
    with pytest.raises(IndexMismatchError, match="SEMSEARCH_STORE__COLLECTION"):
        ServerStore(client, "theirs")
    assert client.count("theirs").count == 1


def test_a_collection_that_a_killed_run_left_half_made_is_made_again() -> None:
    client = QdrantClient(":memory:")
    client.create_collection("ours", models.VectorParams(size=2, distance=models.Distance.DOT))
    store = ServerStore(client, "ours", create=IDENTITY)
    put(store, indexed(document("a.md"), "Wniosek"))
    assert store.query(query("Wniosek"), ADMIN)[0].document.path == "a.md"


def test_dropping_the_collection() -> None:
    client = QdrantClient(":memory:")
    ServerStore(client, "ours", create=IDENTITY)
    drop(client, "ours")
    assert not client.collection_exists("ours")


def test_every_field_that_we_index_is_indexed_on_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Local mode ignores payload indexes, so the requests themselves are looked at."""
    client = QdrantClient(":memory:")
    asked: dict[str, str] = {}

    def record(
        collection: str, field: str, schema: models.PayloadSchemaType | models.KeywordIndexParams
    ) -> None:
        if isinstance(schema, models.KeywordIndexParams):
            assert schema.prefix
            asked[field] = "substring"
        else:
            asked[field] = schema.value

    monkeypatch.setattr(client, "create_payload_index", record)
    ServerStore(client, "ours", create=IDENTITY)
    assert asked == dict(PAYLOAD_INDEXES)
