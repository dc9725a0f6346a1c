"""Can a judge be trusted: its agreement with a person, its errors, and what the order of two answers does."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import bootstrap_interval

RESAMPLES = 10_000
BATCH = 100  # tables of resamples in memory at a time
UNDEFINED = 0.05  # share of resamples without a kappa, from which on an interval would mislead
VERDICTS = {"A": 1.0, "tie": 0.5, "B": 0.0}


def kappa(a: Sequence[Hashable], b: Sequence[Hashable]) -> float:
    """Return Cohen's kappa: agreement beyond chance, as a share of what was possible beyond chance.

    Chance is how often two would agree who draw labels at random, each with the shares it has here. 1 is
    full agreement, 0 is chance; below 0 they agree less often. A judge that always says *right* has 0,
    however many answers are right.

    Parameters
    ----------
    a, b : sequences of n labels
        Of the same items, by two judges; of any kind that can be a key of a dict.

    Raises
    ------
    ValueError
        If the two differ in length or are empty, or a label is NaN. If both gave one and the same label to
        all: chance alone then agrees always, and kappa is 0 / 0 (scikit-learn returns NaN).

    References
    ----------
    Cohen 1960, A Coefficient of Agreement for Nominal Scales.

    Examples
    --------
    >>> kappa(["right", "right", "wrong", "wrong"], ["right", "wrong", "wrong", "wrong"])
    0.5
    """
    return _kappa_and_table(a, b)[0]


def kappa_interval(a: Sequence[Hashable], b: Sequence[Hashable], seed: int = 0) -> tuple[float, float, float]:
    """Return `kappa` with its 95 % interval, by resampling items.

    `embedlab.benchmark.bootstrap_interval` takes a mean of one value for each item. Kappa is no such mean, so
    each resample gets a kappa of its own. To draw n items with replacement is to draw the counts of the table
    of both judges' labels, which is what is done here.

    Parameters
    ----------
    a, b : sequences of n labels
    seed : int

    Returns
    -------
    kappa, low, high : float
        A percentile interval; resamples in which kappa is undefined are left out. It is somewhat too narrow:
        where kappa is 0.59 and both call about 90 % *right*, it holds 0.59 in 91 % of samples of 60 items, in
        94 % of samples of 100. If one of the judges is constant, all three are 0.

    Raises
    ------
    ValueError
        As `kappa`, and if kappa is undefined in more than 5 % of the resamples: if fewer than about three
        items got another label than the commonest, by either judge.

    References
    ----------
    Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.

    Examples
    --------
    >>> person = ["right"] * 60 + ["wrong"] * 40
    >>> judge = ["right"] * 55 + ["wrong"] * 35 + ["right"] * 10
    >>> [round(value, 2) for value in kappa_interval(person, judge)]
    [0.68, 0.52, 0.82]
    """
    value, table = _kappa_and_table(a, b)
    n, rng = int(table.sum()), np.random.default_rng(seed)
    found = np.concatenate(
        [
            _kappas(rng.multinomial(n, table.ravel() / n, BATCH).reshape(BATCH, *table.shape))
            for _ in range(RESAMPLES // BATCH)
        ]
    )
    undefined = np.isnan(found).mean()
    if undefined > UNDEFINED:
        raise ValueError(
            f"kappa is undefined in {undefined:.0%} of the resamples, as nearly all of the {n} pairs are the "
            "same: add items that get other labels"
        )
    low, high = np.nanquantile(found, [0.025, 0.975])
    return value, float(low), float(high)


def corrected_rate(judged_rate: float, sensitivity: float, specificity: float) -> float:
    """Estimate the share of right answers from the share that an imperfect judge passes.

    This is the estimate without an interval. Its interval is that of the judged rate, divided by sensitivity
    + specificity - 1, and wider yet, as these two come from a sample that people graded.

    Parameters
    ----------
    judged_rate : float, 0 to 1
        Share of answers that the judge calls right.
    sensitivity, specificity : float, 0 to 1
        Share of the right answers that it calls right, and of the wrong ones that it calls wrong.

    Returns
    -------
    float
        Clipped to 0 to 1: with few answers, the judged rate may lie outside what the judge's errors allow.

    Raises
    ------
    ValueError
        If a rate is not between 0 and 1, or sensitivity + specificity is not above 1: the judge's verdicts
        then say nothing, or the opposite.

    References
    ----------
    Rogan and Gladen 1978, Estimating Prevalence from the Results of a Screening Test.

    Examples
    --------
    >>> round(corrected_rate(0.75, sensitivity=0.9, specificity=0.6), 3)
    0.7
    """
    rates = {"judged_rate": judged_rate, "sensitivity": sensitivity, "specificity": specificity}
    for name, rate in rates.items():
        if not 0 <= rate <= 1:
            raise ValueError(f"{name} must be between 0 and 1, but is {rate}")
    better_than_chance = sensitivity + specificity - 1
    if better_than_chance <= 0:
        raise ValueError(
            f"sensitivity + specificity must be above 1, but is {sensitivity + specificity}: "
            "such a judge is no better than chance"
        )
    return float(np.clip((judged_rate - (1 - specificity)) / better_than_chance, 0, 1))


@dataclass(frozen=True)
class PositionBias:
    """What a judge of pairs says when the order of the two answers is swapped.

    Attributes
    ----------
    pairs : int
    consistent : float
        Share of the pairs with the same verdict in both orders.
    first_place : float
        Of all verdicts but ties, the share that prefers the answer shown first. 0.5 is no bias, whichever
        answers are better, as each was first once; NaN if all are ties.
    win_rate : float
        Of A: the mean over pairs of both verdicts, a tie as half. A verdict that follows the place counts
        half, too.
    low, high : float
        95 % bootstrap interval of the win rate, over pairs. If it holds 0.5, neither is shown to be better.
    """

    pairs: int
    consistent: float
    first_place: float
    win_rate: float
    low: float
    high: float


def position_bias(first: Sequence[str], second: Sequence[str]) -> PositionBias:
    """Compare verdicts on the same pairs of answers in both orders.

    Parameters
    ----------
    first, second : sequences of n of {"A", "B", "tie"}
        Which answer is better, where A was shown first, and where it was shown second. "A" is an answer, not
        a place: it is the same system in both.

    Raises
    ------
    ValueError
        If the two differ in length or are empty, or a verdict is another.

    References
    ----------
    Zheng et al. 2023, Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena, section 3.4.

    Examples
    --------
    >>> found = position_bias(["A", "A", "A", "tie"], ["A", "B", "B", "tie"])
    >>> found.consistent, round(found.first_place, 2), found.win_rate
    (0.5, 0.83, 0.625)
    """
    if len(first) != len(second) or not len(first):
        raise ValueError(f"need verdicts in both orders, but got {len(first)} and {len(second)}")
    for verdict in [*first, *second]:
        if verdict not in VERDICTS:
            raise ValueError(f"a verdict must be one of {', '.join(VERDICTS)}, but is {verdict!r}")
    swapped = {"A": "B", "B": "A", "tie": "tie"}
    by_place = [*first, *(swapped[verdict] for verdict in second)]  # "A": what was shown first
    decided = [verdict == "A" for verdict in by_place if verdict != "tie"]
    wins = [(VERDICTS[one] + VERDICTS[two]) / 2 for one, two in zip(first, second, strict=True)]
    return PositionBias(
        len(first),
        float(np.mean([one == two for one, two in zip(first, second, strict=True)])),
        float(np.mean(decided)) if decided else float("nan"),
        *bootstrap_interval(wins),
    )


def _kappa_and_table(a: Sequence[Hashable], b: Sequence[Hashable]) -> tuple[float, NDArray[np.int64]]:
    """Return kappa and how often a gave the label of the row where b gave that of the column."""
    if len(a) != len(b) or not len(a):
        raise ValueError(f"need two labels for each item, but got {len(a)} and {len(b)}")
    for at, label in enumerate([*a, *b]):
        if label != label:
            raise ValueError(
                f"label {at % len(a)} (from 0) of {'ab'[at // len(a)]} is NaN: leave that item out"
            )
    place = {label: i for i, label in enumerate(dict.fromkeys([*a, *b]))}
    table = np.zeros((len(place), len(place)), int)
    for one, two in zip(a, b, strict=True):
        table[place[one], place[two]] += 1
    if len(place) == 1:
        raise ValueError(
            f"both gave {next(iter(place))!r} to all {len(a)} items: chance alone agrees always, and kappa "
            "is undefined; report the share they agree on, or add items that should get another label"
        )
    return float(_kappas(table)), table


def _kappas(tables: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the kappa of each table, (..., labels, labels) to (...); NaN where it is undefined."""
    n = tables.sum((-2, -1))
    agreed = n * np.trace(
        tables, axis1=-2, axis2=-1
    )  # whole numbers, n² times the shares: nothing is rounded
    chance = (tables.sum(-1) * tables.sum(-2)).sum(-1)
    undefined = chance == n**2
    return np.where(undefined, np.nan, (agreed - chance) / np.where(undefined, 1, n**2 - chance))
