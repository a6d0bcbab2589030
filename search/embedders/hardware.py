"""What the machine offers PyTorch: cores and number formats."""

import os
from pathlib import Path
from typing import Literal

from search.errors import ConfigError
from search.settings import EmbedderSettings

Precision = Literal["float32", "bfloat16", "float16"]

_BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""Of x86 (the first two) and of ARM, as Linux names them."""
_CPUINFO = Path("/proc/cpuinfo")
_CGROUP_LIMIT = Path("/sys/fs/cgroup/cpu.max")


def prepare_torch() -> None:
    """Import PyTorch as the kit uses it: quiet, offline, with no more threads than cores.

    Called before anything else imports it: how its threads wait is read at that moment. In busy
    loops they would wait for one that another process has displaced: 6 passages a second
    instead of 11 beside one busy process, against 20 instead of 21 on an idle machine (two
    cores).
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(min(torch.get_num_threads(), usable_cores()))


def choose_device(settings: EmbedderSettings) -> str:
    """Return `cuda` or `cpu`.

    Raises:
        ConfigError: CUDA is asked for and PyTorch sees none.
    """
    import torch

    if settings.device == "cpu":
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    if settings.device == "cuda":
        raise ConfigError(
            "SEMSEARCH_EMBEDDER__DEVICE is cuda, but PyTorch sees no CUDA device: "
            "set it to auto, or install a PyTorch with CUDA and the driver."
        )
    return "cpu"


def choose_precision(settings: EmbedderSettings, device: str) -> Precision:
    """Return the number format of the weights: what is set, or the fastest that is exact enough."""
    if settings.precision != "auto":
        return settings.precision
    if device == "cuda":
        return "float16"
    return "bfloat16" if cpu_computes_bfloat16() else "float32"


def cpu_computes_bfloat16(cpuinfo: Path = _CPUINFO) -> bool:
    """Tell whether the CPU has instructions for bfloat16; without them it is slower than float32.

    Read from Linux: PyTorch's own test is also true where it would emulate them.
    """
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return not _BFLOAT16_FLAGS.isdisjoint(flags.split())


def usable_cores(cgroup_limit: Path = _CGROUP_LIMIT) -> int:
    """Return the cores this process may keep busy, a container's CPU quota considered."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    try:
        quota, period = cgroup_limit.read_text(encoding="ascii").split()
        return max(1, min(cores, int(quota) // int(period)))
    except (OSError, ValueError):  # no cgroup, or `max`: no quota
        return cores
