"""Runs of a load against a server, summed up; and where a request's time went, by its ``/metrics``."""

from __future__ import annotations

import statistics
import time
import urllib.request
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from embedlab.machine import needs
from embedlab.serving import Answered, load_process
from embedlab.speed.cores import pinned, stolen_seconds

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


def one_run(url: str, plan: dict, model: str, cores: Collection[int] | None = None) -> Run:
    """Load a server from a process of its own, on some cores or on any.

    Returns
    -------
    Answered
    Counter
        What the server counted meanwhile, see `server_totals`; ``seconds`` that the run took, and ``stolen``,
        those that the host took from all cores.
    """
    before, stolen = server_totals(url), stolen_seconds()
    start = time.perf_counter()
    with pinned(cores):
        answered = load_process(url, plan, model)
    after = server_totals(url)
    counted = Counter({name: after[name] - before[name] for name in after})
    return answered, counted | Counter(seconds=time.perf_counter() - start, stolen=stolen_seconds() - stolen)


def run_row(answered: Answered, counted: Mapping[str, float]) -> dict[str, float]:
    """Return the figures of one run: `Answered.summary`, and who used how many cores on average.

    ``server`` and ``generator`` are cores that each of them kept busy; ``stolen`` those that were not there.

    Examples
    --------
    >>> times = np.array([0.0, 1.0])
    >>> run = Answered(times, times, times + 1.0, np.array([200, 200]), cpu=0.5)
    >>> row = run_row(run, {"cpu": 1.5, "seconds": 2.5, "stolen": 0.25})
    >>> row["server"], row["generator"], row["stolen"]
    (0.75, 0.25, 0.1)
    """
    span = float(answered.done.max())
    cores = {"server": counted["cpu"] / span, "generator": answered.cpu / span}
    cores["stolen"] = counted["stolen"] / counted["seconds"]
    return answered.summary() | {name: round(value, 3) for name, value in cores.items()}


def summary(runs: Sequence[tuple]) -> dict:
    """Sum up the runs of one server under one load: medians over the runs, and each run by itself.

    Parameters
    ----------
    runs : sequence of (Answered, Counter) or (Answered, Counter, latencies on paper)

    Returns
    -------
    dict
        ``requests`` of all runs, ``ok`` of the worst; medians over the runs of ``answered`` a second and of
        their percentiles; ``runs``, a `run_row` each; ``stages``, the mean `request_stages` of all requests;
        ``simulated`` percentiles, medians over the runs.
    """
    rows = [run_row(run, counted) for run, counted, *_ in runs]
    latency = np.concatenate([run.latency for run, *_ in runs])
    totals = sum((counted for _, counted, *_ in runs), Counter())
    summed = {"requests": len(latency), "ok": min(row["ok"] for row in rows)}
    summed |= {key: statistics.median(row[key] for row in rows) for key in ("answered", "p50", "p95", "p99")}
    summed |= {"runs": rows, "stages": request_stages(totals, float(latency.mean()))}
    if len(runs[0]) == 3:
        paper = [percentiles(run[2]) for run in runs]
        summed |= {f"simulated {key}": statistics.median(one[key] for one in paper) for key in paper[0]}
    return summed


def percentiles(latency: np.ndarray) -> dict[str, float]:
    """Return p50, p95 and p99 of seconds, in milliseconds.

    Examples
    --------
    >>> percentiles(np.array([0.01, 0.02, 0.03]))
    {'p50': 20.0, 'p95': 29.0, 'p99': 29.8}
    """
    found = np.percentile(1000 * latency, (50, 95, 99))
    return {f"p{q}": round(float(value), 2) for q, value in zip((50, 95, 99), found, strict=True)}
