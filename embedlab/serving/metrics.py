"""What a server tells Prometheus, and how far a percentile from a histogram can be trusted."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise

from embedlab.machine import needs
from embedlab.serving.batching import padding_waste

SLO_S = 0.1  # seconds: what the server promises for 95 of 100 requests


def latency_buckets(slo_s: float = SLO_S) -> tuple[float, ...]:
    """Choose the upper bounds of a latency histogram around the promise.

    One bound is the promise itself, so that the share of requests that keep it is counted and not
    interpolated. Beside it the bounds are dense, and further out each is about twice the one before.

    Examples
    --------
    >>> latency_buckets(0.1)
    (0.0125, 0.025, 0.05, 0.075, 0.1, 0.125, 0.15, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
    """
    return tuple(
        round(slo_s * factor, 6) for factor in (1 / 8, 1 / 4, 1 / 2, 3 / 4, 1, 5 / 4, 3 / 2)
    ) + tuple(round(slo_s * 2**power, 6) for power in range(1, 7))


def histogram_quantile(q: float, bounds: Sequence[float], counts: Sequence[int]) -> float:
    """Estimate a quantile from a histogram as Prometheus does: linearly within the bucket it falls into.

    Parameters
    ----------
    q : float
        Between 0 and 1.
    bounds : sequence of n float
        Upper bounds, ascending, without infinity.
    counts : sequence of n + 1 int
        Observations at or below each bound, cumulative; the last of all.

    Returns
    -------
    float
        The highest bound where the quantile lies above it; NaN where nothing was observed.

    Notes
    -----
    Source: Prometheus, querying functions, ``histogram_quantile``.

    Examples
    --------
    >>> histogram_quantile(0.95, [0.1, 0.2, 0.4], [50, 90, 100, 100])
    0.3
    """
    if not 0 <= q <= 1:
        raise ValueError(f"q must be between 0 and 1, but is {q}")
    rank = q * counts[-1]
    if counts[-1] == 0:
        return math.nan
    i = next(i for i, count in enumerate(counts) if count >= rank)
    if i == len(bounds):
        return bounds[-1]
    low, below = (bounds[i - 1], counts[i - 1]) if i else (0.0, 0)
    inside = counts[i] - below
    share = (rank - below) / inside if inside else 0.0
    return round(low + (bounds[i] - low) * share, 9)


def counted(values: Sequence[float], bounds: Sequence[float]) -> list[int]:
    """Count values into cumulative buckets, the last of them without a bound.

    Examples
    --------
    >>> counted([0.05, 0.1, 0.3, 9], [0.1, 0.2, 0.4])
    [2, 2, 3, 4]
    """
    totals = [0] * (len(bounds) + 1)
    for value in values:
        totals[bisect_left(bounds, value)] += 1
    for before, here in pairwise(range(len(totals))):
        totals[here] += totals[before]
    return totals


def quantile_error(values: Sequence[float], bounds: Sequence[float], q: float) -> dict[str, float]:
    """Compare the quantile that Prometheus would show with that of the values themselves.

    Within a bucket the values are taken to lie evenly, so the error may be as large as the bucket is wide.

    Parameters
    ----------
    values : sequence of float
        Such as latencies in seconds.
    bounds : sequence of float
    q : float

    Returns
    -------
    dict
        ``estimate``, ``true``, and ``error``, relative to the true one.

    Examples
    --------
    >>> quantile_error([0.11] * 100, [0.1, 1.0], 0.99)
    {'estimate': 0.991, 'true': 0.11, 'error': 8.0091}
    """
    true = sorted(values)[max(0, math.ceil(q * len(values)) - 1)]
    estimate = histogram_quantile(q, bounds, counted(values, bounds))
    return {"estimate": estimate, "true": true, "error": round(estimate / true - 1, 4)}


class Metrics:
    """The figures of one server, in a registry of its own, so that two servers can live in one process.

    Parameters
    ----------
    queued : callable
        Returns the texts that are in the server now.
    slo_s : float
        See `latency_buckets`.
    """

    def __init__(self, queued: Callable[[], int] = lambda: 0, slo_s: float = SLO_S):
        prometheus = needs("prometheus_client")
        self.registry = prometheus.CollectorRegistry()
        own = {"namespace": "embedlab", "registry": self.registry}
        self.seconds = prometheus.Histogram(
            "request_seconds",
            "From the request's arrival to its answer",
            ["route", "status"],
            buckets=latency_buckets(slo_s),
            **own,
        )
        self.stages = prometheus.Histogram(
            "stage_seconds",
            "Of a request: count its tokens; of a text: wait in the queue, run through the model",
            ["stage"],
            buckets=latency_buckets(slo_s),
            **own,
        )
        prometheus.ProcessCollector(registry=self.registry)  # CPU seconds and memory, on Linux
        sizes = tuple(2**power for power in range(9))
        self.batch_texts = prometheus.Histogram("batch_texts", "Texts of a batch", buckets=sizes, **own)
        shares = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7)
        self.padding = prometheus.Histogram(
            "batch_padding_ratio", "Share of a batch that is padding", buckets=shares, **own
        )
        self.tokens = prometheus.Counter("tokens", "Tokens embedded, padding not counted", **own)
        self.rejected = prometheus.Counter("rejected", "Requests that were refused", ["reason"], **own)
        prometheus.Gauge("texts_inside", "Texts waiting or worked on", **own).set_function(queued)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request; statuses by their class, since each value of a label is a series of its own.

        499, a client that left, stands apart: in an overload most do, and as a 4xx it would look like theirs.
        """
        label = "499" if status == 499 else f"{status // 100}xx"
        self.seconds.labels(route, label).observe(seconds)

    def stage(self, name: str, seconds: float) -> None:
        """Count what a stage of a request took: "count", "queue" or "run"."""
        self.stages.labels(name).observe(seconds)

    def refused(self, reason: str) -> None:
        """Count a request that was refused."""
        self.rejected.labels(reason).inc()

    def batch(self, groups: Sequence[Sequence[int]]) -> None:
        """Count a batch, given the tokens of each text, group by group."""
        lengths = [length for group in groups for length in group]
        places = iter(range(len(lengths)))
        waste = padding_waste(lengths, [[next(places) for _ in group] for group in groups])
        self.batch_texts.observe(len(lengths))
        self.padding.observe(waste)
        self.tokens.inc(sum(lengths))

    def text(self) -> tuple[bytes, str]:
        """Return what ``GET /metrics`` answers, and its media type."""
        prometheus = needs("prometheus_client")
        return prometheus.generate_latest(self.registry), prometheus.CONTENT_TYPE_LATEST
