"""Exercises of chapter 05: k-means, codes and tables of product quantization."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _assignments(rng: np.random.Generator) -> list[tuple]:
    """List (vectors, centroids) whose nearest centroids are never equally near; some centroids stay empty."""
    cases = [([[0], [2]], [[1]]), ([[0], [1], [10]], [[0], [9]]), ([[0], [1], [10]], [[0], [9], [50]])]
    cases += [([[5, 5]], [[0, 0], [4, 4]]), ([[0, 0], [0, 2], [9, 9]], [[0, 1], [8, 8], [-20, 0]])]
    for n, k, d in [(4, 2, 1), (5, 2, 2), (6, 3, 2), (8, 3, 3), (10, 4, 2), (12, 5, 4)]:
        cases.append((rng.normal(size=(n, d)).round(2) * 3, rng.normal(size=(k, d)).round(2) * 3))
    return [tuple(np.array(side, dtype=np.float32) for side in case) for case in cases]


def _codings(rng: np.random.Generator) -> list[tuple]:
    """List (vectors, codebooks): one subspace of one number first."""
    cases = [([[3]], [[[0], [4]]]), ([[0.9, 4]], [[[0], [1]], [[5], [9]]]), ([[3, 4]], [[[9, 0], [3, 3]]])]
    for n, m, k, s in [(1, 2, 3, 1), (2, 2, 3, 1), (2, 2, 2, 2), (3, 3, 4, 2), (4, 2, 5, 3), (5, 4, 6, 2)]:
        cases.append((rng.normal(size=(n, m * s)).round(2) * 4, rng.normal(size=(m, k, s)).round(2) * 4))
    cases.append((rng.normal(size=(6, 8)), rng.normal(size=(4, 200, 2))))
    return [tuple(np.array(side, dtype=np.float32) for side in case) for case in cases]


def _queries(rng: np.random.Generator) -> list[tuple]:
    """List (query, codebooks) of small whole numbers."""
    cases = [([2], [[[3], [5]]]), ([2, 3], [[[0], [1]], [[5], [9]]]), ([1, 2], [[[3, 4], [5, 6]]])]
    for m, k, s in [(2, 2, 1), (2, 3, 1), (2, 2, 2), (3, 2, 2), (3, 4, 2), (2, 5, 3), (4, 6, 2), (4, 8, 4)]:
        cases.append((rng.integers(-9, 10, m * s), rng.integers(-9, 10, (m, k, s))))
    return [tuple(np.array(side, dtype=np.float32) for side in case) for case in cases]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _encode(vectors, codebooks):
    m, _, size = codebooks.shape
    parts = vectors.reshape(len(vectors), m, 1, size)
    return ((parts - codebooks) ** 2).sum(axis=3).argmin(axis=2).astype(np.uint8)


def _tables(query, codebooks):
    m, _, size = codebooks.shape
    return np.einsum("ms,mks->mk", query.reshape(m, size), codebooks)


def _nearest(vectors, centroids):
    return ((vectors[:, None] - centroids[None]) ** 2).sum(axis=2).argmin(axis=1)


def _empty_at_zero(vectors, centroids):
    moved, nearest = np.zeros_like(centroids), _nearest(vectors, centroids)
    for k in np.unique(nearest):
        moved[k] = vectors[nearest == k].mean(axis=0)
    return moved


def _empty_is_nan(vectors, centroids):
    moved, nearest = np.full_like(centroids, np.nan), _nearest(vectors, centroids)
    for k in np.unique(nearest):
        moved[k] = vectors[nearest == k].mean(axis=0)
    return moved


def _sum_of_vectors(vectors, centroids):
    moved, nearest = centroids.copy(), _nearest(vectors, centroids)
    for k in np.unique(nearest):
        moved[k] = vectors[nearest == k].sum(axis=0)
    return moved


def _by_inner_product(vectors, centroids):
    moved, nearest = centroids.copy(), (vectors @ centroids.T).argmax(axis=1)
    for k in np.unique(nearest):
        moved[k] = vectors[nearest == k].mean(axis=0)
    return moved


def _first_codebook(vectors, codebooks):
    return _encode(vectors, np.repeat(codebooks[:1], len(codebooks), axis=0))


def _largest_product(vectors, codebooks):
    m, _, size = codebooks.shape
    parts = vectors.reshape(len(vectors), m, size)
    return np.einsum("nms,mks->nmk", parts, codebooks).argmax(axis=2).astype(np.uint8)


def _farthest(vectors, codebooks):
    m, _, size = codebooks.shape
    parts = vectors.reshape(len(vectors), m, 1, size)
    return ((parts - codebooks) ** 2).sum(axis=3).argmax(axis=2).astype(np.uint8)


def _every_mth(vectors, codebooks):
    m, _, size = codebooks.shape
    mixed = vectors.reshape(len(vectors), size, m).transpose(0, 2, 1).reshape(len(vectors), -1)
    return _encode(mixed, codebooks)


def _distances(query, codebooks):
    m, _, size = codebooks.shape
    return ((query.reshape(m, 1, size) - codebooks) ** 2).sum(axis=2)


def _tables_first(query, codebooks):
    return np.einsum("s,mks->mk", query[: codebooks.shape[2]], codebooks)


def _turned(query, codebooks):
    return _tables(query, codebooks).T


EXERCISES = (
    Exercise(
        name="kmeans_step",
        chapter="05_quantization",
        task="One step of k-means: give each of vectors, float32 (n, d), to its nearest of centroids, "
        "float32 (k, d), and return the means of what each got, float32 (k, d). One that got nothing stays.",
        reference="embedlab.quantization:kmeans_step",
        cases=_assignments,
        hints=(
            "All squared distances, (n, k): ((vectors[:, None] - centroids[None]) ** 2).sum(axis=2).",
            "nearest = distances.argmin(axis=1) says for each vector which centroid is its own.",
            "Begin with centroids.copy(), and overwrite only those that occur in nearest.",
        ),
        mistakes=(
            Mistake("empty ones at zero", "A centroid without vectors stays where it is.", _empty_at_zero),
            Mistake(
                "mean of nothing",
                "The mean of no vectors is NaN, and it spreads. Such a centroid stays where it is.",
                _empty_is_nan,
            ),
            Mistake("sum instead of mean", "Divide by how many vectors it got.", _sum_of_vectors),
            Mistake(
                "nearest by inner product",
                "A long centroid has a large inner product with everything. Nearest means distance.",
                _by_inner_product,
            ),
        ),
        follow_up="Does repeating the step find the best centroids there are? What does the start decide?",
    ),
    Exercise(
        name="encode_pq",
        chapter="05_quantization",
        task="Encode vectors, float32 (n, m * s), with codebooks, float32 (m, k, s): the number of the "
        "nearest centroid of each subspace, uint8 (n, m).",
        reference="embedlab.quantization:encode_pq",
        cases=_codings,
        hints=(
            "Subspace j is vectors[:, j * s : (j + 1) * s], and its centroids are codebooks[j], (k, s).",
            "Squared distances of each subvector to each centroid: (n, k) for each subspace.",
            "argmin over the centroids, as column j of the codes, as uint8.",
        ),
        mistakes=(
            Mistake(
                "first codebook for all subspaces",
                "Each subspace has a codebook of its own: codebooks[j].",
                _first_codebook,
            ),
            Mistake(
                "largest inner product",
                "What is stored should be near the subvector: the smallest distance.",
                _largest_product,
            ),
            Mistake("farthest centroid", "argmin, not argmax: distances.", _farthest),
            Mistake(
                "every m-th number",
                "A subspace is s neighbouring numbers: reshape to (n, m, s), not to (n, s, m).",
                _every_mth,
            ),
        ),
        follow_up="How many bytes do code and codebooks take, and from how many vectors on is PQ worth it?",
    ),
    Exercise(
        name="score_tables",
        chapter="05_quantization",
        task="Of one query, float32 (m * s,), with codebooks, float32 (m, k, s): the inner product of its "
        "subvector j with every centroid of codebook j, float32 (m, k).",
        reference="embedlab.quantization:score_tables",
        cases=_queries,
        hints=(
            "query.reshape(m, s) has the subvectors as rows.",
            "Row j of the table is codebooks[j] @ subvector j: (k, s) times (s,).",
            'np.einsum("ms,mks->mk", subvectors, codebooks) does all rows at once.',
        ),
        mistakes=(
            Mistake("distances instead", "An inner product is wanted: larger is better.", _distances),
            Mistake(
                "first subvector for all",
                "Row j belongs to subvector j of the query.",
                _tables_first,
            ),
            Mistake("subspaces in columns", "The result has a row for each subspace: (m, k).", _turned),
        ),
        follow_up="For how many documents does the table pay? Compare m * k * s with n * (d - m).",
    ),
)
