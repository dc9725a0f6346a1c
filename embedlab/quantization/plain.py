"""The steps of product quantization and rescoring, written to be read: the fast ones are beside it."""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Ints


def kmeans_step(vectors: Floats, centroids: Floats) -> Floats:
    """Do one step of k-means: each vector to its nearest centroid, each centroid to the mean of its vectors.

    Parameters
    ----------
    vectors : float32 array (n, d)
    centroids : float32 array (k, d)

    Returns
    -------
    float32 array (k, d)
        A centroid without vectors stays where it is.

    Examples
    --------
    >>> kmeans_step(np.float32([[0], [1], [10], [12]]), np.float32([[0], [9], [99]]))
    array([[ 0.5],
           [11. ],
           [99. ]], dtype=float32)
    """
    distances = ((vectors[:, None] - centroids[None]) ** 2).sum(axis=2)  # (n, k)
    nearest = distances.argmin(axis=1)
    moved = centroids.copy()
    for k in np.unique(nearest):
        moved[k] = vectors[nearest == k].mean(axis=0)
    return moved


def encode_pq(vectors: Floats, codebooks: Floats) -> NDArray[np.uint8]:
    """Encode by product quantization: the number of the nearest centroid in each subspace.

    Parameters
    ----------
    vectors : float32 array (n, m * s)
    codebooks : float32 array (m, k, s)

    Returns
    -------
    uint8 array (n, m)

    Examples
    --------
    >>> encode_pq(np.float32([[0.9, 4]]), np.float32([[[0], [1]], [[5], [9]]]))
    array([[1, 0]], dtype=uint8)
    """
    m, _, size = codebooks.shape
    parts = vectors.reshape(len(vectors), m, 1, size)
    return ((parts - codebooks) ** 2).sum(axis=3).argmin(axis=2).astype(np.uint8)


def score_tables(query: Floats, codebooks: Floats) -> Floats:
    """Score every centroid of every subspace for one query, in advance.

    Parameters
    ----------
    query : float32 array (m * s,)
    codebooks : float32 array (m, k, s)

    Returns
    -------
    float32 array (m, k)

    Examples
    --------
    >>> score_tables(np.float32([2, 3]), np.float32([[[0], [1]], [[5], [9]]]))
    array([[ 0.,  2.],
           [15., 27.]], dtype=float32)
    """
    m, _, size = codebooks.shape
    return np.einsum("ms,mks->mk", query.reshape(m, size), codebooks)


def rescore(query: Floats, candidates: Ints, vectors: Floats, k: int) -> Ints:
    """Put a shortlist in order with better vectors, and keep the k best.

    Parameters
    ----------
    query : float32 array (d,)
    candidates : int64 array (c,)
        Rows that a short code found; -1 where it found none.
    vectors : float32 array (n, d)
    k : int

    Returns
    -------
    int64 array (at most k,)
        Rows, best first by inner product; the smaller row where two are equal.

    Examples
    --------
    >>> rescore(np.float32([1, 0]), np.array([2, 0, -1]), np.float32([[1, 0], [9, 0], [3, 0]]), 1)
    array([2])
    """
    rows = np.sort(candidates[candidates >= 0])
    return rows[np.argsort(-(vectors[rows] @ query), kind="stable")[:k]]
