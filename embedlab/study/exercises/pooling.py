"""The exercises of chapter 03: pooling."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _batches(rng: np.random.Generator) -> list[tuple]:
    """List (hidden, mask): the edges, then batches padded on the right, on the left, with empty texts."""

    def batch(masks, d):
        mask = np.array(masks, dtype=np.int64)
        return rng.integers(-9, 10, (*mask.shape, d)).astype(np.float32), mask

    edges = [[[1]], [[1, 0]], [[1, 1]], [[0, 1]], [[0, 0]], [[1, 1], [1, 0]], [[1, 0], [0, 0]]]
    cases = [batch(masks, d) for masks in edges for d in (1, 2)]
    for n, t, d in [(1, 3, 2), (2, 3, 3), (3, 2, 4), (3, 5, 2), (5, 4, 3), (4, 8, 8)]:
        lengths = rng.integers(1, t + 1, n)
        right = np.arange(t) < lengths[:, None]
        cases += [batch(right, d), batch(right[:, ::-1], d), batch(right * (rng.random((n, 1)) > 0.3), d)]
    return cases


def _rows(rng: np.random.Generator) -> list[tuple]:
    """List (vectors,): zero, short and long vectors, then matrices with a zero row here and there."""
    cases = [[[2]], [[0]], [[-1]], [[3, 4]], [[0, 0]], [[0, -5]], [[3, 4], [0, 0]], [[3, 4], [6, 8]]]
    for n, d in [(2, 2), (3, 2), (2, 5), (4, 4), (7, 3)]:
        matrix = rng.integers(-9, 10, (n, d))
        cases += [matrix, matrix * (rng.random((n, 1)) > 0.3)]
    return [(np.array(case, dtype=np.float32),) for case in cases]


def _pairs(rng: np.random.Generator) -> list[tuple]:
    """List (a, b): single vectors first, then n rows against m, with a zero row here and there."""
    cases = [([[2]], [[3]]), ([[0]], [[1]]), ([[3, 4]], [[4, 3]]), ([[3, 4]], [[-6, -8]])]
    cases += [([[3, 4]], [[0, 0]]), ([[3, 4], [0, 2]], [[3, 4]])]
    for n, m, d in [(1, 2, 2), (2, 2, 2), (2, 3, 2), (3, 3, 4), (4, 2, 3), (5, 6, 8)]:
        a, b = rng.integers(-9, 10, (n, d)), rng.integers(-9, 10, (m, d))
        cases += [(a, b), (a * (rng.random((n, 1)) > 0.4), b * (rng.random((m, 1)) > 0.4))]
    return [(np.array(a, dtype=np.float32), np.array(b, dtype=np.float32)) for a, b in cases]


# What the wrong implementations below are made of.


def _masked_sum(hidden, mask):
    return (hidden * mask[:, :, None]).sum(axis=1)


def _safe_divide(vectors, length):
    return vectors / np.where(length > 0, length, 1)


def _row_by_row(a, b):
    a, b = (_safe_divide(x, np.linalg.norm(x, axis=1, keepdims=True)) for x in (a, b))
    return (a * b).sum(axis=1)


def _cosine_distance(a, b):
    a, b = (_safe_divide(x, np.linalg.norm(x, axis=1, keepdims=True)) for x in (a, b))
    return 1 - a @ b.T


_PADDING_COUNTED = (
    "Padding takes part in the mean. How many positions hold a token? Their vectors alone count."
)

EXERCISES = (
    Exercise(
        name="mean_pool",
        chapter="03_pooling",
        task="Average the token vectors of each text, without padding: hidden float32 (n, t, d) and "
        "mask int64 (n, t) give float32 (n, d); a text without tokens gives zeros.",
        reference="embedlab.pooling:mean_pool",
        cases=_batches,
        hints=(
            "Padding must add nothing to the sum: which numbers can you multiply the vectors with?",
            "mask[:, :, None] has shape (n, t, 1) and goes with (n, t, d). Sum over the tokens, axis 1.",
            "Divide by the number of tokens of each text, shape (n, 1), but never by less than 1.",
        ),
        mistakes=(
            Mistake(
                "padding counted: hidden.mean(axis=1)",
                _PADDING_COUNTED,
                lambda hidden, mask: hidden.mean(axis=1),
            ),
            Mistake(
                "padding counted: divided by t",
                _PADDING_COUNTED,
                lambda hidden, mask: _masked_sum(hidden, mask) / mask.shape[1],
            ),
            Mistake(
                "divided by the tokens of the whole batch",
                "Each text has a length of its own: count along axis 1, not over the whole mask.",
                lambda hidden, mask: _masked_sum(hidden, mask) / max(mask.sum(), 1),
            ),
            Mistake(
                "divided along the wrong axis",
                "mask.sum(axis=0) counts texts per position. Tokens per text are the sums along axis 1.",
                lambda hidden, mask: _masked_sum(hidden, mask) / np.maximum(mask.sum(axis=0), 1),
            ),
            Mistake(
                "averaged over the wrong axis",
                "The mean goes over the tokens, axis 1; d numbers are left for each text.",
                lambda hidden, mask: (hidden * mask[:, :, None]).mean(axis=2),
            ),
            Mistake(
                "NaN for a text without tokens",
                "A text without tokens gives 0 / 0. Nothing divided by one is nothing: np.maximum(count, 1).",
                lambda hidden, mask: _masked_sum(hidden, mask) / mask.sum(axis=1, keepdims=True),
            ),
        ),
        follow_up="[CLS] and [SEP] are averaged as well. Would the vectors be better without them?",
    ),
    Exercise(
        name="last_token_pool",
        chapter="03_pooling",
        task="Take the vector of each text's last token, on whichever side its padding is: hidden float32 "
        "(n, t, d) and mask int64 (n, t) give float32 (n, d); a text without tokens gives zeros.",
        reference="embedlab.pooling:last_token_pool",
        cases=_batches,
        hints=(
            "The last position differs from text to text: it is the last 1 in each row of the mask.",
            "argmax finds the first of the largest values. In a reversed row, the last 1 comes first.",
            "hidden[np.arange(n), last] takes one vector from each text; multiply it with mask.any(axis=1).",
        ),
        mistakes=(
            Mistake(
                "takes padding: hidden[:, -1]",
                "The last position of a padded text is padding. Read off the mask where its tokens end.",
                lambda hidden, mask: hidden[:, -1],
            ),
            Mistake(
                "right padding only",
                "The number of tokens tells where the last one is only if all padding is on the right.",
                lambda hidden, mask: (
                    hidden[np.arange(len(hidden)), mask.sum(axis=1) - 1] * mask.any(axis=1, keepdims=True)
                ),
            ),
            Mistake(
                "text without tokens",
                "A text without tokens has no last token, but argmax finds one all the same: give zeros.",
                lambda hidden, mask: hidden[
                    np.arange(len(hidden)), mask.shape[1] - 1 - mask[:, ::-1].argmax(axis=1)
                ],
            ),
        ),
        follow_up="Decoder models are pooled so. Why would the first token be a poor choice for them?",
    ),
    Exercise(
        name="l2_normalize",
        chapter="03_pooling",
        task="Divide each row of vectors, float32 (n, d), by its Euclidean length; a zero row stays zero.",
        reference="embedlab.pooling:l2_normalize",
        cases=_rows,
        hints=(
            "The length of a vector is the root of the sum of its squares: np.linalg.norm knows an axis.",
            "keepdims=True keeps the lengths at shape (n, 1), which divides (n, d) row by row.",
            "Divide a zero row by 1 rather than by 0: np.where(length > 0, length, 1).",
        ),
        mistakes=(
            Mistake(
                "divided by the squared length",
                "That is the sum of the squares. The length is its square root.",
                lambda vectors: _safe_divide(vectors, (vectors**2).sum(axis=1, keepdims=True)),
            ),
            Mistake(
                "divided by the norm of the whole matrix",
                "Without an axis, norm gives one number for all, but each row has a length of its own.",
                lambda vectors: _safe_divide(vectors, np.linalg.norm(vectors)),
            ),
            Mistake(
                "normalised the columns",
                "axis=0 goes down the columns. A vector is a row: axis=1, with keepdims=True.",
                lambda vectors: _safe_divide(vectors, np.linalg.norm(vectors, axis=0)),
            ),
            Mistake(
                "divided by the sum of absolute values",
                "That is the L1 norm. The L2 norm is the root of the sum of squares.",
                lambda vectors: _safe_divide(vectors, np.abs(vectors).sum(axis=1, keepdims=True)),
            ),
            Mistake(
                "NaN for a zero vector",
                "0 / 0 is NaN, and one NaN spoils every ranking. A zero row has to stay zero.",
                lambda vectors: vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
            ),
        ),
        follow_up="float32 ends at 3e38. What happens to a vector with an entry of 1e20? What would you do?",
    ),
    Exercise(
        name="cosine",
        chapter="03_pooling",
        task="Compare every row of a, float32 (n, d), with every row of b, float32 (m, d), by the cosine of "
        "their angle: float32 (n, m); a zero vector has cosine 0 with everything.",
        reference="embedlab.pooling:cosine",
        cases=_pairs,
        hints=(
            "On vectors of length 1, the cosine is the dot product: what has to be done to both sides first?",
            "All dot products of n rows with m rows are one matrix product: a @ b.T has shape (n, m).",
            "Lengths of a: (n, 1), of b: (m, 1), with axis=1 and keepdims=True. Where one is 0, divide by 1.",
        ),
        mistakes=(
            Mistake(
                "dot product, lengths left in",
                "That is the dot product: it grows with the vectors. The cosine depends on the angle alone.",
                lambda a, b: a @ b.T,
            ),
            Mistake(
                "only one side normalised",
                "The ranking may already be right, but a cosine divides by both lengths, those of a and b.",
                lambda a, b: (_safe_divide(a, np.linalg.norm(a, axis=1, keepdims=True)) @ b.T).astype(
                    np.float32
                ),
            ),
            Mistake(
                "row with row instead of all with all",
                "a * b pairs row i of a with row i of b. All, shape (n, m), come from a matrix product.",
                _row_by_row,
            ),
            Mistake(
                "distance instead of similarity",
                "1 - cosine is the cosine distance, where small is good. Here, equal directions give 1.",
                _cosine_distance,
            ),
            Mistake(
                "NaN for a zero vector",
                "A zero vector has length 0, and 0 / 0 is NaN. Let it score 0: divide by 1 instead.",
                lambda a, b: a @ b.T / (np.linalg.norm(a, axis=1)[:, None] * np.linalg.norm(b, axis=1)),
            ),
        ),
        follow_up="A database stores a million documents. Which part of this would you do only once?",
    ),
)
