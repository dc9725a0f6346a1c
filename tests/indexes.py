"""Every kind of index, for the tests of the contract that all of them keep."""

import numpy as np
import pytest

from embedlab.hnsw import HNSWIndex
from embedlab.index import FlatIndex
from embedlab.matryoshka import PrefixIndex, RescoredIndex
from embedlab.quantization import BinaryIndex, Float16Index, Int8Index, PQIndex
from embedlab.scale import (
    DiskIndex,
    IVFIndex,
    IVFPQIndex,
    IVFRaBitQIndex,
    PQFastScanIndex,
    RaBitQIndex,
    VamanaIndex,
)
from embedlab.system_design import InvertedIndex
from embedlab.vector_databases import LanceIndex, PostgresIndex

DIMS = 16
KINDS = {
    "hnsw": lambda: HNSWIndex(DIMS),
    "hnsw, int8": lambda: HNSWIndex(DIMS, codes="int8"),
    "flat": lambda: FlatIndex(DIMS),
    "float16": lambda: Float16Index(DIMS),
    "int8": lambda: Int8Index(DIMS),
    "int8, clipped": lambda: Int8Index(DIMS, percentile=99),
    "binary": lambda: BinaryIndex(DIMS),
    "binary, float query": lambda: BinaryIndex(DIMS, bits_of_query=False),
    "pq": lambda: PQIndex(DIMS, m=4),
    "prefix": lambda: PrefixIndex(DIMS, FlatIndex(8)),
    "prefix of bits": lambda: PrefixIndex(DIMS, BinaryIndex(8)),
    "rescored": lambda: RescoredIndex(BinaryIndex(DIMS), FlatIndex(DIMS), shortlist=20),
    "rescored by int8": lambda: RescoredIndex(PrefixIndex(DIMS, BinaryIndex(8)), Int8Index(DIMS)),
    "lists": lambda: InvertedIndex(FlatIndex(DIMS), probes=99),
    "lists of int8": lambda: InvertedIndex(Int8Index(DIMS), probes=99),
    "ivf": lambda: IVFIndex(DIMS, 6, nprobe=99),
    "ivf-pq": lambda: IVFPQIndex(DIMS, 6, 4, nprobe=99),
    "ivf-pq, rotated and rescored": lambda: IVFPQIndex(
        DIMS, 6, 4, nprobe=99, rotation="opq", keep="float16", shortlist=300
    ),
    "pq, fast scan": lambda: PQFastScanIndex(DIMS, 8),
    "rabitq": lambda: RaBitQIndex(DIMS),
    "rabitq, rescored": lambda: RaBitQIndex(DIMS, keep=True),
    "ivf-rabitq": lambda: IVFRaBitQIndex(DIMS, 6, nprobe=99),
    "ivf-rabitq, rescored": lambda: IVFRaBitQIndex(DIMS, 6, nprobe=99, keep="float16"),
    "vamana": lambda: VamanaIndex(DIMS),
    "disk": lambda: DiskIndex(DIMS),
    "disk, kept": lambda: DiskIndex(DIMS, 4, degree=8, cache=10, at_a_time=2),
    "lance": lambda: LanceIndex(DIMS),
    "postgres": lambda: PostgresIndex(DIMS),
    "postgres, exact": lambda: PostgresIndex(DIMS, kind="exact"),
}
every_index = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())


def filled(make, vectors):
    index = make()
    index.add(vectors)
    return index


def assert_equal_results(a, b):
    for mine, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(mine, other)
