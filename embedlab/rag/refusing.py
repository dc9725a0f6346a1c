"""When to refuse: how many answers are wrong, the more of the questions are answered.

A system that may refuse has two figures. *Coverage* is the share of questions that it answers; *risk* is the
share of wrong ones among the answers that it gives. A threshold on a score trades one for the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

Floats = NDArray[np.float64]


def risk_coverage(scores: Sequence[float], right: Sequence[bool]) -> tuple[Floats, Floats]:
    """Return the curve of risk against coverage, from the surest answers to all.

    Equal scores are one step: no threshold can tell them apart.

    Parameters
    ----------
    scores : sequence of n float
        How sure the system is of each answer, on any scale; larger is surer. ``-inf`` comes last.
    right : sequence of n bool
        Whether the answer would be right. For a question that should be refused, no answer is.

    Returns
    -------
    coverage, risk : arrays (t,)
        A point for each of the t distinct scores, as threshold, the highest first. The last has coverage 1.

    Raises
    ------
    ValueError
        If the two differ in length or are empty, a score is NaN, or a verdict is neither True nor False.

    References
    ----------
    El-Yaniv and Wiener 2010, On the Foundations of Noise-free Selective Classification.

    Examples
    --------
    >>> coverage, risk = risk_coverage([0.9, 0.8, 0.8, 0.1], [True, True, False, False])
    >>> coverage.tolist(), risk.round(2).tolist()
    ([0.25, 0.75, 1.0], [0.0, 0.33, 0.5])
    """
    _, coverage, risk = _steps(scores, right)
    return coverage, risk


def aurc(scores: Sequence[float], right: Sequence[bool]) -> float:
    """Return the area under the curve of risk against coverage, 0 to 1; smaller is better.

    Without ties it is the mean of the risks at 1, 2, ... n answers (Geifman et al. 2019). Scores that say
    nothing give the share of wrong answers, on average. So the area mixes two things: how often the
    system is right, and whether it knows when. Compare it between scores of the *same* answers.

    Parameters
    ----------
    scores, right : sequences of n
        See `risk_coverage`, also for what is raised.

    References
    ----------
    Geifman, Uziel and El-Yaniv 2019, Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers.

    Examples
    --------
    >>> right = [True, True, False, False]
    >>> round(aurc([4, 3, 2, 1], right), 3), aurc([0, 0, 0, 0], right)  # (0 + 0 + 1/3 + 1/2) / 4
    (0.208, 0.5)
    """
    _, coverage, risk = _steps(scores, right)
    return float((risk * np.diff(coverage, prepend=0)).sum())


def threshold_for(scores: Sequence[float], right: Sequence[bool], risk: float) -> float:
    """Return the lowest threshold whose risk is at most so much: it answers the most questions.

    The curve goes up and down, so a threshold above may have more risk. Choose on dev. The risk on new
    questions is higher on average, as the threshold was picked for being low here: measure it on test, and
    give `risk_bound`.

    Parameters
    ----------
    scores, right : sequences of n
        See `risk_coverage`.
    risk : float, 0 to 1
        Share of wrong answers among those given.

    Returns
    -------
    float
        Answer where the score is at least this; ``inf`` (refuse all) if no threshold has so little risk.

    Raises
    ------
    ValueError
        If the risk is not between 0 and 1, and as `risk_coverage`.

    Examples
    --------
    >>> right = [True, True, True, False, True, True, False, True, False, False]
    >>> threshold_for(range(10, 0, -1), right, risk=0.2)  # six answers, one of them wrong
    5.0
    """
    if not 0 <= risk <= 1:
        raise ValueError(f"risk must be between 0 and 1, but is {risk}")
    thresholds, _, risks = _steps(scores, right)
    allowed = np.flatnonzero(risks <= risk)
    return float(thresholds[allowed[-1]]) if len(allowed) else float("inf")


def risk_bound(wrong: int, answered: int, confidence: float = 0.95) -> float:
    """Return the largest risk that so few wrong answers are still compatible with.

    The exact upper bound: at this risk, so few wrong ones or fewer come up with a chance of 1 - confidence.
    It holds if the threshold was chosen on other questions. No wrong answer does not mean no risk: the bound
    is then about 3 / answered.

    Parameters
    ----------
    wrong, answered : int
    confidence : float
        One-sided, above 0 and below 1.

    Returns
    -------
    float
        From 0 to 1; 1 if nothing was answered, as then nothing is known.

    Raises
    ------
    ValueError
        If there are more wrong answers than answers, a count is negative or no whole number, or the
        confidence is not between 0 and 1.

    References
    ----------
    Clopper and Pearson 1934, The Use of Confidence or Fiducial Limits.

    Examples
    --------
    >>> round(risk_bound(0, 60), 3), round(risk_bound(3, 60), 3)
    (0.049, 0.124)
    """
    if not 0 <= wrong <= answered or wrong % 1 or answered % 1:
        raise ValueError(f"wrong must be a count from 0 to the {answered} answered, but is {wrong}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be above 0 and below 1, but is {confidence}")
    return float(beta.ppf(confidence, wrong + 1, answered - wrong)) if wrong < answered else 1.0


def _steps(scores: Sequence[float], right: Sequence[bool]) -> tuple[Floats, Floats, Floats]:
    """Return thresholds, coverage and risk, (t,) each, the highest threshold first."""
    scores, verdicts = np.asarray(scores, float), np.asarray(right)
    if scores.shape != verdicts.shape or scores.ndim != 1 or not len(scores):
        raise ValueError(f"need a verdict for each score, but got {verdicts.size} for {scores.size}")
    if np.isnan(scores).any():
        raise ValueError(f"score {np.flatnonzero(np.isnan(scores))[0]} (from 0) is NaN")
    for bad in np.flatnonzero(~np.isin(verdicts, (0, 1)))[:1]:
        raise ValueError(f"right[{bad}] must be True or False, but is {right[bad]!r}")
    thresholds, step, size = np.unique(scores, return_inverse=True, return_counts=True)  # ascending
    answered = size[::-1].cumsum()
    wrong = np.bincount(step, weights=verdicts == 0)[::-1].cumsum()
    return thresholds[::-1], answered / len(scores), wrong / answered
