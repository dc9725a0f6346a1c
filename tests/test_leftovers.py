"""Processes that tests leave are found, named and ended."""

import os
import subprocess
import sys
from pathlib import Path

import leftovers
import psutil
import pytest
from waiting import gone, wait_until

ROOT = Path(__file__).parents[1]
SLEEP = f"{sys.executable} -c 'import time; time.sleep(600)'"


def wrapped(*command):
    return subprocess.run(
        [sys.executable, ROOT / "tools" / "leftovers.py", *command],
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.skipif(os.name == "nt", reason="a shell's &")
@pytest.mark.slow
def test_what_a_command_leaves():
    left = wrapped("sh", "-c", f"{SLEEP} > /dev/null 2>&1 & echo $!")
    assert left.returncode == 1
    pid = int(left.stdout)
    assert f"\nstill running after the tests, and killed now:\n  {pid} " in left.stderr
    wait_until(lambda: gone(pid))


def test_a_command_that_leaves_nothing():
    assert (
        wrapped(sys.executable, "-c", "").returncode,
        wrapped(sys.executable, "-c", "1/0").returncode,
    ) == (0, 1)


def test_only_what_carries_the_token(monkeypatch):
    monkeypatch.setenv(leftovers.VARIABLE, token := leftovers.new_token())
    inner = leftovers.new_token()
    code = [sys.executable, "-c", "import time; time.sleep(600)"]
    children = [
        subprocess.Popen(code, env=os.environ | {leftovers.VARIABLE: value})
        for value in (token, inner, "other/")
    ]
    try:
        first, second, _ = (psutil.Process(child.pid) for child in children)
        wait_until(lambda: leftovers.carriers(token) == sorted([first, second], key=lambda one: one.pid))
        assert leftovers.carriers(inner) == [second]  # a run within a run sees its own only
    finally:
        for child in children:
            child.kill()
            child.wait()
    assert leftovers.leftovers(token) == []
