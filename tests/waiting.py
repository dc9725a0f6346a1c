"""Waiting for what another process does."""

import time

import psutil


def wait_until(condition, seconds=60):
    """Wait until ``condition()`` is true; fail where it does not become so."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(0.02)
    return found


def gone(pid):
    """Say whether a process has ended (a zombie has)."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
