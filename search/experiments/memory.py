"""How much memory this process holds, and the most it held during one step.

Linux tells both, and lets a process reset its own high-water mark; elsewhere nothing is told.
Arms share a process, so what one of them loaded is there while others run: an arm's own share
is what the process grew by when the arm was warmed up, plus what its steps take beyond what was
resident when they began. What runs in another process, a model behind HTTP, is not seen.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"


def resident_mib() -> float | None:
    """Return the memory that is resident now, in MiB; None where the system does not tell."""
    return _field("VmRSS")


@contextmanager
def peak_memory() -> Iterator[list[float]]:
    """Yield a list that holds, after the context, by how many MiB memory rose inside it.

    The list stays empty where the system does not tell.
    """
    risen: list[float] = []
    before = resident_mib()
    try:
        _CLEAR.write_text(_RESET_PEAK)
    except OSError:
        before = None
    try:
        yield risen
    finally:
        peak = _field("VmHWM")
        if before is not None and peak is not None:
            risen.append(max(0.0, peak - before))


def _field(name: str) -> float | None:
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return None
