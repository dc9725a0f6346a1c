"""Exercise of chapter 16: RaBitQ's estimate of an inner product by signs, and how far off it may be."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _estimates(rng: np.random.Generator) -> list[tuple]:
    """List (residuals, query, epsilon): its own direction, a zero, a residual of zeros; then drawn ones."""
    cases = [
        ([[3, -1]], [3, -1], 1.0),
        ([[3, -1]], [1, 1], 1.0),
        ([[2, 2]], [5, 1], 1.9),
        ([[4, 0]], [1, 2], 1.0),
    ]
    cases += [
        ([[0, 0]], [1, 2], 1.0),
        ([[3, -1], [0, 0], [1, 5]], [2, 1], 1.9),
        ([[-3, 0, 1]], [1, 2, 3], 1.0),
    ]
    cases += [
        ([[1, -1, 1, -1]], [1, 2, 3, 4], 1.9),
        ([[8, 1, 1, 1]], [0, 0, 0, 5], 1.0),
        ([[6, 2]], [0, 0], 1.0),
    ]
    for n, d, epsilon in [(2, 3, 1.0), (3, 4, 1.9), (4, 6, 1.0), (5, 8, 1.9), (3, 16, 2.5)]:
        cases.append((rng.integers(-9, 10, (n, d)), rng.integers(-9, 10, d), epsilon))
    as_float = np.float32
    return [(as_float(residuals), as_float(query), epsilon) for residuals, query, epsilon in cases]


def estimate_by_signs(residuals, query, epsilon):
    """Estimate inner products by signs (Gao & Long 2024), as `sign_codes`, `estimate` and `error_bound` do.

    Parameters
    ----------
    residuals : float32 array (n, D)
        Rotated already; D at least 2.
    query : float32 array (D,)
        Rotated as well.
    epsilon : float

    Returns
    -------
    estimates, bounds : float32 arrays (n,)

    Examples
    --------
    >>> estimate_by_signs(np.float32([[3, -1]]), np.float32([3, -1]), 1.9)[0]
    array([10.], dtype=float32)
    """
    signs = np.where(residuals > 0, 1, -1).astype(np.float32)
    squares, along = (residuals**2).sum(axis=1), np.abs(residuals).sum(axis=1)
    scales = squares / np.where(along > 0, along, 1)
    dims = residuals.shape[1]
    missing = np.maximum(scales**2 * dims - squares, 0)  # |scale * signs - residual|²
    bounds = epsilon * np.linalg.norm(query) * np.sqrt(missing / (dims - 1))
    return (scales * (signs @ query)).astype(np.float32), bounds.astype(np.float32)


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _by(scale=None, sign=lambda rows: np.where(rows > 0, 1, -1), ask=lambda query: query, bound=None):
    """Estimate with another scale, other signs or another query; or bound in another way."""

    def estimated(residuals, query, epsilon):
        bounds = estimate_by_signs(residuals, query, epsilon)[1]
        signs = sign(residuals)
        scales = _right_scale(residuals) if scale is None else scale(residuals)
        found = (scales * (signs @ ask(query))).astype(np.float32)
        if bound is not None:
            bounds = bound(residuals, query, epsilon, bounds)
        return found, np.asarray(bounds, np.float32)

    return estimated


def _right_scale(rows):
    along = np.abs(rows).sum(axis=1)
    return (rows**2).sum(axis=1) / np.where(along > 0, along, 1)


def _no_scale(rows):
    return np.ones(len(rows))


def _length_only(rows):
    return np.linalg.norm(rows, axis=1) / np.sqrt(rows.shape[1])


def _mean_size(rows):
    return np.abs(rows).mean(axis=1)


def _nan(rows):
    return (rows**2).sum(axis=1) / np.abs(rows).sum(axis=1)


def _signs_of(query):
    return np.where(query > 0, 1, -1)


def _worst_case(rows, query, epsilon, bounds):
    return bounds * np.sqrt(rows.shape[1] - 1)


def _query_of_length_one(rows, query, epsilon, bounds):
    return bounds / max(np.linalg.norm(query), 1e-9)


def _squared(rows, query, epsilon, bounds):
    return bounds**2 / max(epsilon * np.linalg.norm(query), 1e-9)


EXERCISES = (
    Exercise(
        name="estimate_by_signs",
        chapter="16_scale",
        task="RaBitQ's estimate. residuals is float32 (n, D), query float32 (D,), both rotated at random "
        "already; epsilon is a float. Of a residual r only its signs s are kept, +1 where it is above 0, "
        "-1 elsewhere, and two numbers. The estimate of query * r is t (query * s), with the t for which "
        "it is right if the query is r itself (0 for a residual of zeros). Its bound is epsilon |query| "
        "|t s - r| / root(D - 1). Return estimates and bounds, float32 (n,) each.",
        reference="embedlab.study.exercises.scale_signs:estimate_by_signs",
        cases=_estimates,
        hints=(
            "The estimate for the query r is t (r * s), and should be r * r. What is r * s?",
            "r * s is the sum of |r|: t = r * r / sum of |r|. Mind a residual of zeros.",
            "t s - r stands at a right angle to r, so |t s - r|² = t² D - r * r; rounding may make it "
            "negative.",
        ),
        mistakes=(
            Mistake(
                "signs not scaled",
                "Signs know nothing of how long r is: without t, all residuals seem to be equally long.",
                _by(_no_scale),
            ),
            Mistake(
                "scaled to the length of r",
                "|r| / root(D) s is as long as r, but points elsewhere: its product with r is less than r "
                "* r, and every estimate comes out too near 0. Divide by how much s has of r's direction.",
                _by(_length_only),
            ),
            Mistake(
                "scaled by the mean size",
                "The mean of |r| makes t s lie nearest to r, but too short: estimates are too near 0 on "
                "average. Wanted is right on average, not nearest.",
                _by(_mean_size),
            ),
            Mistake(
                "NaN for a residual of zeros",
                "A vector that is the centroid leaves nothing: 0 / 0. Its estimate is 0.",
                _by(_nan),
            ),
            Mistake(
                "no sign for zero",
                "A bit has no third value: np.sign gives 0 there, the code has to say -1.",
                _by(sign=np.sign),
            ),
            Mistake(
                "signs of the query as well",
                "The query is rounded to a few bits at most, not to one: use its numbers.",
                _by(ask=_signs_of),
            ),
            Mistake(
                "the worst case as bound",
                "|t s - r| is what it costs if the query points exactly there. After a random rotation it "
                "says 1 / root(D - 1) of that.",
                _by(bound=_worst_case),
            ),
            Mistake(
                "bound for a query of length 1",
                "An error of the code is multiplied by the query: a longer one is off by more.",
                _by(bound=_query_of_length_one),
            ),
            Mistake(
                "bound without the root",
                "|t s - r|² / (D - 1) is a variance. The bound is in the unit of the estimate: take the "
                "root.",
                _by(bound=_squared),
            ),
        ),
        follow_up="With epsilon 1.9 some estimates lie beyond their bound. How many, and what does it "
        "cost the result if the bound decides which vectors are scored exactly?",
    ),
)
