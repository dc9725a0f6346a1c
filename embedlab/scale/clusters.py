"""Centroids for many lists: k-means on the sphere, assignment in blocks, and how even the lists become.

`quantization.kmeans` finds 256 centroids of short pieces, and compares all with all at once. An inverted file
wants thousands of centroids of whole vectors: here the comparisons come in blocks that a cache holds, few
vectors for each list are enough, and a list that runs empty takes half of a full one.
"""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Ints

BLOCK = 1 << 20  # similarities computed at a time: 4 MB
# Vectors a list that k-means looks at. Of 100,000 in 1,024 lists, 64 a list instead of all 97 cost about one
# point of recall@10 at equal work on dev; 5 iterations instead of 10 half a point.
SAMPLE = 128
NUDGE = 1 / 1024  # of each number: what tells the halves of a list apart at first


def assign(vectors: Floats, centroids: Floats) -> tuple[Ints, Floats]:
    """Find the centroid with the largest inner product for each vector; of equal ones the first.

    Centroids of length 1 are the nearest ones by this, for vectors of any length.

    Parameters
    ----------
    vectors : float32 array (n, d)
    centroids : float32 array (lists, d)

    Returns
    -------
    numbers : int64 array (n,)
    similarities : float32 array (n,)

    Raises
    ------
    ValueError
        If there are no centroids, or the dimensions differ.

    Examples
    --------
    >>> assign(np.float32([[1, 0], [0.6, 0.8]]), np.eye(2, dtype=np.float32))
    (array([0, 1]), array([1. , 0.8], dtype=float32))
    """
    if not len(centroids) or vectors.shape[1] != centroids.shape[1]:
        raise ValueError(f"cannot assign vectors {vectors.shape} to centroids {centroids.shape}")
    numbers, similarities = np.empty(len(vectors), np.int64), np.empty(len(vectors), np.float32)
    step = max(BLOCK // len(centroids), 1)
    for i in range(0, len(vectors), step):
        block = vectors[i : i + step] @ centroids.T
        best = block.argmax(axis=1)
        numbers[i : i + step], similarities[i : i + step] = best, block[np.arange(len(best)), best]
    return numbers, similarities


def train_centroids(
    vectors: Floats, nlist: int, *, iterations: int = 10, sample: int = SAMPLE, seed: int = 0
) -> Floats:
    """Find centroids by spherical k-means (Dhillon & Modha 2001), as FAISS does for inner products.

    Assign each vector to the centroid with the largest inner product, move that to the mean of its vectors,
    scale it to length 1, repeat. With centroids of different lengths the longest would win queries and
    vectors that lie nearer to others.

    Parameters
    ----------
    vectors : float32 array (n, d)
    nlist : int
        Where there are fewer vectors, there are as many centroids as vectors.
    iterations : int
    sample : int
        Vectors for each list; of more, a random sample is taken.
    seed : int

    Returns
    -------
    float32 array (min(nlist, n), d)

    Raises
    ------
    ValueError
        If there are no vectors, or nlist, iterations or sample is less than 1.

    Examples
    --------
    >>> train_centroids(np.float32([[1, 0], [0.8, 0.6], [0, 1], [0, 9]]), 2).round(2)
    array([[0.95, 0.32],
           [0.  , 1.  ]], dtype=float32)
    """
    least = {"nlist": nlist, "iterations": iterations, "sample": sample}
    wrong = next((name for name, value in least.items() if value < 1), None)
    if wrong or not len(vectors):
        what = f"{wrong}={least[wrong]}" if wrong else "no vectors"
        raise ValueError(f"k-means needs vectors, and nlist, iterations and sample of at least 1: got {what}")
    rng = np.random.default_rng(seed)
    vectors = sampled(np.asarray(vectors, np.float32), sample * nlist, seed)
    centroids = _scaled(vectors[np.sort(rng.permutation(len(vectors))[:nlist])])
    for _ in range(iterations):
        numbers, _ = assign(vectors, centroids)
        sums, counts = sums_by_list(vectors, numbers, len(centroids))
        centroids = np.where(counts[:, None] > 0, _scaled(sums), centroids)
        split_full_lists(centroids, counts, rng)
    return centroids


def sums_by_list(vectors: Floats, numbers: Ints, nlist: int) -> tuple[Floats, Ints]:
    """Add up the vectors (n, d) of each list: sums (nlist, d), and how many there are.

    Examples
    --------
    >>> sums_by_list(np.float32([[1], [2], [4]]), np.array([2, 0, 2]), 3)
    (array([[2.],
           [0.],
           [5.]], dtype=float32), array([1, 0, 2]))
    """
    counts = np.bincount(numbers, minlength=nlist)
    sums, filled = np.zeros((nlist, vectors.shape[1]), np.float32), np.flatnonzero(counts)
    order = np.argsort(numbers, kind="stable")  # vectors of one list stand together
    starts = np.cumsum(counts[filled]) - counts[filled]
    if len(filled):
        sums[filled] = np.add.reduceat(vectors[order], starts, axis=0)
    return sums, counts


def split_full_lists(centroids: Floats, counts: Ints, rng: np.random.Generator) -> None:
    """Give each empty list half of a full one, in place, as FAISS does; full ones are drawn more often.

    Both halves start from the same centroid, nudged to opposite sides. The vector that lies farthest from
    everything (`quantization.kmeans` takes that) would make a list of one outlier.
    """
    sign = np.where(np.arange(centroids.shape[1]) % 2, 1 - NUDGE, 1 + NUDGE).astype(np.float32)
    sizes = counts.astype(float)
    for empty in np.flatnonzero(counts == 0):
        chances = np.maximum(sizes - 1, 0)
        if not chances.any():
            return  # every list holds one vector at most: nothing to share
        full = rng.choice(len(sizes), p=chances / chances.sum())
        centroids[empty], centroids[full] = centroids[full] * sign, centroids[full] * (2 - sign)
        sizes[empty] = sizes[full] = sizes[full] / 2


def sampled(things: NDArray, most: int, seed: int) -> NDArray:
    """Take at most so many of the first axis at random, in their order.

    Examples
    --------
    >>> sampled(np.arange(5), 9, 0), len(sampled(np.arange(5), 2, 0))
    (array([0, 1, 2, 3, 4]), 2)
    """
    if len(things) <= most:
        return things
    return things[np.sort(np.random.default_rng(seed).permutation(len(things))[:most])]


def imbalance(sizes: Ints) -> float:
    """Say how uneven lists are: lists * sum of squared sizes / n², FAISS's imbalance factor.

    1 where all are equal. A query that looks into lists in proportion to their sizes, as those that lie where
    vectors lie do, scans so many times more.

    Examples
    --------
    >>> imbalance([5, 5, 5, 5]), imbalance([20, 0, 0, 0])
    (1.0, 4.0)
    """
    sizes = np.asarray(sizes, float)
    return float(len(sizes) * (sizes**2).sum() / max(sizes.sum(), 1) ** 2)


def _scaled(vectors: Floats) -> NDArray[np.float32]:
    """Scale vectors to length 1; zero vectors stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
