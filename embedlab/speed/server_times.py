"""Runs of a load against a server, pooled; and where a request's time went, by the server's ``/metrics``."""

from __future__ import annotations

import statistics
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from embedlab.machine import needs
from embedlab.serving import Answered, load_process

# What is read of /metrics: a sample's name, the value of its label, and what it is called here.
READ = {
    ("embedlab_stage_seconds_sum", "count"): "count",
    ("embedlab_stage_seconds_sum", "queue"): "queue",
    ("embedlab_stage_seconds_sum", "run"): "run",
    ("embedlab_request_seconds_sum", "/v1/embeddings"): "server",
    ("embedlab_request_seconds_count", "/v1/embeddings"): "requests",
    ("embedlab_batch_texts_sum", None): "texts",
    ("embedlab_batch_texts_count", None): "batches",
    ("process_cpu_seconds_total", None): "cpu",
}


def server_totals(url: str) -> Counter:
    """Read a server's ``/metrics``: seconds and counts since it started, summed up over statuses.

    Returns
    -------
    Counter
        With the names of `READ`; a name that the server does not report is 0.
    """
    needs("prometheus_client")
    from prometheus_client.parser import text_string_to_metric_families

    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    totals = Counter()
    for sample in (sample for family in families for sample in family.samples):
        label = sample.labels.get("route") or sample.labels.get("stage")
        if name := READ.get((sample.name, label)):
            totals[name] += sample.value
    return totals


def request_stages(totals: Mapping[str, float], latency_s: float) -> dict[str, float]:
    """Say where the time of a request with one text went, in milliseconds on average.

    Parameters
    ----------
    totals : {name of READ: seconds or count}
        Of the run: `server_totals` after it, less those before.
    latency_s : float
        Mean latency that the client saw.

    Returns
    -------
    dict
        ``count``, ``queue``, ``run``; ``rest``, what else is done in the server; ``outside``, what the client
        saw beyond; ``cpu``, processor time of the server; ``batch``, texts of a batch, no milliseconds.

    Examples
    --------
    >>> totals = {"count": 1, "queue": 2, "run": 4, "server": 8, "requests": 100, "cpu": 6}
    >>> request_stages(totals | {"texts": 100, "batches": 50}, 0.1)
    {'count': 10.0, 'queue': 20.0, 'run': 40.0, 'rest': 10.0, 'outside': 20.0, 'cpu': 60.0, 'batch': 2.0}
    """
    n = totals["requests"]
    ms = {name: 1000 * totals[name] / n for name in ("count", "queue", "run", "server", "cpu")}
    ms["rest"] = ms["server"] - ms["count"] - ms["queue"] - ms["run"]
    ms["outside"] = 1000 * latency_s - ms["server"]
    ms["batch"] = totals["texts"] / totals["batches"]
    return {name: round(ms[name], 3) for name in ("count", "queue", "run", "rest", "outside", "cpu", "batch")}


Run = tuple[Answered, Counter]


def one_run(url: str, plan: dict, model: str) -> Run:
    """Load a server from a process of its own; return the answers, and what it counted meanwhile."""
    before = server_totals(url)
    answered = load_process(url, plan, model)
    after = server_totals(url)
    return answered, Counter({name: after[name] - before[name] for name in after})


def summary(runs: Sequence[tuple]) -> dict:
    """Pool the runs of one server: each latency of each round counts once.

    Parameters
    ----------
    runs : sequence of (Answered, Counter) or (Answered, Counter, latencies on paper)

    Returns
    -------
    dict
        ``answered`` a second, ``requests``, percentiles, `request_stages`; ``rates`` and ``p95s``, of each
        round; ``late_ms``, how late the generator was at the p99, the worst round; ``simulated`` percentiles.
    """
    each = [run.summary() for run, *_ in runs]
    latency = np.concatenate([run.latency for run, *_ in runs])
    totals = sum((counted for _, counted, *_ in runs), Counter())
    pooled = {
        "answered": round(statistics.mean(one["answered"] for one in each), 2),
        "requests": len(latency),
        "ok": min(one["ok"] for one in each),
        **percentiles(latency),
        "rates": [one["answered"] for one in each],
        "p95s": [one["p95"] for one in each],
        "late_ms": max(one["late_ms"] for one in each),
        "stages": request_stages(totals, float(latency.mean())),
    }
    if len(runs[0]) == 3:
        paper = percentiles(np.concatenate([run[2] for run in runs]))
        pooled |= {f"simulated {key}": value for key, value in paper.items()}
    return pooled


def percentiles(latency: np.ndarray) -> dict[str, float]:
    """Return p50, p95 and p99 of seconds, in milliseconds.

    Examples
    --------
    >>> percentiles(np.array([0.01, 0.02, 0.03]))
    {'p50': 20.0, 'p95': 29.0, 'p99': 29.8}
    """
    found = np.percentile(1000 * latency, (50, 95, 99))
    return {f"p{q}": round(float(value), 2) for q, value in zip((50, 95, 99), found, strict=True)}
