"""The small functions behind parametric questions: back-of-the-envelope arithmetic of search systems."""


def vectors_gb(n: float, dims: float, bytes_each: float) -> float:
    """Memory of n vectors in GB (10^9 bytes).

    Examples
    --------
    >>> vectors_gb(1e6, 384, 4)
    1.536
    """
    return n * dims * bytes_each / 1e9


def hnsw_gb(n: float, dims: float, m: float) -> float:
    """Memory of an HNSW index in GB: float32 vectors and 2 M links of 4 bytes on layer 0.

    Examples
    --------
    >>> hnsw_gb(1e6, 384, 16)
    1.664
    """
    return n * (4 * dims + 4 * 2 * m) / 1e9


FORMULAS = {function.__name__: function for function in (vectors_gb, hnsw_gb)}
