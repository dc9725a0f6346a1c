"""Exercises of chapter 17: a percentile from a histogram."""

import math
from itertools import accumulate

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _histograms(rng: np.random.Generator) -> list[tuple]:
    """List (q, bounds, counts): nothing, one bucket, all beyond, empty ones between; then drawn ones."""
    cases = [
        (0.5, [1.0], [0, 0]),
        (0.5, [1.0], [4, 4]),
        (1.0, [1.0], [4, 4]),
        (0.25, [2.0], [3, 3]),
        (0.5, [1.0], [0, 4]),
        (0.75, [1.0], [2, 4]),
        (0.5, [1.0, 2.0], [0, 0, 0]),
        (0.5, [1.0, 2.0], [0, 4, 4]),
        (0.5, [1.0, 2.0], [2, 2, 4]),
        (0.75, [1.0, 2.0], [2, 4, 4]),
        (1.0, [0.5, 2.0], [2, 6, 8]),
        (0.5, [0.1, 0.2, 0.8], [2, 6, 16, 16]),
        (0.95, [0.1, 0.2, 0.4], [50, 90, 100, 100]),
        (0.99, [0.1, 0.2, 0.4], [50, 90, 95, 100]),
        (0.5, [0.1, 0.2, 0.4, 1.6], [0, 1, 1, 9, 12]),
    ]
    for n in (2, 3, 4, 5, 6, 8):
        bounds = np.cumsum(rng.integers(1, 9, n)) / 16
        counts = np.cumsum(rng.integers(0, 40, n + 1))
        cases.append((float(rng.choice([0.25, 0.5, 0.75, 0.9])), bounds.tolist(), counts.tolist()))
    return cases


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _by(
    value=lambda low, high, share: low + (high - low) * share,
    share=lambda rank, below, count: (rank - below) / (count - below),
    beyond=lambda bounds: bounds[-1],
    nothing=math.nan,
):
    """Estimate the quantile, with one part in another way."""

    def quantile(q, bounds, counts):
        if counts[-1] == 0:
            return nothing
        rank, below, low = q * counts[-1], 0, 0.0
        for high, count in zip(bounds, counts, strict=False):
            if count >= rank:
                return value(low, high, share(rank, below, count))
            low, below = high, count
        return beyond(bounds)

    return quantile


def _not_cumulative(q, bounds, counts):
    return _by()(q, bounds, list(accumulate(counts)))


def _beyond_forgotten(q, bounds, counts):
    return _by()(q, bounds, [*counts[:-1], counts[-2]])


EXERCISES = (
    Exercise(
        name="histogram_quantile",
        chapter="17_serving",
        task="Estimate a quantile from a histogram, as Prometheus does. q is a float above 0, at most 1. "
        "bounds is a list of float: the upper bounds of the buckets, ascending, above 0. counts is a list "
        "of int, one longer: the observations at or below each bound, cumulative; the last is all of them. "
        "Find the first bucket whose count reaches q x all. Return a float, interpolated linearly between "
        "its bounds (the first begins at 0); the highest bound if it lies beyond; NaN if nothing was "
        "observed.",
        reference="embedlab.serving:histogram_quantile",
        cases=_histograms,
        hints=(
            "rank = q x all observations. Which is the first count that is at least the rank?",
            "Of this bucket you need four numbers: both bounds, its count and the one before it.",
            "low + (high - low) x (rank - count before) / (count - count before)",
        ),
        mistakes=(
            Mistake(
                "the upper bound",
                "The rank lies somewhere within the bucket: interpolate between its bounds.",
                _by(lambda low, high, share: high),
            ),
            Mistake(
                "the middle of the bucket",
                "The place within the bucket depends on the rank: interpolate, do not halve.",
                _by(lambda low, high, share: (low + high) / 2),
            ),
            Mistake(
                "from 0 in each bucket",
                "Begin at the lower bound of the bucket, which is the bound before it; only the first begins "
                "at 0.",
                _by(lambda low, high, share: high * share),
            ),
            Mistake(
                "count before not subtracted",
                "The counts are cumulative: take what lies below the bucket from the rank and from its "
                "count.",
                _by(share=lambda rank, below, count: rank / count),
            ),
            Mistake(
                "summed once more",
                "The counts are cumulative already, and the last is all: do not add them up.",
                _not_cumulative,
            ),
            Mistake(
                "infinity beyond the last bound",
                "The last bucket has no upper bound. Prometheus gives the highest bound that there is.",
                _by(beyond=lambda bounds: math.inf),
            ),
            Mistake(
                "what lies beyond forgotten",
                "The rank is a share of all observations, also of those above the highest bound: counts[-1].",
                _beyond_forgotten,
            ),
            Mistake(
                "0 where nothing was observed",
                "0 ms would look like a very fast server on the dashboard. Nothing observed is NaN.",
                _by(nothing=0.0),
            ),
        ),
        follow_up="Your promise is 95 % within 100 ms. Which bound must the histogram have, so that no "
        "interpolation is needed? And how do you get the 99th percentile over ten replicas?",
    ),
)
