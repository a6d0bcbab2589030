"""What qdrant-client raises, as our errors."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from grpc import RpcError
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from search.errors import StoreError, StoreUnavailableError


@contextmanager
def client_errors(doing: str) -> Iterator[None]:
    """Turn the client's exceptions into ours."""
    try:
        yield
    except UnexpectedResponse as error:
        raise StoreError(
            f"The Qdrant server refused to {doing}: {error.status_code} {error.reason_phrase}."
        ) from error
    except (ApiException, httpx.HTTPError, RpcError, OSError) as error:
        raise StoreUnavailableError(
            f"The Qdrant server does not answer ({doing}): {error}. "
            "Check SEMSEARCH_STORE__URL, or unset it to use the embedded store."
        ) from error
