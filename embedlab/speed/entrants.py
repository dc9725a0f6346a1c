"""Every index of the chapter on scale and its peers, built, saved and searched alike: by one thread.

An entrant builds an index of vectors (n, d), saves, loads and sizes it, and searches it at a setting: the one
number that trades recall for time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab.hnsw import HNSWIndex
from embedlab.index import FlatIndex, Floats, Index, Ints
from embedlab.scale import (
    DiskIndex,
    IVFIndex,
    IVFPQIndex,
    IVFRaBitQIndex,
    PQFastScanIndex,
    RaBitQIndex,
    VamanaIndex,
    rescored,
)
from embedlab.speed.peers import EF_CONSTRUCTION, RESCORED, K, M, faiss_index, hnswlib_index

Search = Callable[[Floats], Ints]
SHORTLIST = K * RESCORED  # what codes in lists find and float16 rescores
PROBES = (1, 2, 4, 8, 16, 32, 64, 128)
BEAMS = (10, 16, 24, 40, 64, 100, 160, 250)
LISTS = (10, 20, 40, 80, 160, 320, 640)  # shortlists of codes that are all scanned
EPSILONS = (0.0, 0.5, 1.0, 1.5, 1.9, 2.5)
DEGREE, WIDTH = 32, 100  # of Vamana
LONGER = 4  # numbers for which a longer code of Disk has a byte; by default it has one for 8


def lists_for(n: int) -> int:
    """Return a number of lists by FAISS's guideline for collections below a million: 4 roots of n.

    Examples
    --------
    >>> lists_for(10_000), lists_for(1_000_000)
    (400, 4000)
    """
    return max(4 * round(n**0.5), 1)


@dataclass(frozen=True)
class Entrant:
    """An index that is measured."""

    build: Callable[[Floats], object]
    save: Callable[[object, Path], None]
    load: Callable[[Path], object]
    search: Callable[[object, Floats, float], Ints]  # index, queries, setting
    size: Callable[[object], float] | None  # bytes of memory a vector; None: those of the file
    settings: tuple[float, ...]
    knob: str
    ours: bool = True


def _ours(build, knob: str, settings: tuple, kind: type[Index | Rescored]) -> Entrant:
    def search(index: Index, queries: Floats, value: float) -> Ints:
        return index.search(queries, K, **{knob: value} if knob else {})[1]

    return Entrant(build, _save, kind.load, search, _size, settings, knob)


def _save(index: Index | Rescored, path: Path) -> None:
    index.save(path)


def _size(index: Index | Rescored) -> float:
    return index.bytes_per_vector


def _filled(index: Index, vectors: Floats, **quiet) -> Index:
    index.add(vectors, **quiet)
    return index


def _hnsw(
    codes: str | None, m: int = M, ef_construction: int = EF_CONSTRUCTION
) -> Callable[[Floats], HNSWIndex]:
    options = {"m": m, "ef_construction": ef_construction, "codes": codes}
    return lambda vectors: _filled(HNSWIndex(vectors.shape[1], **options), vectors, show_progress=False)


def _vamana(vectors: Floats) -> VamanaIndex:
    return _filled(VamanaIndex(vectors.shape[1], DEGREE, width=WIDTH), vectors, show_progress=False)


def _ivf(vectors: Floats) -> IVFIndex:
    return _filled(IVFIndex(vectors.shape[1], lists_for(len(vectors))), vectors)


def _ivf_pq(vectors: Floats) -> IVFPQIndex:
    n, d = vectors.shape
    return _filled(IVFPQIndex(d, lists_for(n), d // 8, keep="float16", shortlist=SHORTLIST), vectors)


def _rabitq(vectors: Floats) -> RaBitQIndex:
    return _filled(RaBitQIndex(vectors.shape[1], keep=True), vectors)


def _ivf_rabitq(vectors: Floats) -> IVFRaBitQIndex:
    return _filled(IVFRaBitQIndex(vectors.shape[1], lists_for(len(vectors)), keep="float16"), vectors)


def _bounded(index: RaBitQIndex, queries: Floats, epsilon: float) -> Ints:
    index.epsilon = epsilon
    return index.search(queries, K)[1]


class Rescored:
    """4-bit codes that are all scanned, and float16 vectors that put the shortlist in order."""

    def __init__(self, codes: PQFastScanIndex, kept: NDArray[np.float16]):
        self.codes, self.kept = codes, kept

    @classmethod
    def build(cls, vectors: Floats) -> Rescored:
        """Learn and encode vectors (n, d), one 4-bit code for 4 numbers."""
        codes = _filled(PQFastScanIndex(vectors.shape[1], vectors.shape[1] // 4), vectors)
        return cls(codes, vectors.astype(np.float16))

    def save(self, path: Path) -> None:
        """Write codes to ``path``, vectors beside it."""
        self.codes.save(path)
        np.save(path.with_suffix(".f16.npy"), self.kept)

    @classmethod
    def load(cls, path: Path) -> Rescored:
        """Read what `save` wrote."""
        return cls(PQFastScanIndex.load(path), np.load(path.with_suffix(".f16.npy")))

    @property
    def bytes_per_vector(self) -> float:
        """Memory for one vector: its code and its float16 numbers."""
        return self.codes.bytes_per_vector + self.kept.nbytes / len(self.kept)

    def find(self, queries: Floats, shortlist: int) -> Ints:
        """Return ids (q, K)."""
        return rescored(self.kept, queries, self.codes.search(queries, shortlist)[1], K)[1]


def _faiss(recipe: Callable[[int, int], str], knob: str, settings: tuple) -> Entrant:
    def build(vectors: Floats):
        return faiss_index(vectors, recipe(*vectors.shape))

    def load(path: Path):
        import faiss

        index = faiss.read_index(str(path))
        if knob == "nprobe" and hasattr(index, "k_factor"):
            index.k_factor = RESCORED
        return index

    def save(index, path: Path) -> None:
        import faiss

        faiss.write_index(index, str(path))

    def search(index, queries: Floats, value: float) -> Ints:
        import faiss

        if knob == "k_factor":
            index.k_factor = value / K
        elif knob:
            faiss.ParameterSpace().set_index_parameter(index, knob, value)
        return index.search(queries, K)[1]

    return Entrant(build, save, load, search, None, settings, knob, ours=False)


def _hnswlib() -> Entrant:
    import hnswlib

    def load(path: Path) -> hnswlib.Index:
        index = hnswlib.Index("ip", int(path.with_suffix(".dims").read_text()))
        index.load_index(str(path))
        return index

    def save(index: hnswlib.Index, path: Path) -> None:
        path.with_suffix(".dims").write_text(str(index.dim))
        index.save_index(str(path))

    def search(index: hnswlib.Index, queries: Floats, ef: float) -> Ints:
        index.set_ef(ef)
        return index.knn_query(queries, K, num_threads=1)[0].astype(np.int64)

    return Entrant(hnswlib_index, save, load, search, None, BEAMS, "ef", ours=False)


def on_disk() -> dict[str, Callable[[VamanaIndex], DiskIndex]]:
    """Return how a graph is written to the disk, by the entrant's name."""
    return {
        "Disk": DiskIndex.from_graph,
        "Disk, longer codes": lambda graph: DiskIndex.from_graph(graph, graph.dims // LONGER),
    }


def entrants() -> dict[str, Entrant]:
    """Return all, ours first, by name."""
    refine = "Refine(SQfp16)"
    return {
        "Flat": _ours(lambda v: _filled(FlatIndex(v.shape[1]), v), "", (0,), FlatIndex),
        "HNSW float32": _ours(_hnsw(None), "ef", BEAMS, HNSWIndex),
        "HNSW int8": _ours(_hnsw("int8"), "ef", BEAMS, HNSWIndex),
        "HNSW int8, wide": _ours(_hnsw("int8", 2 * M, 2 * EF_CONSTRUCTION), "ef", BEAMS, HNSWIndex),
        "IVF": _ours(_ivf, "nprobe", PROBES, IVFIndex),
        "IVF-PQ": _ours(_ivf_pq, "nprobe", PROBES, IVFPQIndex),
        "IVF-RaBitQ": _ours(_ivf_rabitq, "nprobe", PROBES, IVFRaBitQIndex),
        "RaBitQ": replace(_ours(_rabitq, "epsilon", EPSILONS, RaBitQIndex), search=_bounded),
        "RaBitQ, listed": _ours(_rabitq, "shortlist", LISTS, RaBitQIndex),
        "4-bit scan": replace(
            _ours(Rescored.build, "shortlist", LISTS, Rescored),
            search=lambda index, queries, value: index.find(queries, int(value)),
        ),
        "Vamana": _ours(_vamana, "beam", BEAMS, VamanaIndex),
        **{
            name: _ours(lambda v, written=written: written(_vamana(v)), "beam", (*BEAMS, 400), DiskIndex)
            for name, written in on_disk().items()
        },
        "faiss Flat": _faiss(lambda n, d: "Flat", "", (0,)),
        "faiss IVFFlat": _faiss(lambda n, d: f"IVF{lists_for(n)},Flat", "nprobe", PROBES),
        "faiss IVFPQ+": _faiss(lambda n, d: f"IVF{lists_for(n)},PQ{d // 8},{refine}", "nprobe", PROBES),
        "faiss IVFPQFastScan+": _faiss(
            lambda n, d: f"IVF{lists_for(n)},PQ{d // 4}x4fs,{refine}", "nprobe", PROBES
        ),
        "faiss PQFastScan+": _faiss(lambda n, d: f"PQ{d // 4}x4fs,{refine}", "k_factor", LISTS),
        "faiss IVFRaBitQ+": _faiss(lambda n, d: f"IVF{lists_for(n)},RaBitQ,{refine}", "nprobe", PROBES),
        "faiss RaBitQ+": _faiss(lambda n, d: f"RaBitQ,{refine}", "k_factor", LISTS),
        "faiss HNSW": _faiss(lambda n, d: f"HNSW{M},Flat", "efSearch", BEAMS),
        "hnswlib": _hnswlib(),
    }
