"""A pseudo-terminal of 80 columns in which tests run `embedlab`, and the history that it leaves."""

import re
import sys
from pathlib import Path

import pytest

from embedlab.study.practice import History

pexpect = pytest.importorskip("pexpect", reason="pseudo-terminals exist on Linux and macOS only")

EMBEDLAB = str(Path(sys.executable).with_name("embedlab"))
COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def terminal(*words):
    return pexpect.spawn(EMBEDLAB, list(words), dimensions=(40, 80), encoding="utf-8", timeout=30)


def records(folder):
    return History(folder / "history.sqlite").records()
