"""Fewer dimensions: cut vectors short, so that the best part is left (Kusupati et al. 2022).

Three ways, from free to costly: cut; rotate first, so that the largest variance comes first (PCA); train a
rotation (`LinearAdapter`), or the whole encoder (`finetune`), with a loss that looks at every prefix.
"""

import numpy as np

from embedlab.index import Floats
from embedlab.pooling import l2_normalize

DIMS = (384, 128, 64, 32)


def truncate(vectors: Floats, dims: int) -> Floats:
    """Keep the first numbers of each vector and bring it to length 1 again: (n, d) -> (n, dims).

    Raises
    ------
    ValueError
        If ``dims`` is not between 1 and d.

    Examples
    --------
    >>> truncate(np.float32([[3, 4, 12]]), 2)
    array([[0.6, 0.8]], dtype=float32)
    """
    vectors = np.asarray(vectors, np.float32)
    if not 1 <= dims <= vectors.shape[1]:
        raise ValueError(f"dims must be between 1 and {vectors.shape[1]}, but is {dims}")
    return l2_normalize(np.ascontiguousarray(vectors[:, :dims]))


def pca_rotation(vectors: Floats, *, centred: bool = False) -> Floats:
    """Return the rotation (d, d) that puts the axes along which vectors are longest first (Pearson 1901).

    A rotation changes no inner product. By default the axes are those of the vectors as they are (a singular
    value decomposition, "uncentred PCA"): where vectors share a mean, the first axis points at it. With
    ``centred`` they are those of the covariance, the directions of largest variance. The mean itself is left
    in the vectors either way: taking it away would change inner products.

    Examples
    --------
    >>> rotation = pca_rotation(np.float32([[3, 4], [6, 8], [-3, -4]]))
    >>> abs(np.float32([[3, 4]]) @ rotation).round(3)
    array([[5., 0.]], dtype=float32)
    """
    vectors = np.asarray(vectors, np.float64)
    if centred:
        vectors = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(vectors.T @ vectors)  # ascending
    return np.ascontiguousarray(axes[:, ::-1], dtype=np.float32)
