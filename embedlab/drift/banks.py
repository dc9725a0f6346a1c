"""The detectors on thousands of windows at once: all pairs of texts are compared once, windows only count."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from embedlab.drift.detectors import SAMPLE, Reference, hubness, psi
from embedlab.drift.observed import Observed
from embedlab.drift.two_sample import classifier_auc, squared_distances

Ints = NDArray[np.int64]
PART = 500  # windows at a time


def draw_windows(
    rng: np.random.Generator,
    windows: int,
    size: int,
    before: int,
    after: int = 0,
    share: float = 0.0,
    chances: NDArray | None = None,
) -> Ints:
    """Draw windows of a stream: row numbers (windows, size) in a pool of ``before + after`` texts.

    Each query is, independently, one of the shifted texts with the chance ``share``. Texts are drawn with
    replacement: the pool stands for the whole population.

    Parameters
    ----------
    before, after : int
        Texts as they were, and shifted ones behind them.
    chances : float array (windows, before) or (before,), optional
        Of each text as it was; by default all are as likely.

    Examples
    --------
    >>> draw_windows(np.random.default_rng(0), 1, 6, before=3, after=2, share=1.0)
    array([[3, 3, 3, 4, 4, 4]])
    """
    if not 0 <= share <= 1 or (share and not after):
        raise ValueError(f"share must be between 0 and 1, and needs shifted texts: {share} of {after}")
    if chances is None:
        rows = rng.integers(before, size=(windows, size))
    else:
        edges = np.cumsum(np.broadcast_to(chances, (windows, before)), axis=1)
        draws = rng.random((windows, size)) * edges[:, -1:]
        rows = np.stack([np.searchsorted(e, d, "right") for e, d in zip(edges, draws, strict=True)])
        rows = np.minimum(rows, before - 1)
    if share:
        shifted = before + rng.integers(after, size=(windows, size))
        rows = np.where(rng.random((windows, size)) < share, shifted, rows)
    return rows.astype(np.int64)


def bank(
    windows: Ints, pool: Observed, reference: Reference, *, classifier: int | None = None
) -> dict[str, NDArray[np.float64]]:
    """Return each detector's number for each window: {name: (windows,)}.

    The same as `statistics` of each window, which a test holds; hundreds of times as fast.

    Parameters
    ----------
    windows : int64 array (w, n)
        Row numbers in the pool.
    pool : Observed
    reference : Reference
    classifier : int, optional
        For how many of the windows it is trained, the slowest of the detectors; by default for all. With 0
        it is left out.
    """
    known, size = reference.seen, windows.shape[1]
    squares = {"own": squared_distances(pool.vectors, pool.vectors)}
    squares |= {"across": squared_distances(pool.vectors, known.vectors)}
    squares |= {"reference": squared_distances(known.vectors, known.vectors)}
    for name in ("own", "reference"):
        np.fill_diagonal(squares[name], 0)
    kernel = {name: np.exp(-reference.gamma * value) for name, value in squares.items()}
    distance = {name: np.sqrt(value) for name, value in squares.items()}
    m = len(known)
    within = (kernel["reference"].sum() - m) / (m * (m - 1))
    means, centre = pool.vectors.astype(float), known.vectors.mean(0).astype(float)
    centre /= np.linalg.norm(centre)
    parts = []
    for start in range(0, len(windows), PART):
        rows = windows[start : start + PART]
        counts = np.stack([np.bincount(row, minlength=len(pool)) for row in rows]).astype(float)
        total = counts @ means
        pairs = {name: ((counts @ value["own"]) * counts).sum(1) for name, value in _two(kernel, distance)}
        across = {name: counts @ value["across"].mean(1) / size for name, value in _two(kernel, distance)}
        parts.append(
            {
                "centroid cosine": total @ centre / np.linalg.norm(total, axis=1),
                "MMD": (pairs["k"] - size) / (size * (size - 1)) + within - 2 * across["k"],
                "energy distance": 2 * across["d"] - pairs["d"] / size**2 - distance["reference"].mean(),
                "nearest document": pool.nearest[rows].mean(1),
                "score PSI": [psi(pool.nearest[row], known.nearest, reference.edges) for row in rows],
                "score margin": pool.margin[rows].mean(1),
                "hubness": [hubness(pool.found[row], reference.documents) for row in rows],
                "BM25 apart": pool.apart[rows].mean(1),
                "recall sample": pool.recall[rows[:, :SAMPLE]].mean(1),
            }
        )
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    axes, own = known.vectors @ reference.axes, pool.vectors @ reference.axes
    trained = [classifier_auc(axes, own[row], row) for row in windows[:classifier]]
    if trained:
        found["classifier AUC"] = np.array(trained)
    return found


def _two(kernel: dict, distance: dict) -> tuple:
    return ("k", kernel), ("d", distance)
