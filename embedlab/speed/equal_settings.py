"""Our inverted files and codes beside FAISS's at equal settings: same lists, same bytes, recall alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from embedlab.benchmark import docsearch, grown, recall_at_k
from embedlab.embedder import Embedder
from embedlab.index import Floats, Ints, top_k
from embedlab.machine import data_path, machine_name, write_figures
from embedlab.scale import (
    IVFIndex,
    IVFPQIndex,
    PQFastScanIndex,
    RaBitQIndex,
    train_centroids,
)

RESULTS = data_path("scale") / "equal.json"
K = 10
OPQ_ROUNDS, OPQ_SAMPLE = 8, 8192


def faiss_lists(index, nprobe: int):
    """Set how many lists a FAISS index looks into, and return it."""
    import faiss

    faiss.extract_index_ivf(index).nprobe = nprobe
    return index


def same_lists(centroids: Floats, codes: str, m: int = 48):
    """Make an untrained FAISS inverted file with known centroids (nlist, d).

    Parameters
    ----------
    codes : {"flat", "pq", "opq"}
    m : int
        Bytes of a code.

    Returns
    -------
    function that trains and fills it with vectors (n, d), and returns it
    """
    import faiss

    nlist, d = centroids.shape

    def coarse(rotated: Floats):
        quantizer = faiss.IndexFlatIP(d)
        quantizer.add(np.ascontiguousarray(rotated))
        return quantizer

    def fill(vectors: Floats):
        rotation = None
        if codes == "opq":
            rotation = faiss.OPQMatrix(d, m)
            rotation.niter, rotation.max_train_points = OPQ_ROUNDS, OPQ_SAMPLE
            rotation.train(vectors[:OPQ_SAMPLE])  # grown in random order
        quantizer = coarse(rotation.apply(centroids) if rotation else centroids)
        if codes == "flat":
            index = faiss.IndexIVFFlat(quantizer, d, nlist, faiss.METRIC_INNER_PRODUCT)
        else:
            index = faiss.IndexIVFPQ(quantizer, d, nlist, m, 8, faiss.METRIC_INNER_PRODUCT)
            index.do_polysemous_training = False  # a minute of ordering codes that this search does not use
        if rotation:
            index = faiss.IndexPreTransform(rotation, index)
        index.train(vectors)
        index.add(vectors)
        return index

    return fill


def against_faiss(
    vectors: Floats, centroids: Floats, queries: Floats, m: int, nprobes: Sequence[int]
) -> dict[str, list]:
    """Measure recall@10 of ours and of FAISS's in the same lists and bytes, nothing rescored.

    Parameters
    ----------
    vectors, centroids, queries : float32 arrays (n, d), (nlist, d), (q, d)
    m : int
        Bytes of a code.
    nprobes : sequence of int

    Returns
    -------
    dict
        ``flat``, ``pq``, ``opq``: two rows, ours and FAISS's, a column for each of ``nprobes``. ``four``
        (4 bits a piece, 2 m pieces) and ``one`` (RaBitQ): two numbers; all codes are scanned.
    """
    import faiss

    faiss.omp_set_num_threads(1)
    nlist, d = centroids.shape
    exact: Ints = top_k(queries @ vectors.T, K)[1]
    found: dict[str, list] = {}
    for codes, ours in (
        ("flat", IVFIndex(d, nlist)),
        ("pq", IVFPQIndex(d, nlist, m)),
        ("opq", IVFPQIndex(d, nlist, m, rotation="opq")),
    ):
        ours.train(vectors, centroids)
        ours.add(vectors)
        theirs = same_lists(centroids, codes, m)(vectors)
        found[codes] = [
            [recall_at_k(ours.search(queries, K, nprobe=one)[1], exact) for one in nprobes],
            [recall_at_k(faiss_lists(theirs, one).search(queries, K)[1], exact) for one in nprobes],
        ]
    signs = faiss.IndexRaBitQ(d, faiss.METRIC_INNER_PRODUCT)
    signs.qb = 4
    four = faiss.IndexPQFastScan(d, 2 * m, 4, faiss.METRIC_INNER_PRODUCT)
    for name, one, other in (("four", PQFastScanIndex(d, 2 * m), four), ("one", RaBitQIndex(d), signs)):
        one.add(vectors)
        other.train(vectors)
        other.add(vectors)
        found[name] = [recall_at_k(index.search(queries, K)[1], exact) for index in (one, other)]
    return found


def measure_equal(
    n: int = 100_000, *, nlist: int = 1024, m: int = 48, nprobes: Sequence[int] = (8, 32, 128)
) -> dict:
    """Measure `against_faiss` on grown vectors and the dev queries, for the chapter; two minutes."""
    import faiss

    embedder, benchmark = Embedder.load(), docsearch()
    documents = embedder.encode(benchmark.documents, cache=True, on_long="cut", show_progress=False)
    queries = embedder.encode(benchmark.split("dev")[1], cache=True, show_progress=False)
    vectors = grown(documents, n)
    found = against_faiss(vectors, train_centroids(vectors, nlist), queries, m, nprobes)
    about = {"n": n, "nlist": nlist, "m": m, "nprobes": list(nprobes), "faiss": faiss.__version__}
    result = {"machine": machine_name(), "queries": len(queries), **about, "recall": found}
    write_figures(RESULTS, result)
    return result
