"""What a search tells Prometheus about its quality: canaries, recall, shift, what is not done yet."""

from __future__ import annotations

from collections.abc import Sequence

from embedlab.machine import needs
from embedlab.serving import latency_buckets

SLO = 0.99  # of the canary checks find their document among the first ten


class QualityMetrics:
    """The figures of one search, in a registry of its own.

    What can be counted is a counter: a gauge of "share failed" cannot be averaged over two servers or over an
    hour, two counters can.

    Examples
    --------
    >>> metrics = QualityMetrics()
    >>> metrics.canaries([True, True, False], ndcg=0.61, cosine=1.0, now=1000.0)
    >>> lines = metrics.text()[0].decode().splitlines()
    >>> [line for line in lines if line.startswith("embedlab_canary_failed_total")]
    ['embedlab_canary_failed_total 1.0']
    """

    def __init__(self):
        prometheus = needs("prometheus_client")
        self.registry = prometheus.CollectorRegistry()
        own = {"namespace": "embedlab", "registry": self.registry}
        counter, gauge = prometheus.Counter, prometheus.Gauge
        self.checks = counter("canary_checks", "Canary queries asked", **own)
        self.failed = counter("canary_failed", "Of them, without their document among the first ten", **own)
        self.ndcg = gauge("canary_ndcg", "nDCG@10 of the last round of canaries", **own)
        self.cosine = gauge("canary_cosine", "Lowest cosine of fixed texts with their stored vectors", **own)
        self.recall = gauge("ann_recall", "recall@10 of the index against exact search, on a sample", **own)
        self.psi = gauge("query_psi", "Population stability index of the first score, 300 queries", **own)
        self.searches = counter("searches", "Searches answered", **own)
        self.empty = counter("searches_empty", "Of them, without a result above the floor", **own)
        self.seconds = prometheus.Histogram(
            "search_seconds", "From question to answer", buckets=latency_buckets(), **own
        )
        self.backlog = gauge("reembedding_backlog", "Documents whose newest version the index lacks", **own)
        self.built = gauge("index_built_timestamp_seconds", "When the index was built", **own)
        self.last_run = gauge(
            "monitor_last_run_timestamp_seconds", "When a monitor last finished", ["monitor"], **own
        )

    def canaries(self, found: Sequence[bool], *, ndcg: float, cosine: float, now: float) -> None:
        """Count a round of canaries: of each, whether its document was found."""
        self.checks.inc(len(found))
        self.failed.inc(len(found) - sum(found))
        self.ndcg.set(ndcg)
        self.cosine.set(cosine)
        self.last_run.labels("canary").set(now)

    def sampled(self, *, recall: float, psi: float, now: float) -> None:
        """Set what the hourly look at a sample of queries found."""
        self.recall.set(recall)
        self.psi.set(psi)
        self.last_run.labels("sample").set(now)

    def searched(self, seconds: float, best: float, floor: float) -> None:
        """Count a search: how long it took, and whether its best score reached the floor."""
        self.searches.inc()
        self.seconds.observe(seconds)
        if best < floor:
            self.empty.inc()

    def index(self, *, built: float, backlog: int) -> None:
        """Set when the index was built, and how many documents it lacks the newest version of.

        That is a count of source minus index: an edit that got lost waits in no queue.
        """
        self.built.set(built)
        self.backlog.set(backlog)

    def text(self) -> tuple[bytes, str]:
        """Return what ``GET /metrics`` answers, and its media type."""
        prometheus = needs("prometheus_client")
        return prometheus.generate_latest(self.registry), prometheus.CONTENT_TYPE_LATEST
