"""What to do to vectors before they are cut into pieces: a rotation changes no inner product, but the cut.

Product quantization gives each piece the same byte, however much it has to say. After a random rotation all
pieces say about as much. Principal axes, dealt out, do the same without correlation between the pieces. And
OPQ learns the rotation for which codebooks fit best.
"""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats
from embedlab.quantization import ProductQuantizer, balanced_order
from embedlab.scale.clusters import sums_by_list

ROTATIONS = (None, "random", "balanced", "opq")


def rotate(vectors: Floats, matrix: Floats | None) -> Floats:
    """Rotate vectors (n, d) by a matrix (d, d): each row of it gives one new number. None copies.

    Examples
    --------
    >>> rotate(np.float32([[1, 2]]), np.float32([[0, 1], [-1, 0]]))
    array([[ 2., -1.]], dtype=float32)
    """
    return vectors.copy() if matrix is None else vectors @ matrix.T


def random_rotation(dims: int, *, seed: int = 0) -> Floats:
    """Draw a rotation (dims, dims) from all of them with equal chances (Haar; Mezzadri 2007).

    The Q of a Gaussian matrix's QR, with the signs of R's diagonal taken over; without them some orthogonal
    matrices come more often.

    Examples
    --------
    >>> matrix = random_rotation(8)
    >>> np.allclose(matrix @ matrix.T, np.eye(8), atol=1e-6)
    True
    """
    q, r = np.linalg.qr(np.random.default_rng(seed).standard_normal((dims, dims)))
    return (q * np.sign(np.diag(r))).astype(np.float32)


def balanced_rotation(vectors: Floats, m: int) -> Floats:
    """Rotate to the principal axes, and deal these to m pieces so that each gets its share (Ge et al. 2013).

    This is the paper's parametric solution, best for Gaussian vectors, but that axes are dealt to and
    fro (`quantization.balanced_order`) instead of to the piece with the least product of variances so far.

    Parameters
    ----------
    vectors : float32 array (n, d)
    m : int

    Returns
    -------
    float32 array (d, d)
    """
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh((centred.T @ centred).astype(float))  # in columns, the quietest first
    return np.ascontiguousarray(axes.T[::-1][balanced_order(vectors.shape[1], m)], np.float32)


def opq_rotation(vectors: Floats, m: int, *, iterations: int = 20, seed: int = 0) -> Floats:
    """Learn rotation and codebooks in turns: OPQ's non-parametric solution (Ge et al. 2013, section 3.1).

    With the rotation as it is, one step of k-means in each piece. With the codes as they are, the rotation
    that brings the vectors nearest to what the codes stand for: orthogonal Procrustes, by one SVD
    (Schönemann 1966). The error falls in either step. It starts from `balanced_rotation`.

    Parameters
    ----------
    vectors : float32 array (n, d)
        16,384, say, of a large collection.
    m : int
        Pieces; it must divide d.
    iterations : int
    seed : int

    Returns
    -------
    float32 array (d, d)

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> vectors = np.float32(rng.normal(size=(2000, 8)) * [9, 9, 9, 9, 1, 1, 1, 1])
    >>> rotated = rotate(vectors, opq_rotation(vectors, 2))
    >>> errors = [((x - (pq := ProductQuantizer.fit(x, 2)).decode(pq.encode(x))) ** 2).sum()
    ...           for x in (vectors, rotated)]
    >>> bool(errors[1] < 0.8 * errors[0])
    True
    """
    matrix = balanced_rotation(vectors, m)
    rotated = rotate(vectors, matrix)
    quantizer = ProductQuantizer.fit(rotated, m, seed=seed)
    for _ in range(iterations):
        codes = quantizer.encode(rotated)
        quantizer = refitted(quantizer, rotated, codes)
        matrix = procrustes(vectors, quantizer.decode(codes))
        rotated = rotate(vectors, matrix)
    return matrix


def procrustes(vectors: Floats, targets: Floats) -> Floats:
    """Find the orthogonal matrix that rotates vectors (n, d) nearest to targets (n, d).

    It is U Vᵀ, where U S Vᵀ is the singular value decomposition of targetsᵀ vectors.

    Examples
    --------
    >>> vectors = np.random.default_rng(0).normal(size=(99, 8)).astype(np.float32)
    >>> np.allclose(procrustes(vectors, rotate(vectors, random_rotation(8))), random_rotation(8), atol=1e-5)
    True
    """
    left, _, right = np.linalg.svd((targets.T @ vectors).astype(float))
    return (left @ right).astype(np.float32)


def refitted(quantizer: ProductQuantizer, vectors: Floats, codes: NDArray[np.uint8]) -> ProductQuantizer:
    """Move each centroid to the mean of its pieces: the second half of a step of k-means."""
    m, size, width = quantizer.centroids.shape
    centroids = quantizer.centroids.copy()
    for j in range(m):
        sums, counts = sums_by_list(vectors[:, j * width : (j + 1) * width], codes[:, j], size)
        filled = counts > 0
        centroids[j, filled] = sums[filled] / counts[filled, None]
    return ProductQuantizer(centroids)


def make_rotation(kind: str | None, vectors: Floats, m: int, seed: int) -> Floats | None:
    """Make the rotation of a name, one of `ROTATIONS`, for vectors (n, d) that are cut into m pieces."""
    if kind == "random":
        return random_rotation(vectors.shape[1], seed=seed)
    if kind == "balanced":
        return balanced_rotation(vectors, m)
    return opq_rotation(vectors, m, seed=seed) if kind == "opq" else None
