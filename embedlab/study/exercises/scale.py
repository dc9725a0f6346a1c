"""Exercise of chapter 16: a step of k-means for the lists of an inverted file."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _steps(rng: np.random.Generator) -> list[tuple]:
    """List (vectors, centroids): one list, an empty one at the end and before it, a tie; then drawn ones."""
    axes = [[1, 0], [0, 1], [-1, 0]]
    cases = [([[3, 4]], axes[:1]), ([[3, 1], [1, 0]], axes[:1]), ([[3, 4]], axes[:2]), ([[4, 3]], axes[:2])]
    cases += [([[2, 2], [5, 1]], axes[:2]), ([[4, 3], [0, 9], [1, 0]], axes[:2]), ([[0, 3], [1, 1]], axes)]
    cases += [([[-2, 1], [3, 3], [9, 2]], axes), ([[3, 0], [0, 1], [3, 1]], [[0.6, 0.8], [-0.6, -0.8]])]
    for n, lists, d in [(4, 2, 2), (5, 3, 2), (6, 3, 3), (8, 4, 3), (9, 6, 2), (12, 5, 4), (16, 9, 3)]:
        cases.append((rng.normal(size=(n, d)).round(2) * 3, _unit(rng.normal(size=(lists, d)))))
    return [tuple(np.array(side, dtype=np.float32) for side in case) for case in cases]


def spherical_step(vectors, centroids):
    """One step of k-means for inner products (Dhillon & Modha 2001), as `train_centroids` repeats it.

    Parameters
    ----------
    vectors : float32 array (n, d)
    centroids : float32 array (lists, d)
        Of length 1.

    Returns
    -------
    float32 array (lists, d)
        Means of what each list got, scaled to length 1.
    int64 array (lists,)
        How many vectors each list got.

    Examples
    --------
    >>> moved, sizes = spherical_step(np.float32([[3, 0], [0, 4]]), np.float32([[0.6, 0.8], [-1, 0]]))
    >>> moved.round(3).tolist() == np.float32([[0.6, 0.8], [-1, 0]]).tolist(), sizes.tolist()
    (True, [2, 0])
    """
    numbers = (vectors @ centroids.T).argmax(axis=1)
    moved, sizes = centroids.copy(), np.bincount(numbers, minlength=len(centroids))
    for number in np.flatnonzero(sizes):
        total = vectors[numbers == number].sum(axis=0)
        moved[number] = total / np.linalg.norm(total)
    return moved, sizes


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _step(move, sizes=lambda numbers, count: np.bincount(numbers, minlength=count), before=lambda rows: rows):
    """Make a step whose sums (lists, d) become centroids in another way, or that counts in another."""

    def step(vectors, centroids):
        numbers = (vectors @ centroids.T).argmax(axis=1)
        sums, counts = np.zeros_like(centroids), np.bincount(numbers, minlength=len(centroids))
        np.add.at(sums, numbers, before(vectors))
        return move(sums, counts, centroids), sizes(numbers, len(centroids))

    return step


def _scaled(sums, counts, centroids):
    return np.where(counts[:, None] > 0, _unit(np.where(counts[:, None] > 0, sums, 1)), centroids)


def _means(sums, counts, centroids):
    return np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centroids)


def _nan(sums, counts, centroids):
    return _unit(sums)


def _zero(sums, counts, centroids):
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)


def _one_vector_a_list(vectors, centroids):
    numbers = (vectors @ centroids.T).argmax(axis=1)
    sums, counts = np.zeros_like(centroids), np.bincount(numbers, minlength=len(centroids))
    sums[numbers] += vectors
    return _scaled(sums, counts, centroids), counts


EXERCISES = (
    Exercise(
        name="spherical_step",
        chapter="16_scale",
        task="One step of k-means for inner products. vectors is float32 (n, d), centroids float32 "
        "(lists, d) of length 1. Give each vector to the centroid with the largest inner product, of "
        "equal ones the first. Return two arrays: the new centroids, float32 (lists, d), each the mean of "
        "the vectors that it got, scaled to length 1 (one that got nothing stays), and how many each got, "
        "int64 (lists,).",
        reference="embedlab.study.exercises.scale:spherical_step",
        cases=_steps,
        hints=(
            "numbers = (vectors @ centroids.T).argmax(axis=1) says which list each vector goes to.",
            "np.bincount(numbers, minlength=lists) counts the empty lists as well.",
            "Begin with centroids.copy(). Of each list that got some, scale the sum: the mean has the "
            "same direction.",
        ),
        mistakes=(
            Mistake(
                "one vector a list",
                "sums[numbers] += vectors writes each place once, however often it occurs in numbers: the "
                "last vector of a list stays. np.add.at adds all of them, a loop over the lists does, too.",
                _one_vector_a_list,
            ),
            Mistake(
                "means, not of length 1",
                "The mean of vectors that point apart is short, and a short centroid loses the next round "
                "to longer ones: divide by the length.",
                _step(_means),
            ),
            Mistake(
                "an empty list becomes NaN",
                "The sum of nothing has length 0, 0 / 0 is NaN, and argmax takes NaN for the largest: in "
                "the next round all vectors go there. Leave such a centroid where it is.",
                _step(_nan),
            ),
            Mistake(
                "an empty list moves to zero",
                "Zeros have the inner product 0 with everything, more than a far centroid has: what got "
                "nothing stays.",
                _step(_zero),
            ),
            Mistake(
                "empty lists not counted",
                "np.bincount ends at the largest number that occurs: pass minlength.",
                _step(_scaled, lambda numbers, count: np.bincount(numbers)),
            ),
            Mistake(
                "vectors scaled before",
                "That is the mean of directions: long and short vectors would weigh alike. Scale once, "
                "after adding.",
                _step(_scaled, before=lambda rows: _unit(rows).astype(rows.dtype)),
            ),
        ),
        follow_up="A list is still empty after ten steps. FAISS gives it half of a full list; another way "
        "is the vector that is farthest from all centroids. Which do you take for search, and what does "
        "an empty list cost?",
    ),
)
