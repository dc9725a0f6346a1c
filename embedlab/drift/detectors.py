"""What monitors watch: twelve detectors, each a number for a window of queries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embedlab.drift.observed import Observed
from embedlab.drift.two_sample import classifier_auc, energy_distance, median_gamma, mmd2
from embedlab.pooling import l2_normalize

Floats = NDArray[np.float32]
COMPONENTS = 64  # that the classifier sees: all 384 would let it remember
SAMPLE = 50  # queries of a window that are searched exactly as well
BINS = 10


@dataclass(frozen=True)
class Detector:
    """A number that is watched.

    Attributes
    ----------
    name : str
    sees : {"queries", "results", "canaries"}
        What it is computed of.
    side : {-1, 0, 1}
        Which way is bad: down, both, up.
    """

    name: str
    sees: str
    side: int

    def oriented(self, values: NDArray, centre: float) -> NDArray:
        """Turn values so that more is worse: their distance from the centre, or on one side of it."""
        return np.abs(values - centre) if self.side == 0 else self.side * (values - centre)


DETECTORS = {
    one.name: one
    for one in (
        Detector("centroid cosine", "queries", -1),
        Detector("MMD", "queries", 1),
        Detector("energy distance", "queries", 1),
        Detector("classifier AUC", "queries", 1),
        Detector("nearest document", "results", 0),
        Detector("score PSI", "results", 1),
        Detector("score margin", "results", 0),
        Detector("hubness", "results", 0),
        Detector("BM25 apart", "results", 0),
        Detector("recall sample", "results", -1),
        Detector("canary vectors", "canaries", -1),
        Detector("canary nDCG", "canaries", -1),
    )
}
WINDOWED = tuple(name for name, one in DETECTORS.items() if one.sees != "canaries")


@dataclass(frozen=True)
class Reference:
    """What the windows are compared with, and what is fitted to it once.

    Attributes
    ----------
    seen : Observed
        Queries of a time when all was well.
    gamma : float
        Of the MMD's kernel.
    axes : float32 array (d, 64)
        Principal components of the vectors; the classifier works in them.
    edges : float array (9,)
        Deciles of the first result's cosine.
    documents : int
        Number of documents, for the hubness.
    """

    seen: Observed
    gamma: float
    axes: Floats
    edges: NDArray
    documents: int

    @classmethod
    def made(cls, seen: Observed, documents: int) -> Reference:
        """Fit what has to be fitted."""
        centred = seen.vectors - seen.vectors.mean(0)
        axes = np.linalg.svd(centred, full_matrices=False)[2][:COMPONENTS].T
        edges = np.quantile(seen.nearest, np.arange(1, BINS) / BINS)
        return cls(seen, median_gamma(seen.vectors), np.ascontiguousarray(axes), edges, documents)


def centroid_cosine(window: Floats, reference: Floats) -> float:
    """Return the cosine of two mean vectors: the usual advice.

    Examples
    --------
    >>> round(centroid_cosine(np.float32([[1, 0], [0, 1]]), np.float32([[1, 0]])), 3)
    0.707
    """
    means = l2_normalize(np.stack([window.mean(0), reference.mean(0)]))
    return float(means[0] @ means[1])


def psi(window: NDArray, reference: NDArray, edges: NDArray) -> float:
    """Return the population stability index: sum of (p - q) ln(p / q) over bins.

    Half a query is added to every bin, so that an empty one does not make it infinite. **Without any shift
    it is about (bins - 1) (1 / n + 1 / m) on average** (Yurdakul and Naranjo 2020, Statistical properties of
    the population stability index), so a fixed limit such as 0.2 means another thing at each window size.

    Parameters
    ----------
    window, reference : float arrays (n,), (m,)
    edges : float array (bins - 1,), ascending

    Examples
    --------
    >>> values = np.arange(100.0)
    >>> psi(values, values, np.array([25.0, 50.0, 75.0]))
    0.0
    """
    if not len(window) or not len(reference):
        raise ValueError(f"need values on both sides, but got {len(window)} and {len(reference)}")
    if (np.diff(edges) < 0).any():
        raise ValueError(f"edges must ascend, but are {edges}")
    shares = []
    for values in (window, reference):
        counts = np.bincount(np.searchsorted(edges, values, "right"), minlength=len(edges) + 1) + 0.5
        shares.append(counts / counts.sum())
    p, q = shares
    return float(((p - q) * np.log(p / q)).sum())


def hubness(found: NDArray[np.int64], documents: int) -> float:
    """Return the skewness of how often each document is returned.

    Source: Radovanović et al. 2010, Hubs in Space, JMLR 11, section 2: the skewness of N_k.

    Examples
    --------
    >>> even, one_hub = np.array([[0, 1], [2, 3]]), np.array([[0, 1], [0, 2], [0, 3]])
    >>> hubness(even, 4), hubness(one_hub, 4) > 1
    (0.0, True)
    """
    counts = np.bincount(found[found >= 0], minlength=documents).astype(float)
    spread = counts.std()
    return float((((counts - counts.mean()) / spread) ** 3).mean()) if spread else 0.0


def statistics(window: Observed, reference: Reference, texts: NDArray | None = None) -> dict[str, float]:
    """Return what each detector says of a window; those of the canaries are computed elsewhere.

    Parameters
    ----------
    window : Observed
    reference : Reference
    texts : int64 array (n,), optional
        Which queries of the window are the same text, see `classifier_auc`.
    """
    known = reference.seen
    return {
        "centroid cosine": centroid_cosine(window.vectors, known.vectors),
        "MMD": mmd2(window.vectors, known.vectors, reference.gamma),
        "energy distance": energy_distance(window.vectors, known.vectors),
        "classifier AUC": classifier_auc(
            known.vectors @ reference.axes, window.vectors @ reference.axes, texts
        ),
        "nearest document": float(window.nearest.mean()),
        "score PSI": psi(window.nearest, known.nearest, reference.edges),
        "score margin": float(window.margin.mean()),
        "hubness": hubness(window.found, reference.documents),
        "BM25 apart": float(window.apart.mean()),
        "recall sample": float(window.recall[:SAMPLE].mean()),
    }
