"""Exercise of chapter 16: scores of product-quantized residuals, from one set of tables for all lists."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _scorings(rng: np.random.Generator) -> list[tuple]:
    """List (query, centroids, codebooks, numbers, codes) of small whole numbers: one piece first."""
    one = [[[1], [2]]]
    cases = [
        ([3], [[5]], one, [0], [[1]]),
        ([3], [[5]], one, [0, 0], [[1], [0]]),
        ([2], [[0]], one, [0], [[0]]),
    ]
    cases += [([3], [[5], [-4]], one, [1], [[0]]), ([3], [[5], [-4]], one, [1, 0, 1], [[0], [0], [1]])]
    two = [[[1], [2]], [[-3], [4]]]
    cases += [
        ([3, 2], [[5, 1]], two, [0], [[1, 0]]),
        ([1, -2], [[5, 1], [0, 3]], two, [1, 0], [[0, 1], [1, 1]]),
    ]
    cases += [([1, 2], [[4, 0], [0, 4]], two, [], np.zeros((0, 2)))]
    for n, lists, m, entries, size in [(2, 2, 2, 3, 2), (4, 3, 3, 3, 2), (5, 3, 2, 4, 3), (9, 4, 4, 6, 2)]:
        for _ in range(2):
            query, centroids = rng.integers(-5, 6, m * size), rng.integers(-9, 10, (lists, m * size))
            codebooks = rng.integers(-3, 4, (m, entries, size))
            codes = rng.integers(0, entries, (n, m))
            cases.append((query, centroids, codebooks, rng.integers(0, lists, n), codes))
    types = np.float32, np.float32, np.float32, np.int64, np.uint8
    return [
        tuple(np.array(part).astype(kind) for part, kind in zip(case, types, strict=True)) for case in cases
    ]


def score_residuals(query, centroids, codebooks, numbers, codes):
    """Score codes of residuals against one query (Jégou et al. 2011, section IV), as `PlainIVFPQ` does.

    Parameters
    ----------
    query : float32 array (d,)
    centroids : float32 array (lists, d)
    codebooks : float32 array (m, k, d / m)
        Of residuals.
    numbers : int64 array (n,)
        The list of each vector.
    codes : uint8 array (n, m)

    Returns
    -------
    float32 array (n,)

    Examples
    --------
    >>> codebooks = np.float32([[[0], [-0.25]], [[0], [0.5]]])
    >>> numbers, codes = np.array([0]), np.uint8([[1, 1]])
    >>> score_residuals(np.float32([1, 2]), np.eye(2, dtype=np.float32), codebooks, numbers, codes)
    array([1.75], dtype=float32)
    """
    tables = _tables(query, codebooks)
    return (centroids @ query)[numbers] + tables[np.arange(len(tables)), codes].sum(axis=1)


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _tables(query, codebooks):
    return np.einsum("ms,mks->mk", query.reshape(len(codebooks), -1), codebooks)


def _looked_up(tables, codes):
    return tables[np.arange(len(tables)), codes].sum(axis=1)


def _without_centroid(query, centroids, codebooks, numbers, codes):
    return _looked_up(_tables(query, codebooks), codes)


def _tables_of_the_difference(query, centroids, codebooks, numbers, codes):
    found = np.zeros(len(codes), np.float32)
    for i, (number, code) in enumerate(zip(numbers, codes, strict=True)):
        tables = _tables(query - centroids[number], codebooks)
        found[i] = centroids[number] @ query + _looked_up(tables, code[None])[0]
    return found


def _centroid_in_each_piece(query, centroids, codebooks, numbers, codes):
    shared = (centroids @ query)[numbers] * np.float32(len(codebooks))
    return shared + _looked_up(_tables(query, codebooks), codes)


def _best_list_for_all(query, centroids, codebooks, numbers, codes):
    return (centroids @ query).max() + _looked_up(_tables(query, codebooks), codes)


def _subtracted(query, centroids, codebooks, numbers, codes):
    return (centroids @ query)[numbers] - _looked_up(_tables(query, codebooks), codes)


def _first_table(query, centroids, codebooks, numbers, codes):
    return (centroids @ query)[numbers] + _tables(query, codebooks)[0][codes].sum(axis=1)


def _rounded_query(query, centroids, codebooks, numbers, codes):
    parts = query.reshape(len(codebooks), 1, -1)
    nearest = ((codebooks - parts) ** 2).sum(axis=2).argmin(axis=1)
    rounded = codebooks[np.arange(len(codebooks)), nearest].ravel()
    return (centroids @ query)[numbers] + _looked_up(_tables(rounded, codebooks), codes)


def _distances(query, centroids, codebooks, numbers, codes):
    parts = query.reshape(len(codebooks), 1, -1)
    return (centroids @ query)[numbers] + _looked_up(((codebooks - parts) ** 2).sum(axis=2), codes)


EXERCISES = (
    Exercise(
        name="score_residuals",
        chapter="16_scale",
        task="Score product-quantized residuals. A vector is nearly its list's centroid plus what its "
        "code stands for. query is float32 (d,), centroids float32 (lists, d), codebooks float32 (m, k, d "
        "/ m) of residuals, numbers int64 (n,) the list of each vector, codes uint8 (n, m). Return the "
        "query's inner product with each vector so rebuilt, float32 (n,), with one set of tables for all "
        "lists.",
        reference="embedlab.study.exercises.scale_residuals:score_residuals",
        cases=_scorings,
        hints=(
            "query * (centroid + residual) = query * centroid + query * residual. What is the same for a "
            "list?",
            "tables[j, c] is the product of the query's piece j with entry c of codebook j: (m, k), once.",
            "centroids @ query, indexed by numbers, is the one; m entries a vector, looked up and summed, "
            "the other.",
        ),
        mistakes=(
            Mistake(
                "centroid left out",
                "The codes hold residuals only. Within a list the order is right without the centroid, "
                "between lists it is not: add query * centroid.",
                _without_centroid,
            ),
            Mistake(
                "tables of the query without the centroid",
                "That belongs to squared distances, |(q - c) - r|². An inner product splits: the tables "
                "are of the query itself, and serve all lists.",
                _tables_of_the_difference,
            ),
            Mistake(
                "centroid added for each piece",
                "query * centroid is one number a vector. Put into the tables it is added m times.",
                _centroid_in_each_piece,
            ),
            Mistake(
                "the best list's centroid for all",
                "Each vector belongs to the list of its number, and takes that centroid's share.",
                _best_list_for_all,
            ),
            Mistake(
                "residual subtracted",
                "The residual is vector minus centroid: rebuilt is centroid plus residual.",
                _subtracted,
            ),
            Mistake(
                "first table for all pieces",
                "Column j of the codes is looked up in table j: tables[np.arange(m), codes].",
                _first_table,
            ),
            Mistake(
                "query rounded as well",
                "That is the symmetric form. The query is one vector and costs nothing to keep as it is.",
                _rounded_query,
            ),
            Mistake(
                "tables of distances",
                "Asked for are inner products: a product for each entry, not a squared distance.",
                _distances,
            ),
        ),
        follow_up="FAISS with squared distances keeps precomputed tables. Which term needs them, how "
        "large are they for 4,096 lists, 48 pieces and 256 entries, and when are they given up?",
    ),
)
