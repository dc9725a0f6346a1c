"""How many searches until the better engine is found: real rankings, simulated clicks, two ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from embedlab.drift.clicks import CascadeModel, PositionModel, Reals, relevance
from embedlab.drift.engines import Engines
from embedlab.drift.experiments import needed, outcomes, wilson
from embedlab.drift.interleaving import credit, draft_pages

Model = PositionModel | CascadeModel


@dataclass(frozen=True)
class Pair:
    """A pool of independent searches by either way of comparing; the second engine's gain is positive.

    Parameters
    ----------
    credits : float64 array (n,)
        +1, 0 or -1 of interleaved pages, + for the second engine.
    first, second : {metric: float64 array (n,)}
        Outcomes of searches answered by one engine each, of queries drawn independently.
    """

    credits: Reals
    first: dict[str, Reals]
    second: dict[str, Reals]

    def effect(self, metric: str | None = None) -> tuple[float, float]:
        """Return the mean difference and the deviation of one observation; None: of interleaving."""
        if metric is None:
            return float(self.credits.mean()), float(self.credits.std())
        a, b = self.first[metric], self.second[metric]
        return float(b.mean() - a.mean()), float(np.sqrt((a.var() + b.var()) / 2))

    def searches(self, metric: str | None = None, power: float = 0.95) -> int:
        """Return how many searches in all find this difference with the given power (two-sided, 5 %)."""
        return needed(*self.effect(metric), power=power, groups=1 if metric is None else 2)


def interleaved_pool(
    engines: Engines, first: str, second: str, model: Model, n: int, rng: np.random.Generator
) -> Reals:
    """Draw n searches, answer each by a team draft, and credit: +1 for the second engine, float64 (n,)."""
    queries = rng.integers(engines.queries, size=n)
    pages, ours = draft_pages(engines.shown[second][queries], engines.shown[first][queries], rng)
    return credit(model.clicks(relevance(engines.truth, pages, queries), rng), ours).astype(float)


def ab_pool(engines: Engines, name: str, model: Model, n: int, rng: np.random.Generator) -> dict[str, Reals]:
    """Draw n searches that one engine answers: each metric's outcomes, float64 (n,)."""
    queries = rng.integers(engines.queries, size=n)
    relevant = relevance(engines.truth, engines.shown[name][queries], queries)
    return outcomes(model.clicks(relevant, rng))


def make_pair(
    engines: Engines, first: str, second: str, model: Model, *, n: int = 100_000, seed: int = 0
) -> Pair:
    """Draw both pools."""
    rng = np.random.default_rng(seed)
    return Pair(
        interleaved_pool(engines, first, second, model, n, rng),
        ab_pool(engines, first, model, n, rng),
        ab_pool(engines, second, model, n, rng),
    )


def power_curve(
    pair: Pair, searches: Sequence[int], *, metric: str | None = None, runs: int = 1000, seed: int = 0
) -> list[dict[str, float]]:
    """Simulate experiments of several sizes: how often is the second engine found to be the better one.

    Parameters
    ----------
    pair : Pair
    searches : sequence of int
        In all, of both groups together.
    metric : str, optional
        Of the A/B test; by default interleaving.
    runs : int
        Experiments of each size, drawn from the pool.

    Returns
    -------
    list of dict
        ``searches``, ``power`` with its Wilson interval ``low`` and ``high``; ``wrong``: how often the first
        engine was found to be better.
    """
    rng, bound, rows = np.random.default_rng(seed), norm.isf(0.025), []
    for total in searches:
        if metric is None:
            found = rng.choice(pair.credits, (runs, total))
            z = found.mean(axis=1) / np.maximum(found.std(axis=1, ddof=1), 1e-12) * np.sqrt(total)
        else:
            a, b = (rng.choice(of[metric], (runs, total // 2)) for of in (pair.first, pair.second))
            error = np.sqrt((a.var(axis=1, ddof=1) + b.var(axis=1, ddof=1)) / (total // 2))
            z = (b.mean(axis=1) - a.mean(axis=1)) / np.maximum(error, 1e-12)
        hits = int((z > bound).sum())
        low, high = wilson(hits, runs)
        wrong = float((z < -bound).mean())
        rows.append({"searches": total, "power": hits / runs, "low": low, "high": high, "wrong": wrong})
    return rows


def user_ratio(
    pair: Pair,
    metric: str,
    spread: float,
    clicking: float = 0.0,
    *,
    users: int = 100_000,
    mean: float = 5.0,
    seed: int = 0,
) -> dict[str, int]:
    """Ask how many times more users an A/B test needs, if users differ in how much they search and click.

    The A/B test compares a sum per user, such as clicks a month, as a business does, or the rate per search
    (clicks over searches of the whole group, with the delta method's variance: Deng, Knoblich and Lu 2018,
    KDD). Interleaving adds up the same user's credits.

    Parameters
    ----------
    pair : Pair
    metric : str
        Of the A/B test.
    spread : float
        Of the logarithm of how often a user searches, which is Poisson around a lognormal mean.
    clicking : float
        Standard deviation, over users, of the share of their searches in which the metric is not 0: a beta
        distribution around the pools' own share, without regard to how much a user searches. On interleaved
        pages, the share of searches that give a credit differs in proportion. 0: all click alike.
    users : int
        That are drawn, for each group.
    mean : float
        Searches of a user.

    Returns
    -------
    dict
        Users in all for 95 % power: ``draft sum`` and ``draft rate`` of a team draft, ``sum`` and ``rate`` of
        an A/B test.

    Raises
    ------
    ValueError
        If no beta distribution has that mean and that deviation.

    Examples
    --------
    >>> half = np.array([0.0, 1.0])
    >>> user_ratio(Pair(half, {"click": half}, {"click": half}), "click", 0.0, 0.5)
    Traceback (most recent call last):
    ValueError: a share of mean 0.50 cannot differ by 0.50: below 0.50
    """
    rng = np.random.default_rng(seed)
    searches = rng.poisson(mean * rng.lognormal(-(spread**2) / 2, spread, users))
    who = np.repeat(np.arange(users), searches)
    usual = np.mean([np.mean(of[metric] != 0) for of in (pair.first, pair.second)])

    def per_user(pool: Reals) -> Reals:
        share = np.mean(pool != 0)
        answers = rng.random(len(who)) < user_shares(share, clicking * share / usual, users, rng)[who]
        return np.bincount(who, answers * rng.choice(pool[pool != 0], len(who)), minlength=users)

    def about_rate(of: Reals) -> Reals:  # the delta method: what is left after the user's own searches
        return of - of.sum() / searches.sum() * searches

    drafts, gain = per_user(pair.credits), pair.effect(metric)[0]
    groups = [per_user(pair.first[metric]), per_user(pair.second[metric])]
    found = {}
    for way, change in (("sum", lambda of: of), ("rate", about_rate)):
        found[f"draft {way}"] = needed(mean * pair.credits.mean(), change(drafts).std())
        spread_of_two = np.sqrt(np.mean([change(of).var() for of in groups]))
        found[way] = needed(mean * gain, spread_of_two, groups=2)
    return found


def user_shares(mean: float, deviation: float, users: int, rng: np.random.Generator) -> Reals:
    """Draw each user's share of searches with a click, float64 (users,): beta, or all alike for deviation 0.

    Raises ValueError if the deviation is not below sqrt(mean (1 - mean)), which nothing in 0 to 1 exceeds.
    """
    if deviation == 0:
        return np.full(users, mean)
    most = np.sqrt(mean * (1 - mean))
    if deviation >= most:
        raise ValueError(f"a share of mean {mean:.2f} cannot differ by {deviation:.2f}: below {most:.2f}")
    total = (most / deviation) ** 2 - 1
    return rng.beta(mean * total, (1 - mean) * total, users)
