"""How much memory an index takes while it is searched, measured in a process of its own."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from embedlab.index import Floats, index_class
from embedlab.scale.sectors import read_about

MB = 1 << 20


def resident_bytes() -> int:
    """Return the memory of this process that lies in RAM; 0 where the system does not say (Linux does)."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def memory_of(path: str | Path, queries: Floats, k: int = 10) -> dict[str, float]:
    """Open a saved index in a fresh process, and search there.

    Parameters
    ----------
    path : str or Path
        Of an index of `embedlab.hnsw`, `embedlab.scale` or `embedlab.index`.
    queries : float32 array (q, d)

    Returns
    -------
    dict
        ``before``, ``opened``, ``searched``: bytes in RAM, the first with everything imported and compiled;
        ``open_ms``: how long opening took, the second time.
    """
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder, "queries.npy"), queries)
        command = [sys.executable, "-m", "embedlab.scale.resident", str(path), folder, str(k)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _measure(path: str, folder: str, k: int) -> dict[str, float]:
    """Measure here what `memory_of` returns."""
    from embedlab.hnsw import HNSWIndex  # noqa: F401 (these make their classes known)
    from embedlab.scale import DiskIndex, IVFIndex, IVFPQIndex, IVFRaBitQIndex, RaBitQIndex  # noqa: F401

    queries = np.load(Path(folder, "queries.npy"))
    kind = index_class(read_about(path)["class"])
    small, few = kind(queries.shape[1]), queries[:50] + np.float32(0)
    small.add(few)
    small.save(Path(folder, "small"))
    kind.load(Path(folder, "small")).search(few, k)  # compiled, or read from the disk
    before, start = resident_bytes(), time.perf_counter()
    index = kind.load(path)
    seconds, opened = time.perf_counter() - start, resident_bytes()
    index.search(queries, k)
    return {"before": before, "opened": opened, "searched": resident_bytes(), "open_ms": 1000 * seconds}


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
