"""Cores for a measurement: one for the server, another for the load; and what the host took of them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator


def two_cores() -> tuple[set[int], set[int]] | None:
    """Return two sets of one core each, or None where there are no two, or no way to choose (not Linux)."""
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2:
        return None
    first, second, *_ = sorted(os.sched_getaffinity(0))
    return {first}, {second}


@contextlib.contextmanager
def pinned(cores: Collection[int] | None) -> Iterator[None]:
    """Keep this thread, and what it starts, on some cores while the block lasts; None changes nothing.

    A process started in the block stays there when the block has ended.

    Examples
    --------
    >>> with pinned(None):
    ...     print("anywhere")
    anywhere
    """
    if cores is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def stolen_seconds() -> float:
    """Return the seconds, of all cores since the start, that the host gave to others ("steal"); 0 if unknown.

    The eighth figure of the first line of /proc/stat (man 5 proc_stat); a virtual machine knows no other way
    to see that its neighbours slow it down.
    """
    try:
        with open("/proc/stat", encoding="ascii") as file:
            return int(file.readline().split()[8]) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0.0
