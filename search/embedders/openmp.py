"""Keeps a native call on one thread."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def one_thread(engine: ctypes.CDLL) -> Iterator[None]:
    """Run the OpenMP regions of an engine, called from this thread, without other threads.

    The threads of GNU OpenMP wait for one another in a busy loop, hundreds of times in one
    short query. Measured on two cores: 9 ms with two threads and 13 ms with one on an idle
    machine, but 1,700 ms against 19 ms as soon as anything else runs. A server that answers
    several queries at once has better use for its cores anyway.
    """
    with ExitStack() as restore:
        for library in _openmp_libraries(engine):
            restore.callback(library.omp_set_num_threads, library.omp_get_max_threads())
            library.omp_set_num_threads(1)
        yield


def _openmp_libraries(engine: ctypes.CDLL) -> list[Any]:
    # The engine brings its own OpenMP, but runs on PyTorch's when PyTorch was imported
    # first (its symbols are global); which one it is cannot be asked, so set both.
    everything = [ctypes.CDLL(None)] if os.name == "posix" else []
    return [lib for lib in (*everything, engine) if hasattr(lib, "omp_set_num_threads")]
