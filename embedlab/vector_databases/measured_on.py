"""What a measurement that comes with the course says of itself: machine, CPU, day, command, versions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from embedlab.machine import machine_name

CPUINFO = Path("/proc/cpuinfo")
SHOWN = ("model name", "cpu family", "model", "stepping")
DURABLE = "fsync, synchronous_commit and full_page_writes on, as PostgreSQL has them"
THROWN = "fsync, synchronous_commit and full_page_writes off"


def cpu_model(text: str | None = None) -> str:
    """Return the CPU's name, family, model and stepping: a rented machine's name alone says little.

    Parameters
    ----------
    text : str, optional
        Of ``/proc/cpuinfo``; by default this machine's. Where there is none: "unknown".

    Examples
    --------
    >>> cpu_model("model name : AMD EPYC\\ncpu family : 25\\nmodel : 17\\nstepping : 1\\nflags : avx2")
    'AMD EPYC, family 25, model 17, stepping 1, AVX2'
    """
    if text is None:
        text = CPUINFO.read_text(encoding="utf-8") if CPUINFO.exists() else ""
    facts = {}
    for line in text.splitlines():
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    if SHOWN[0] not in facts:
        return "unknown"
    flags = facts.get("flags", "").split()
    widest = [label for flag, label in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in flags]
    parts = [facts[SHOWN[0]]]
    parts += [f"{name.removeprefix('cpu ')} {facts[name]}" for name in SHOWN[1:] if name in facts]
    return ", ".join(parts + widest[:1])


def about(command: str, packages: Sequence[str], servers: dict[str, str] | None = None, **facts) -> dict:
    """Return the ``about`` of a measurement.

    Parameters
    ----------
    command : str
        What makes it anew.
    packages : sequence of str
        Whose versions are noted.
    servers : dict, optional
        Versions that were asked elsewhere, see `server_versions`.
    facts
        What else it says: how many vectors, which settings.

    Examples
    --------
    >>> made = about("embedlab bench clients --write", ["numpy"], vectors=10)
    >>> list(made)
    ['machine', 'cpu', 'date', 'command', 'vectors', 'versions']
    """
    return {
        "machine": machine_name(),
        "cpu": cpu_model(),
        "date": time.strftime("%Y-%m-%d"),
        "command": command,
        **facts,
        "versions": {name: version(name) for name in packages} | (servers or {}),
    }
