"""What the embedded engine raises, as errors of the kit."""

from collections.abc import Iterator
from contextlib import contextmanager

from search.errors import SemsearchError, StoreError


@contextmanager
def engine_errors(doing: str) -> Iterator[None]:
    """Turn the engine's exceptions into ours."""
    try:
        yield
    except SemsearchError:
        raise
    except Exception as error:  # the engine raises bare `Exception`
        raise StoreError(f"The embedded store could not {doing}: {error}") from error
