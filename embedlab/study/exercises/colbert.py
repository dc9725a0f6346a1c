"""The exercises of chapter 07 on vectors: MaxSim over documents of different lengths, and residual codes."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _documents(rng: np.random.Generator) -> list[tuple]:
    """List (query, tokens, offsets): one token each, then several; negative products; many documents."""
    cases = [
        ([[1]], [[2]], [0, 1]),
        ([[1], [2]], [[3]], [0, 1]),
        ([[1]], [[3], [2]], [0, 2]),
        ([[1], [-1]], [[3], [2]], [0, 2]),
        ([[1]], [[3], [2]], [0, 1, 2]),
        ([[1]], [[-3], [-2]], [0, 1, 2]),
        ([[1, 0], [0, 1]], [[1, 0], [0, 1], [2, 2]], [0, 2, 3]),
    ]
    for t, lengths, d in [(2, [1, 2], 2), (3, [2, 1, 3], 2), (4, [5, 2, 1], 3), (6, [9, 4, 7, 1], 8)]:
        query, tokens = rng.integers(-3, 4, (t, d)), rng.integers(-3, 4, (sum(lengths), d))
        cases.append((query, tokens, np.concatenate([[0], np.cumsum(lengths)])))
    return [(np.float32(query), np.float32(tokens), np.int64(ends)) for query, tokens, ends in cases]


def _tokens(rng: np.random.Generator) -> list[tuple]:
    """List (vector, centroids): one centroid; long ones that point the right way; a residual of 0; many."""
    cases = [
        ([1], [[0]]),
        ([1], [[2]]),
        ([-1], [[-3]]),
        ([2], [[2]]),
        ([1], [[1], [5]]),
        ([2], [[-9], [3]]),
        ([1, 1], [[0, 2]]),
        ([1, 0], [[2, 0], [9, 1]]),
        ([1, 1], [[9, -7], [1, 2]]),
    ]
    for c, d in [(2, 2), (3, 2), (2, 3), (3, 3), (4, 3), (4, 4), (6, 4), (8, 6), (16, 8)]:
        cases.append((rng.integers(-4, 5, d), rng.integers(-9, 10, (c, d))))
    return [(np.float32(vector), np.float32(centroids)) for vector, centroids in cases]


def residual_code(vector, centroids):
    """Return the number of the nearest centroid, and one bit for each number of what is left.

    Parameters
    ----------
    vector : float32 array (d,)
    centroids : float32 array (c, d)

    Returns
    -------
    number : int
        Of the centroid at the least Euclidean distance; the first of equals.
    bits : bool array (d,)
        True where the vector is above its centroid.

    Examples
    --------
    >>> residual_code(np.float32([0.5, 0.75]), np.float32([[1, 0], [0, 1]]))
    (1, array([ True, False]))
    """
    number = int(((centroids - vector) ** 2).sum(axis=1).argmin())
    return number, vector > centroids[number]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _by_document(query, tokens, offsets, score):
    parts = np.split(tokens, offsets[1:-1])
    return np.array([score(query @ part.T) for part in parts], np.float32)


def _mean(query, tokens, offsets):
    return _by_document(query, tokens, offsets, lambda similar: similar.max(axis=1).mean())


def _wrong_axis(query, tokens, offsets):
    return _by_document(query, tokens, offsets, lambda similar: similar.max(axis=0).sum())


def _all_pairs(query, tokens, offsets):
    return _by_document(query, tokens, offsets, lambda similar: similar.sum())


def _single_best(query, tokens, offsets):
    return _by_document(query, tokens, offsets, lambda similar: similar.max())


def _padded(query, tokens, offsets):
    return _by_document(query, tokens, offsets, lambda similar: np.maximum(similar, 0).max(axis=1).sum())


def _largest_product(vector, centroids):
    number = int((centroids @ vector).argmax())
    return number, vector > centroids[number]


def _signed_sum(vector, centroids):
    number = int((centroids - vector).sum(axis=1).argmin())
    return number, vector > centroids[number]


def _farthest(vector, centroids):
    number = int(((centroids - vector) ** 2).sum(axis=1).argmax())
    return number, vector > centroids[number]


def _signs_of_vector(vector, centroids):
    return residual_code(vector, centroids)[0], vector > 0


def _negated_residual(vector, centroids):
    number, _ = residual_code(vector, centroids)
    return number, centroids[number] > vector


EXERCISES = (
    Exercise(
        name="maxsim",
        chapter="07_colbert",
        task="Score documents for one query, float32 (n,). query (t, d) holds the query's token vectors, "
        "tokens (total, d) those of all documents one after the other; document i has the rows from "
        "offsets[i] to offsets[i + 1], at least one.",
        reference="embedlab.colbert:maxsim",
        cases=_documents,
        hints=(
            "One document first: query @ document.T holds all pairs, a row for each token of the query.",
            "The best of each row, then the sum of these: .max(axis=1).sum().",
            "np.split(tokens, offsets[1:-1]) cuts the documents apart.",
        ),
        mistakes=(
            Mistake(
                "a mean, not a sum", "MaxSim adds the maxima up; it does not divide by their number.", _mean
            ),
            Mistake(
                "the maximum over the query",
                "Each token of the query looks for its best in the document, not the other way round.",
                _wrong_axis,
            ),
            Mistake("no maximum", "Only the best match of each token counts, not all of them.", _all_pairs),
            Mistake("one match only", "Every token of the query adds its own best match.", _single_best),
            Mistake(
                "zeros take part",
                "Where all products are negative, the maximum is negative: padding must not win.",
                _padded,
            ),
        ),
        follow_up="A query of 12 tokens, 1,000 documents of 80, 128 dimensions: how many multiplications?",
    ),
    Exercise(
        name="residual_code",
        chapter="07_colbert",
        task="Store one token vector, float32 (d,), in few bits: return (number, bits), the number of the "
        "nearest of the centroids, float32 (c, d), as an int, the first of equals; and of what is left, "
        "vector minus centroid, one bit each, bool (d,): is it above 0?",
        reference="embedlab.study.exercises.colbert:residual_code",
        cases=_tokens,
        hints=(
            "centroids - vector broadcasts to (c, d): a row of differences for each centroid.",
            "Square them and sum over axis 1; argmin gives the number of the nearest centroid.",
            "The bits are those of the residual, vector - centroids[number], not of the vector: > 0.",
        ),
        mistakes=(
            Mistake(
                "largest inner product",
                "A centroid is a mean and has any length: a long one wins the product from far away. Take "
                "the smallest distance.",
                _largest_product,
            ),
            Mistake(
                "differences not squared",
                "Differences of either sign cancel in a sum. Square them first.",
                _signed_sum,
            ),
            Mistake("the farthest", "argmax of the distances is the worst centroid. Take argmin.", _farthest),
            Mistake(
                "signs of the vector",
                "The centroid is stored already. The bits say on which side of it the vector lies.",
                _signs_of_vector,
            ),
            Mistake(
                "residual with the wrong sign",
                "Decoding adds the residual to the centroid, so it is the vector minus the centroid.",
                _negated_residual,
            ),
        ),
        follow_up="At 128 dimensions and 65,536 centroids, how many bytes is a token? Decoding makes a "
        "number of each bit: which two would you take, and where from?",
    ),
)
