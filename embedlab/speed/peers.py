"""Our HNSW and the libraries for approximate search, each built alike and searched alike: by one thread.

A maker takes vectors (n, d) and returns a function from the width of the search to the search itself, and the
bytes that a vector takes.
"""

from collections.abc import Callable

import numpy as np

from embedlab.hnsw import HNSWIndex
from embedlab.index import Floats, Ints

K = 10
M, EF_CONSTRUCTION = 16, 200
RESCORED = 10  # of faiss's codes with a plus: 10 k candidates at most, with the float vectors

Search = Callable[[Floats], Ints]
Made = tuple[Callable[[int], Search], float]


def _ours(vectors: Floats, codes: str | None, *, drop: bool = False) -> Made:
    index = HNSWIndex(vectors.shape[1], m=M, ef_construction=EF_CONSTRUCTION, codes=codes)
    index.add(vectors, show_progress=False)
    if drop:
        index = index.without_codes()
    return lambda width: lambda queries: index.search(queries, K, ef=width)[1], index.bytes_per_vector


def hnswlib_index(vectors: Floats):
    """Build hnswlib's graph of vectors (n, d), as ours is built."""
    import hnswlib

    index = hnswlib.Index("ip", vectors.shape[1])
    index.init_index(len(vectors), M=M, ef_construction=EF_CONSTRUCTION)
    index.add_items(vectors, num_threads=1)
    return index


def faiss_index(vectors: Floats, description: str):
    """Build FAISS's index of vectors (n, d) from a description for its factory, as ours are built."""
    import faiss

    index = faiss.index_factory(vectors.shape[1], description, faiss.METRIC_INNER_PRODUCT)
    if description.startswith("HNSW"):
        graph = faiss.downcast_index(index.base_index) if description.endswith("RFlat") else index
        graph.hnsw.efConstruction = EF_CONSTRUCTION
    lists = faiss.try_extract_index_ivf(index)
    if lists is not None:
        lists = faiss.downcast_index(lists)
        lists.cp.min_points_per_centroid, lists.cp.max_points_per_centroid = 1, 128  # as ours; no warnings
    if hasattr(lists, "do_polysemous_training"):
        lists.do_polysemous_training = False  # a minute of ordering codes that this search does not use
    if hasattr(lists, "pq"):
        lists.pq.cp.min_points_per_centroid = 1
    index.train(vectors)
    index.add(vectors)
    return index


def _hnswlib(vectors: Floats) -> Made:
    index = hnswlib_index(vectors)

    def searcher(width: int) -> Search:
        def search(queries: Floats) -> Ints:
            index.set_ef(width)
            return index.knn_query(queries, K, num_threads=1)[0].astype(np.int64)

        return search

    return searcher, index.index_file_size() / len(vectors)


def _usearch(vectors: Floats, dtype: str) -> Made:
    from usearch.index import Index

    options = {"metric": "ip", "dtype": dtype, "connectivity": M, "expansion_add": EF_CONSTRUCTION}
    index = Index(ndim=vectors.shape[1], **options)
    index.add(np.arange(len(vectors)), vectors, threads=1)

    def searcher(width: int) -> Search:
        def search(queries: Floats) -> Ints:
            index.expansion_search = width
            return np.asarray(index.search(queries, K, threads=1).keys).astype(np.int64)

        return search

    return searcher, index.serialized_length / len(vectors)  # memory_usage counts reserved room, too


def _faiss(vectors: Floats, description: str, knob: str) -> Made:
    import faiss

    index, parameters = faiss_index(vectors, description), faiss.ParameterSpace()
    size = len(faiss.serialize_index(index)) / len(vectors)

    def searcher(width: int) -> Search:
        rescored = min(RESCORED, width / K) if knob == "efSearch" else RESCORED  # no more than a walk keeps

        def search(queries: Floats) -> Ints:
            if knob:
                parameters.set_index_parameter(index, knob, width)
            if description.endswith("RFlat"):
                parameters.set_index_parameter(index, "k_factor_rf", rescored)
            return index.search(queries, K)[1]

        return search

    return searcher, size


OURS = {
    "ours float32": lambda vectors: _ours(vectors, None),
    "ours float32, links by codes": lambda vectors: _ours(vectors, "int8", drop=True),
    "ours int8": lambda vectors: _ours(vectors, "int8"),
}
PEERS = {
    "hnswlib": _hnswlib,
    "faiss HNSW": lambda vectors: _faiss(vectors, f"HNSW{M},Flat", "efSearch"),
    "faiss HNSW SQ8": lambda vectors: _faiss(vectors, f"HNSW{M},SQ8", "efSearch"),
    "faiss HNSW SQ8+": lambda vectors: _faiss(vectors, f"HNSW{M},SQ8,RFlat", "efSearch"),
    "usearch f32": lambda vectors: _usearch(vectors, "f32"),
    "usearch i8": lambda vectors: _usearch(vectors, "i8"),
    "faiss IVF PQ+": lambda vectors: _faiss(
        vectors, f"IVF{4 * int(len(vectors) ** 0.5)},PQ{vectors.shape[1] // 8},RFlat", "nprobe"
    ),
    "faiss Flat": lambda vectors: _faiss(vectors, "Flat", ""),
}
FLOAT_PEERS = ("hnswlib", "faiss HNSW", "usearch f32")
GRAPH_PEERS = (*FLOAT_PEERS, "faiss HNSW SQ8", "faiss HNSW SQ8+", "usearch i8")
