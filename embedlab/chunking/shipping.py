"""What comes with the course of chapter 10: all that its queries find, in one file with a card."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import docsearch
from embedlab.chunking import maxp
from embedlab.chunking.experiments import Study
from embedlab.chunking.setups import SETUPS
from embedlab.machine import PACKAGED_SHA256, data_path, files, write_atomically

PACKAGES = ("embedlab", "numpy", "torch", "gensim", "mwparserfromhell", "sentencex")
CUT_ELSEWHERE = ("semantic", "langchain")  # by a model, by another library: their places are shipped as well


def ship(folder: Path | None = None, *, report: Callable[[str], None] = print) -> None:
    """Compute all rankings of chapter 10, and write them with a card.

    Some hours on two cores. What is shipped already and still fits, and what an interrupted run computed, is
    taken over.

    Parameters
    ----------
    folder : Path, optional
        By default that of the files that come with the course.
    report : callable
        Gets the name of each setup before it is computed.
    """
    study = Study()
    arrays: dict[str, NDArray] = {}
    for name, setup in SETUPS.items():
        report(name)
        if setup.how in CUT_ELSEWHERE:
            key = f"{setup.how}-{setup.size}/{setup.overlap} {study.passages.fingerprint[:16]}"
            arrays[key] = study.places(setup.how, setup.size, setup.overlap)
        arrays[study.key(name)] = study.ranking(name)
    fingerprint = docsearch().fingerprint[:16]
    for way in maxp.WAYS:
        report(f"docstrings, {way}")
        for split in ("dev", "test"):
            rows = maxp.docstring_ranking(way, split)[1].astype(np.int16)
            arrays[f"docsearch {way} {split} {fingerprint}"] = rows
        arrays[f"docsearch {way} chunks {fingerprint}"] = maxp.docstring_counts(way)
    path = (folder or data_path("chunking")) / "rankings.safetensors"
    path.parent.mkdir(exist_ok=True)
    files.save(path, "Chunking", arrays)
    about = {
        "base": PACKAGED_SHA256,
        "articles and queries": study.passages.fingerprint,
        "docstrings": docsearch().fingerprint,
        "setups": list(SETUPS),
        "versions": {package: version(package) for package in PACKAGES},
    }
    text = json.dumps(about, indent=1) + "\n"
    write_atomically(path.with_suffix(".json"), lambda file: file.write_text(text, encoding="utf-8"))
