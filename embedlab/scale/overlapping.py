"""Lists that overlap at their boundaries: SPANN's closure assignment (Chen et al., NeurIPS 2021)."""

import numpy as np

from embedlab.index import Floats, Ints


def closure(vectors: Floats, centroids: Floats, *, epsilon: float, most: int = 8) -> list[Ints]:
    """Put each vector into its nearest list, and into others whose centroid is nearly as near.

    Nearly: within a factor 1 + epsilon of the smallest distance. As SPANN does, a list is passed over whose
    centroid is nearer to one that was chosen than to the vector: it would be looked into together with that.

    Parameters
    ----------
    vectors : float32 array (n, d)
    centroids : float32 array (lists, d)
    epsilon : float
        0: each vector stands in one list.
    most : int
        Lists a vector may stand in.

    Returns
    -------
    list of int64 arrays
        The numbers of the vectors in each list, ascending.

    Raises
    ------
    ValueError
        If epsilon is negative, or most is less than 1.

    Examples
    --------
    >>> vectors = np.float32([[0], [4.9], [10]])
    >>> [part.tolist() for part in closure(vectors, np.float32([[0], [10]]), epsilon=0.1)]
    [[0, 1], [1, 2]]
    """
    if not epsilon >= 0 or most < 1:
        raise ValueError(f"closure needs epsilon >= 0 and most >= 1, but got {epsilon} and {most}")
    between = distances(centroids, centroids)
    lists: list[list[int]] = [[] for _ in centroids]
    for start in range(0, len(vectors), 4096):
        far = distances(vectors[start : start + 4096], centroids)
        some = min(8 * most, len(centroids)) - 1  # the rule passes over most of them
        order = np.sort(np.argpartition(far, some, axis=1)[:, : some + 1], axis=1)
        for i, (row, near) in enumerate(zip(far, order, strict=True), start):
            near = near[np.argsort(row[near], kind="stable")]
            chosen: list[int] = []
            for c in near[row[near] <= (1 + epsilon) * row[near[0]]]:
                if len(chosen) < most and (between[c, chosen] > row[c]).all():
                    chosen.append(int(c))
            for c in chosen:
                lists[c].append(i)
    return [np.array(part, np.int64) for part in lists]


def read_by_lists(
    lists: list[Ints], centroids: Floats, queries: Floats, exact: Ints, probes: tuple[int, ...]
) -> tuple[list[float], list[float]]:
    """Look into the nearest lists: the recall of the exact (q, k), and how many vectors are read for it.

    A vector that stands in two lists looked into is read twice.

    Parameters
    ----------
    lists : as `closure` returns them
    centroids : float32 array (lists, d)
    queries : float32 array (q, d)
    exact : int array (q, k)
    probes : how many lists to look into, several numbers

    Returns
    -------
    recall, read : a number for each of ``probes``

    Examples
    --------
    >>> lists = [np.array([0, 1]), np.array([1, 2])]
    >>> read_by_lists(lists, np.float32([[0], [10]]), np.float32([[4]]), np.array([[0, 2]]), (1, 2))
    ([0.5, 1.0], [2.0, 4.0])
    """
    nearest = np.argsort(distances(queries, centroids), axis=1, kind="stable")
    recall, read = [], []
    for probe in probes:
        hits = total = 0
        for row, right in zip(nearest, exact, strict=True):
            found = np.concatenate([lists[c] for c in row[:probe]])
            hits, total = hits + np.isin(right, found).sum(), total + len(found)
        recall.append(float(hits / exact.size))
        read.append(total / len(queries))
    return recall, read


def distances(a: Floats, b: Floats) -> Floats:
    """Euclidean distances of vectors (n, d) to others (m, d): (n, m)."""
    squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * (a @ b.T)
    return np.sqrt(np.maximum(squared, 0))
