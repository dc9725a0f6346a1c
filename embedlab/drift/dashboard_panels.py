"""What the dashboard shows: of each panel the line, the limit, when its alert fires, and words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from embedlab.drift.burn_rates import burn_rate, burning, held, kept_firing
from embedlab.drift.clicks import Bools, Reals
from embedlab.drift.month import STEP, STEPS_A_DAY, Month
from embedlab.drift.watching import SLO
from embedlab.serving import SLO_S, latency_buckets

HOUR = STEPS_A_DAY // 24
BUSY_A_STEP = 0.05 * 60 * STEP  # searches: below, a share of them says nothing


@dataclass(frozen=True)
class Panel:
    """A line over the month, its limit, and words for whoever is woken by it."""

    title: str
    unit: str
    values: Reals
    limit: float
    worse: str  # "above" or "below" the limit
    top: float  # of the axis, which begins at 0, or at ``bottom``
    fires: Bools
    severity: str
    means: str
    do: str
    bottom: float = 0.0
    shown: str = "{:.2f}"


def rolling(values: Reals, steps: int) -> Reals:
    """Average over the last so many steps; steps without a value are left out, NaN where all are missing.

    Examples
    --------
    >>> rolling(np.array([1.0, 3.0, np.nan, np.nan, np.nan]), 2)
    array([ 1.,  2.,  3., nan, nan])
    """
    sums = []
    for counted in (np.nan_to_num(values), ~np.isnan(values)):
        total = np.concatenate([[0.0], np.cumsum(counted)])
        sums.append(total[1:] - total[np.maximum(np.arange(len(values)) + 1 - steps, 0)])
    return np.divide(sums[0], sums[1], out=np.full(len(values), np.nan), where=sums[1] > 0)


def percentile(month: Month, q: float = 0.95, steps: int = HOUR) -> Reals:
    """Return a percentile of the latency over the last hour, in seconds: linear within a bucket."""
    total = np.cumsum(month.buckets, axis=0)
    window = total - np.vstack([np.zeros((steps, total.shape[1]), int), total[:-steps]])
    cumulative = window.cumsum(axis=1)
    rank = q * cumulative[:, -1:]
    at = np.minimum((cumulative < rank).sum(axis=1), len(latency_buckets()) - 1)
    rows, bounds = np.arange(len(at)), np.array([0.0, *latency_buckets()])
    below = np.where(at > 0, cumulative[rows, at - 1], 0)
    share = (rank[:, 0] - below) / np.maximum(window[rows, at], 1)
    return bounds[at] + (bounds[at + 1] - bounds[at]) * np.clip(share, 0, 1)


def panels(month: Month) -> list[Panel]:
    """Make the panels of the page. The limits are those of alerts.yaml; a line is what its rule looks at."""
    of, hours = month.series, lambda n: n * HOUR
    failed, checks = np.nan_to_num(of["canary_failed"]), np.nan_to_num(of["canary_checks"])
    burn, alerts = burn_rate(failed, checks, HOUR, SLO), burning(failed, checks, SLO)
    silent = held(checks == 0, 9)
    recall, psi = rolling(of["ann_recall"], hours(6)), rolling(of["query_psi"], hours(6))
    empty = burn_rate(of["searches_empty"], of["searches"], 6, 0.5) / 2  # the share of the last half hour
    busy = rolling(of["searches"], 6) > BUSY_A_STEP
    slow, backlog = percentile(month), of["reembedding_backlog"]
    grows = backlog - np.concatenate([np.full(hours(6), backlog[0]), backlog[: -hours(6)]]) > 0
    cosine = of["canary_cosine"]
    return [
        Panel(
            "Canaries that fail",
            "times the budget of 1 %, last hour",
            burn,
            14.4,
            "above",
            20,
            kept_firing(alerts["page"], HOUR),
            "page",
            "Known queries do not find their known document: users feel that now.",
            "Stop re-embedding. Vectors changed as well? Roll the encoder back. Else: previous index.",
            shown="{:.1f}",
        ),
        Panel(
            "Vectors of fixed texts",
            "lowest cosine with what is stored for the model that answers",
            cosine,
            0.999,
            "below",
            1.0,
            held(np.nan_to_num(cosine, nan=1.0) < 0.999, 3),
            "page",
            "Same text, other vector: model, pooling, tokenizer or truncation changed on one side.",
            "Stop indexing before two spaces mix. Canaries fail, too? Roll back. Else measure first.",
            shown="{:.3f}",
        ),
        Panel(
            "Canary checks",
            "a step of 5 minutes",
            checks,
            1,
            "below",
            60,
            silent,
            "page",
            "No checks: quality is not measured. No data is not good news.",
            "Restart the job, run it by hand, look at what was missed.",
            shown="{:.0f}",
        ),
        Panel(
            "Canaries that fail, slowly",
            "times the budget, last 3 days",
            burn_rate(failed, checks, hours(72), SLO),
            1,
            "above",
            12,
            held(alerts["ticket"], 6),
            "ticket",
            "Too small to wake anybody, large enough to spend the month's budget.",
            "List the canaries that fail. Are their documents in the index?",
            shown="{:.1f}",
        ),
        Panel(
            "Re-embedding backlog",
            "documents",
            backlog,
            100,
            "above",
            640,
            held((backlog > 100) & grows, hours(2)),
            "ticket",
            "Changed documents that wait for a vector. Until then they are not found.",
            "Is the worker alive, is one job poisoned? (Chapter 18)",
            shown="{:.0f}",
        ),
        Panel(
            "Shift of the queries",
            "stability index of first scores, mean of 6 hours",
            psi,
            0.1,
            "above",
            1.0,
            held(psi > 0.1, hours(2)),
            "ticket",
            "Users ask otherwise than in the reference week. That is no fault.",
            "Read fifty of today's queries. New words need new canaries.",
        ),
        Panel(
            "Recall of the index",
            "recall@10 against exact search, mean of 6 hours",
            recall,
            0.95,
            "below",
            1.0,
            held(recall < 0.95, hours(2)),
            "ticket",
            "Does the graph find what an exact search over the same vectors finds?",
            "Raise ef_search for now; count deleted entries; rebuild.",
            bottom=0.8,
            shown="{:.3f}",
        ),
        Panel(
            "Empty answers",
            "% of searches, last half hour",
            100 * empty,
            5,
            "above",
            12,
            held((empty > 0.05) & busy, 3),
            "page",
            "Nothing above the floor: users ask for what is not there, or the space is wrong.",
            "Look at the canaries first.",
            shown="{:.1f}",
        ),
        Panel(
            "Latency",
            "milliseconds, p95 of the last hour",
            1000 * slow,
            1000 * SLO_S,
            "above",
            130,
            held((slow > SLO_S) & busy, 3),
            "page",
            "One search in twenty is slower than this. It says nothing about what was found.",
            "Shed load, then look at capacity. (Chapter 17)",
            shown="{:.0f}",
        ),
    ]
