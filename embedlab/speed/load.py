"""The server under load: batching by free worker, by timer and not at all, real and on paper."""

from __future__ import annotations

import contextlib
import os
import random
import statistics
import time
from collections.abc import Sequence
from importlib.metadata import version
from itertools import product
from pathlib import Path

import numpy as np

from embedlab.benchmark import docsearch, seeded_sample
from embedlab.machine import data_path, machine_name, shipped_figures, write_figures
from embedlab.serving import (
    Batching,
    OnnxEncoder,
    Service,
    fitted,
    load_process,
    poisson,
    server_process,
    simulate,
)
from embedlab.speed.server_times import one_run, percentiles, summary
from embedlab.tokenizer import WordPieceTokenizer

LOAD = data_path("serving") / "load.json"
MODEL = "all-MiniLM-L6-v2"
COMMAND = "from embedlab.cli import app; app()"
RULES = {
    "one by one": Batching("free", max_texts=1),
    "free worker": Batching("free"),
    "timer 10 ms": Batching("timer", wait_s=0.01),
}
# The servers of the closed loop: a rule, and options of `embedlab serve`.
WAYS = {name: (name,) for name in RULES} | {
    "one by one, spinning": ("one by one", "--spin"),
    "free worker, spinning": ("free worker", "--spin"),
    "free worker, one thread": ("free worker", "--threads=1"),
}
LOADS = (0.2, 0.5, 0.8, 1.0)


def serve_command(rule: Batching, precision: str, *more: str) -> list[str]:
    """Return what starts ``embedlab serve`` with a rule: embeddings only, on a port of its own."""
    options = {
        "engine": "none",
        "port": 0,
        "model-precision": precision,
        "policy": rule.policy,
        "max-texts": rule.max_texts,
        "wait-ms": 1000 * rule.wait_s,
        "inside": 4096,
    }
    return ["-c", COMMAND, "serve", *(f"--{name}={value}" for name, value in options.items()), *more]


def service_times(texts: Sequence[str], precision: str, repeats: int = 5) -> tuple[Service, list[dict]]:
    """Time calls of 1 to 32 texts of the sample, alone in a process, and fit a `Service`."""
    encode, tokenizer = OnnxEncoder.load(precision, spins=False).encode, WordPieceTokenizer.load()
    rows = []
    for size in (1, 2, 4, 8, 16, 32):
        draw = random.Random(size)
        for _ in range(repeats):
            batch = draw.sample(list(texts), size)
            padded = size * max(len(ids) for ids in tokenizer.encode_batch(batch))
            encode(batch)
            start = time.perf_counter()
            encode(batch)
            rows.append({"texts": size, "padded": padded, "seconds": time.perf_counter() - start})
    return fitted([row["padded"] for row in rows], [row["seconds"] for row in rows]), rows


def bench_load(
    *,
    seconds: float = 4.0,
    rounds: int = 2,
    precision: str = "float32",
    loads: Sequence[float] = LOADS,
) -> dict:
    """Measure latency against load for each rule of batching, open-loop, and simulate the same arrivals.

    One server for each rule, in processes of their own, of which one is loaded at a time; the generator in
    another process, on the same cores. Loads are shares of the capacity, which is what 32 users in a closed
    loop get out of the server that batches by free worker. The rules take turns in a random order, and the
    latencies of all rounds are pooled. In the closed loop the servers of `WAYS` take part, too.

    Parameters
    ----------
    seconds : float
        Of arrivals in one run.
    rounds : int
    precision : str
        Of the ONNX file.
    loads : sequence of float

    Returns
    -------
    dict
        The card, ``service``, ``calls``; ``closed``, a row for each server; ``capacity``, its requests a
        second; ``table``, a row for each rule and load; ``generator_ms``, see `generator_cost`; ``omission``.
    """
    texts = seeded_sample(docsearch().split("dev")[1], 400, 0)
    lengths = [len(ids) for ids in WordPieceTokenizer.load().encode_batch(texts)]
    service, calls = service_times(texts, precision)
    turns, closed, opened = random.Random(0), {}, {}
    plan = {"users": 32, "seconds": seconds, "texts": texts}
    with contextlib.ExitStack() as stack:
        urls = {
            name: stack.enter_context(server_process(serve_command(RULES[rule], precision, *options)))[0]
            for name, (rule, *options) in WAYS.items()
        }
        for _ in range(rounds):
            for name in turns.sample(list(WAYS), len(WAYS)):
                closed.setdefault(name, []).append(one_run(urls[name], plan, MODEL))
        generator = generator_cost(urls["free worker"], texts)
        capacity = {name: summary(runs)["answered"] for name, runs in closed.items()}
        for turn, share in product(range(rounds), loads):
            times = poisson(share * capacity["free worker"], seconds, seed=turn)
            plan = {"times": times.tolist(), "texts": texts}
            for name in turns.sample(list(RULES), len(RULES)):
                paper = paper_latency(times, lengths, RULES[name], service)[0]
                opened.setdefault((name, share), []).append((*one_run(urls[name], plan, MODEL), paper))
    return card(seconds, rounds, precision) | {
        "capacity": capacity,
        "service": {"call_ms": round(1000 * service.call_s, 3), "token_ms": round(1000 * service.token_s, 4)},
        "calls": [row | {"seconds": round(row["seconds"], 5)} for row in calls],
        "closed": [{"way": name} | summary(runs) for name, runs in closed.items()],
        "table": [
            {"rule": rule, "load": load, "rate": round(load * capacity["free worker"], 2)} | summary(runs)
            for (rule, load), runs in sorted(opened.items())
        ],
        "generator_ms": generator,
        "omission": omission(),
    }


def generator_cost(url: str, texts: Sequence[str], seconds: float = 3.0, rounds: int = 3) -> float:
    """Measure the load generator's own processor time for a request, in milliseconds; median of rounds.

    Its process also starts and loads its code; so a short run is subtracted from a long one. 0 on Windows.
    """

    def spent(length: float) -> tuple[int, float]:
        before = os.times()
        ran = load_process(url, {"users": 32, "seconds": length, "texts": texts}, MODEL)
        after = os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        return len(ran.done), cpu

    costs = []
    for _ in range(rounds):
        (few, little), (many, much) = spent(0.1), spent(seconds)
        costs.append(1000 * (much - little) / (many - few))
    return round(statistics.median(costs), 3)


def card(seconds: float, rounds: int, precision: str) -> dict:
    """Return what a reader has to know about the figures."""
    import torch

    names = "onnxruntime", "fastapi", "uvicorn", "httpx"
    return {
        "machine": machine_name(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "load average after": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "versions": {name: version(name) for name in names},
        "command": f"embedlab bench load --seconds {seconds:g} --rounds {rounds} --precision {precision}",
        "conditions": "400 dev queries of DocSearch, drawn at random; Poisson arrivals; latency from the "
        "planned time to the answer, HTTP included; servers and load generator are processes on the same "
        "cores; one server is loaded at a time, in turns",
    }


def paper_latency(
    times: np.ndarray, lengths: Sequence[int], rule: Batching, service: Service
) -> tuple[np.ndarray, list[int]]:
    """Simulate a run; return the latencies (n,) in seconds and the size of each batch."""
    turn = [lengths[i % len(lengths)] for i in range(len(times))]
    done, sizes = simulate(times, turn, rule, service)
    return done - times, sizes


def on_paper(times: np.ndarray, lengths: Sequence[int], rule: Batching, service: Service) -> dict[str, float]:
    """Simulate a run; return percentiles of latency in milliseconds and the mean batch."""
    latency, sizes = paper_latency(times, lengths, rule, service)
    return percentiles(latency) | {"batch": round(float(np.mean(sizes)), 2)}


def omission(seconds: float = 5.0, call_ms: float = 5.0, stall_after: int = 200) -> dict:
    """Load a server that stalls once for a second, with one user who waits, and at planned times.

    Returns
    -------
    dict
        ``closed`` and ``open``: see `Answered.summary`.
    """
    stall = ["-m", "embedlab.serving.standin", f"--call-ms={call_ms}", f"--stall-after={stall_after}"]
    times = poisson(100, seconds, seed=0).tolist()
    plans = {"closed": {"users": 1, "seconds": seconds}, "open": {"times": times}}
    found = {}
    for name, plan in plans.items():
        with server_process([*stall, "--max-texts=1"]) as (url, _):
            found[name] = load_process(url, plan | {"texts": ["a text"]}, "nap").summary()
    return found


def quick_load(seconds: float = 2.5, rate: float = 30.0, call_ms: float = 40.0, seed: int = 0) -> list[dict]:
    """Load two servers whose model sleeps, one by one and with batches, beside the same runs on paper.

    At the default rate a call for each text would need 1.2 times the time there is. Under ten seconds.

    Returns
    -------
    list of dict
        A row for each rule: ``rule``, the summary of the real run, and the ``simulated`` percentiles.
    """
    times, rows = poisson(rate, seconds, seed), []
    plan = {"times": times.tolist(), "texts": ["a text"]}
    for name in ("one by one", "free worker"):
        rule = RULES[name]
        nap = ["-m", "embedlab.serving.standin", f"--call-ms={call_ms}", f"--max-texts={rule.max_texts}"]
        with server_process(nap) as (url, _):
            real = load_process(url, plan, "nap").summary()
        paper = on_paper(times, [1], rule, Service(call_ms / 1000, 0.0))
        rows.append({"rule": name} | real | {f"simulated {key}": value for key, value in paper.items()})
    return rows


def write_load(result: dict, file: Path = LOAD) -> None:
    """Put a measurement in the place of the one that the notebook draws."""
    write_figures(file, result)


def shipped_load() -> dict:
    """Return the measurement that comes with the course."""
    return shipped_figures("serving", "load")
