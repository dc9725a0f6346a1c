"""What this computer calls itself: figures that depend on it are printed with its name."""

import os
import platform
from pathlib import Path


def machine_name() -> str:
    """Return the CPU's name and the number of its cores.

    Examples
    --------
    >>> machine_name().endswith("cores")
    True
    """
    return f"{_cpu()}, {os.cpu_count()} cores"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
