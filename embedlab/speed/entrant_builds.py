"""Builds indexes in a process of its own, one after the other, on one core, and leaves them in a folder.

python -m embedlab.speed.entrant_builds FOLDER CORE NAME ...
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)


def path_of(folder: Path, name: str) -> Path:
    """Return where an index lies.

    Examples
    --------
    >>> path_of(Path("made"), "faiss IVFPQ+").name
    'faiss-ivfpq-'
    """
    return folder / re.sub(r"[^a-z0-9]+", "-", name.lower())


def built(folder: Path, name: str) -> dict | None:
    """Return what building an index took, or None where it is not built."""
    file = path_of(folder, name).with_suffix(".json")
    return json.loads(file.read_text()) if file.exists() else None


def build_all(folder: Path, names: Sequence[str], report: Callable[[str], None]) -> None:
    """Build what is not there yet of the vectors in ``folder / vectors.npy``: a process on each core.

    Raises
    ------
    RuntimeError
        If a process fails; with the end of what it said.
    """
    cores = sorted(os.sched_getaffinity(0))[:2] if hasattr(os, "sched_getaffinity") else [-1]
    waiting = [name for name in names if not built(folder, name)]
    if "Vamana" in waiting:  # its graph is written to the disk as well
        on_disk = [name for name in waiting if name.startswith("Disk")]
        waiting = [";".join([name, *on_disk]) if name == "Vamana" else name for name in waiting]
        waiting = [name for name in waiting if name not in on_disk]
    failed: list[str] = []
    lock = threading.Lock()

    def work(core: int) -> None:
        while not failed:
            with lock:
                if not waiting:
                    return
                name = waiting.pop(0)
            start = time.perf_counter()
            command = [sys.executable, "-m", __spec__.name, str(folder), str(core), *name.split(";")]
            done = subprocess.run(command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True)
            if done.returncode:
                failed.append(f"{name}: {done.stderr[-2000:]}")
            report(f"{name}: {time.perf_counter() - start:.1f} s")

    threads = [threading.Thread(target=work, args=(core,)) for core in cores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise RuntimeError("\n".join(failed))


def main(folder: Path, core: int, names: Sequence[str]) -> None:
    """Build these here, and write beside each how long it took and what it takes."""
    from embedlab.speed.entrants import entrants, on_disk

    if core >= 0:
        os.sched_setaffinity(0, {core})
    with contextlib.suppress(ImportError):
        import faiss

        faiss.omp_set_num_threads(1)
    known = entrants()
    vectors = np.asarray(np.load(folder / "vectors.npy", mmap_mode="c"))  # one copy in memory for all
    graph, graph_s = None, 0.0
    for name in names:
        one, path = known[name], path_of(folder, name)
        if one.ours:
            one.build(vectors[:200])  # compiled, or read from the disk
        start = time.perf_counter()
        shared = name in on_disk() and graph is not None
        index = on_disk()[name](graph) if shared else one.build(vectors)
        seconds = time.perf_counter() - start + (graph_s if shared else 0)
        one.save(index, path)
        size = one.size(index) if one.size else path.stat().st_size / len(vectors)
        about = {"build_s": seconds, "bytes": size, "disk_bytes": 0.0}
        if name in on_disk():
            about["disk_bytes"] = index.disk_bytes_per_vector
        path.with_suffix(".json").write_text(json.dumps(about))
        if name == "Vamana":
            graph, graph_s = index, seconds


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
