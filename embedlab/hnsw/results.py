"""From what a walk found to results: scored with the float vectors, equal vectors told apart."""

from collections import namedtuple

import numpy as np

from embedlab.machine import LAST, compiled, dot, number_of, order_key, pack, place_in_beam, prefetch

# scale: what one step of the codes stands for, 0 for a walk on floats
# longest: the length of a vector, at most
Codes = namedtuple("Codes", "scale longest")

SURE = 4.0  # standard errors: that an error is larger has a chance of at most exp(-SURE ** 2 / 2) = 0.0003
AHEAD = 3  # rows asked of the memory before they are scored


@compiled(fastmath=True)
def extent(query):
    """Return the largest magnitude in a query, and its length."""
    largest, squares = np.float32(0), np.float32(0)
    for x in query:
        largest = max(largest, abs(x))
        squares += x * x
    return largest, np.sqrt(squares)


@compiled()
def step_and_error(codes, query):
    """Return what 1 in a product of codes stands for, and the standard error of a product.

    Rounding to steps of s leaves an error in each number that is spread evenly over -s/2 to s/2, with a
    variance of s^2 / 12. For a vector x in steps of s and a query q in steps of t, the errors of the product
    add up to a variance of (s^2 |q|^2 + t^2 |x|^2) / 12. Sums of such errors exceed z standard errors no more
    often than exp(-z^2 / 2): they are strictly sub-Gaussian (Arbel et al. 2019, arXiv:1901.09188).

    Examples
    --------
    >>> step, error = step_and_error(Codes(0.01, 1.0), np.array([1.27, 0, 0, 0], np.float32))
    >>> round(step, 6), round(error, 6)
    (0.0001, 0.004666)
    """
    largest, length = extent(query)
    step = largest / 127
    return codes.scale * step, np.sqrt(((codes.scale * length) ** 2 + (step * codes.longest) ** 2) / 12)


@compiled()
def pick(vectors, queries, found, twins, allowed, codes, scores, ids):
    """Score what was found with the float vectors, and keep the k best; of equal scores the earlier vector.

    Of equal vectors the walk found one. Where it compared codes, each may stand some places off; it ends at
    the first whose code is so far below the k-th score that an error of `SURE` standard errors, or twice the
    largest error seen until there, could not lift it over that: on 30,000 grown vectors, 11 are scored
    for the best 10, of a beam of 28 or of 160.

    Returns
    -------
    int
        How many were scored.
    """
    k, scored = scores.shape[1], 0
    best = np.empty(k, np.int64)
    for q in range(len(queries)):
        size = 0
        for j in range(min(AHEAD, found.shape[1])):
            if found[q, j] != -1:
                prefetch(vectors, number_of(found[q, j]))
        step, error = step_and_error(codes, queries[q])
        margin = SURE * error
        for j in range(found.shape[1]):
            if found[q, j] == -1:
                break
            estimate = -step * (found[q, j] >> 32)
            most = order_key(np.float32(estimate + margin))
            if codes.scale > 0 and size == k and most > best[k - 1] >> 32:
                break
            if j + AHEAD < found.shape[1] and found[q, j + AHEAD] != -1:
                prefetch(vectors, number_of(found[q, j + AHEAD]))
            i = first = number_of(found[q, j])
            equal = 0
            while True:
                if allowed[i]:
                    score = dot(vectors, i, queries[q])
                    margin = max(margin, 2 * abs(score - estimate))
                    equal, scored = equal + 1, scored + 1
                    size, _ = place_in_beam(best, size, pack(score, LAST - i))
                i = twins[i]
                if i == first or equal == k:
                    break
        for j in range(size):
            ids[q, j] = LAST - number_of(best[j])
            scores[q, j] = dot(vectors, ids[q, j], queries[q])
    return scored
