"""Exercises of chapter 20: are two samples of vectors of one distribution?"""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake, lazily

mmd2 = lazily("embedlab.drift:mmd2")
squared_distances = lazily("embedlab.drift:squared_distances")


def _samples(rng: np.random.Generator) -> list[tuple]:
    """List (x, y, gamma): two of each, unequal sizes, equal samples, repeats, far apart; then drawn ones."""
    two = np.array([[0.0, 0.0], [1.0, 0.0]])
    cases = [(two, two + 1, 1.0), (two, two, 0.5), (two, np.array([[0.0, 1.0], [2.0, 0.0], [3.0, 1.0]]), 0.5)]
    cases += [(np.zeros((3, 2)), two, 0.25), (two, two + 100, 1.0)]
    for n, m, d in ((2, 5, 1), (3, 2, 4), (4, 3, 2), (7, 9, 3), (6, 6, 8)):
        x, y = rng.normal(size=(n, d)), rng.normal(size=(m, d)) + 0.5
        cases.append((x.round(2), y.round(2), float(rng.integers(1, 8) / 8)))
    return cases


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _kernel(x, y, gamma, power=1.0):
    return np.exp(-gamma * squared_distances(x, y) ** power)


def _off(kernel):
    n = len(kernel)
    return (kernel.sum() - np.trace(kernel)) / (n * (n - 1))


def _biased(x, y, gamma):
    return _kernel(x, x, gamma).mean() + _kernel(y, y, gamma).mean() - 2 * _kernel(x, y, gamma).mean()


def _wrong_divisor(x, y, gamma):
    parts = [_kernel(z, z, gamma) for z in (x, y)]
    within = sum((part.sum() - np.trace(part)) / len(part) ** 2 for part in parts)
    return within - 2 * _kernel(x, y, gamma).mean()


def _across_once(x, y, gamma):
    return _off(_kernel(x, x, gamma)) + _off(_kernel(y, y, gamma)) - _kernel(x, y, gamma).mean()


def _root(x, y, gamma):
    parts = [_off(_kernel(z, z, gamma, 0.5)) for z in (x, y)]
    return sum(parts) - 2 * _kernel(x, y, gamma, 0.5).mean()


EXERCISES = (
    Exercise(
        name="mmd2",
        chapter="20_drift",
        task="Compare two samples of vectors by the unbiased estimate of the squared maximum mean "
        "discrepancy. x is a float array (n, d), y (m, d), at least 2 rows each; gamma is a float. The "
        "kernel of two vectors is exp(-gamma * squared Euclidean distance). Return, as a float, its mean "
        "over all pairs of two different rows of x, plus the same of y, less twice its mean over all pairs "
        "of a row of x and a row of y.",
        reference="embedlab.drift:mmd2",
        cases=_samples,
        hints=(
            "Three matrices of kernels: x with x, y with y, x with y. Which entries of the first two go?",
            "A row with itself gives 1 whatever the sample is: leave the diagonal out, of sum and of count.",
            "(kernel.sum() - n) / (n * (n - 1)) for each sample, and minus 2 times the mean across.",
        ),
        mistakes=(
            Mistake(
                "rows paired with themselves",
                "A row with itself adds a 1 that says nothing: even without a shift the result is above 0, "
                "the more so the smaller the window is. Leave the diagonal out.",
                _biased,
            ),
            Mistake(
                "divided by all pairs",
                "Without the diagonal there are n (n - 1) pairs, not n squared.",
                _wrong_divisor,
            ),
            Mistake(
                "across counted once",
                "It is a squared distance of two means, a² + b² - 2ab: the pairs across count twice.",
                _across_once,
            ),
            Mistake(
                "negative cut off",
                "An unbiased estimate is below 0 half of the time when nothing has shifted. Cut off, quiet "
                "windows no longer average 0.",
                lambda x, y, gamma: max(0.0, mmd2(x, y, gamma)),
            ),
            Mistake("distance not squared", "The kernel takes the squared distance.", _root),
            Mistake(
                "root taken",
                "The root is not asked for: of a negative estimate there is none.",
                lambda x, y, gamma: float(np.sqrt(abs(mmd2(x, y, gamma)))),
            ),
        ),
        follow_up="With a linear kernel x·y, what does it compare, and what becomes invisible? How does it "
        "grow with the window, and what would you do with a million queries a day?",
    ),
)
