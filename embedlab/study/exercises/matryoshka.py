"""The exercises of chapter 04: shorter vectors."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _cuts(rng: np.random.Generator) -> list[tuple]:
    """List (vectors, dims): one row first, then more; a prefix that is all zero; nothing cut at all."""
    cases = [([[3, 4, 12]], 2), ([[2]], 1), ([[3, 4]], 2), ([[0, 5]], 1), ([[3, 4, 1], [0, 2, 1]], 2)]
    for n, d, dims in [(1, 4, 3), (2, 4, 2), (3, 6, 4), (4, 8, 1), (5, 8, 5), (2, 16, 8), (6, 3, 3)]:
        cases.append((rng.integers(-9, 10, (n, d)), dims))
    return [(np.array(vectors, dtype=np.float32), dims) for vectors, dims in cases]


def _batches(rng: np.random.Generator) -> list[tuple]:
    """List (queries, documents, temperature) as tensors: two rows first, then more."""
    import torch

    cases = [(np.eye(2), np.eye(2), 1.0), (np.eye(2), np.eye(2)[::-1], 1.0), (np.eye(3), np.eye(3), 0.5)]
    for n, d, temperature in [
        (2, 3, 1.0),
        (2, 3, 0.05),
        (3, 4, 0.1),
        (4, 2, 0.05),
        (5, 8, 1.0),
        (8, 4, 0.05),
    ]:
        cases.append((rng.normal(size=(n, d)), rng.normal(size=(n, d)), temperature))
    cases.append((3 * rng.normal(size=(4, 5)), rng.normal(size=(4, 5)), 0.2))
    return [(*(torch.tensor(side.copy(), dtype=torch.float32) for side in pair), t) for *pair, t in cases]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _not_normalised(vectors, dims):
    return vectors[:, :dims]


def _normalised_first(vectors, dims):
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(length > 0, length, 1))[:, :dims]


def _last_dims(vectors, dims):
    return _normalised_first(vectors[:, -dims:], dims)


def _unguarded(vectors, dims):
    return vectors[:, :dims] / np.linalg.norm(vectors[:, :dims], axis=1, keepdims=True)


def _rows_cut(vectors, dims):
    return _normalised_first(vectors[:dims], vectors.shape[1])


def _losses(queries, documents, temperature, normalise=True, both=True):
    import torch

    if normalise:
        queries, documents = (torch.nn.functional.normalize(side, dim=1) for side in (queries, documents))
    scores = queries @ documents.T / temperature
    own = torch.arange(len(scores))
    forth = torch.nn.functional.cross_entropy(scores, own)
    return (forth + torch.nn.functional.cross_entropy(scores.T, own)) / 2 if both else forth


def _no_temperature(queries, documents, temperature=0.05):
    return _losses(queries, documents, 1.0)


def _dot_products(queries, documents, temperature=0.05):
    return _losses(queries, documents, temperature, normalise=False)


def _one_way(queries, documents, temperature=0.05):
    return _losses(queries, documents, temperature, both=False)


def _multiplied(queries, documents, temperature=0.05):
    return _losses(queries, documents, 1 / temperature)


def _summed(queries, documents, temperature=0.05):
    return 2 * _losses(queries, documents, temperature)


EXERCISES = (
    Exercise(
        name="truncate",
        chapter="04_matryoshka",
        task="Keep the first dims numbers of vectors, float32 (n, d), and bring each row back to length 1; a "
        "row of zeros stays zero.",
        reference="embedlab.matryoshka:truncate",
        cases=_cuts,
        hints=(
            "Cut first: vectors[:, :dims]. Then ask how long each row still is.",
            "Divide by the length of the row that is left, np.linalg.norm(short, axis=1, keepdims=True).",
            "A prefix may be all zero. Divide it by 1 rather than by 0: np.where(length > 0, length, 1).",
        ),
        mistakes=(
            Mistake(
                "cut, not normalised",
                "The numbers are the right ones, but a row has to have length 1 after the cut.",
                _not_normalised,
            ),
            Mistake(
                "normalised before the cut",
                "The cut shortens the row again. Normalise what is left, after the cut.",
                _normalised_first,
            ),
            Mistake("kept the last numbers", "A prefix is the beginning: [:, :dims].", _last_dims),
            Mistake(
                "cut the rows",
                "vectors[:dims] keeps the first vectors. A dimension is a column: [:, :dims].",
                _rows_cut,
            ),
            Mistake(
                "NaN where the prefix is zero",
                "0 / 0 is NaN. A prefix of zeros stays zero: divide it by 1.",
                _unguarded,
            ),
        ),
        follow_up="Two vectors have cosine 0.9 at full length. What can you say of their cosine at half?",
    ),
    Exercise(
        name="in_batch_softmax",
        chapter="04_matryoshka",
        task="Let each query choose its document among all of the batch by cosine / temperature, and each "
        "document its query: the mean of the two cross-entropies, a scalar tensor, of two float32 (n, d).",
        reference="embedlab.matryoshka:in_batch_softmax",
        cases=_batches,
        hints=(
            "A matrix of all cosines, (n, n): normalise both sides, torch.nn.functional.normalize(x, dim=1).",
            "torch.nn.functional.cross_entropy(scores, torch.arange(n)): row i should choose column i.",
            "The other way round is the transposed matrix. Take the mean of the two.",
        ),
        mistakes=(
            Mistake(
                "without the temperature",
                "Cosines reach from -1 to 1: a softmax of them is nearly flat. Divide by the temperature.",
                _no_temperature,
            ),
            Mistake(
                "multiplied by the temperature",
                "A small temperature has to sharpen the choice: divide by it.",
                _multiplied,
            ),
            Mistake(
                "dot products instead of cosines",
                "Long vectors must not win by their length: normalise both sides first.",
                _dot_products,
            ),
            Mistake(
                "only one way",
                "Queries choose documents; documents choose queries as well: scores.T.",
                _one_way,
            ),
            Mistake("summed instead of averaged", "It is the mean of the two directions.", _summed),
        ),
        follow_up="The batch holds the same document twice, for two queries. Who is punished for what?",
    ),
)
