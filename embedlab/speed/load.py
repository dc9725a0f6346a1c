"""The server under load: batching by free worker, by timer and not at all, real and on paper."""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Sequence
from importlib.metadata import version
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
from embedlab.speed.cores import pinned, two_cores
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
# The servers: a rule, whether it keeps to a core of its own, and options of `embedlab serve`.
WAYS = {name: (name, True, "--threads=1") for name in RULES} | {
    "two threads, shared": ("free worker", False, "--threads=2"),
    "two threads, shared, spinning": ("free worker", False, "--threads=2", "--spin"),
}
LOADS = (0.2, 0.5, 0.8, 0.9)
# What is measured open-loop: one by one as far as it can keep up, the timer where it costs most.
OPEN = [("free worker", load) for load in LOADS] + [("one by one", load) for load in LOADS[:3]]
OPEN += [("timer 10 ms", LOADS[0])]


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
    """Time calls of 1 to 32 texts of the sample on one thread, alone in a process, and fit a `Service`."""
    encode, tokenizer = OnnxEncoder.load(precision, threads=1, spins=False).encode, WordPieceTokenizer.load()
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


def bench_load(*, seconds: float = 20.0, rounds: int = 3, precision: str = "float32") -> dict:
    """Measure latency against load for rules of batching, open-loop, and simulate the same arrivals.

    One server for each of `WAYS`, in processes of their own, of which one is loaded at a time. Those with a
    core of their own get one thread, and the generator gets the other core; the others share both cores with
    it. Loads are shares of the capacity, which is what 32 users in a closed loop get out of the server that
    batches by free worker. In a round all take turns in a random order.

    Parameters
    ----------
    seconds : float
        Of arrivals in one run; a fifth of it in the closed loop.
    rounds : int
    precision : str
        Of the ONNX file.

    Returns
    -------
    dict
        The card, ``service``, ``calls``; ``closed``, a row for each server; ``capacity``, its requests a
        second; ``table``, a row for each rule and load.
    """
    texts = seeded_sample(docsearch().split("dev")[1], 400, 0)
    lengths = [len(ids) for ids in WordPieceTokenizer.load().encode_batch(texts)]
    for_server, for_load = two_cores() or (None, None)
    turns, closed, opened = random.Random(0), {}, {}
    with pinned(for_server):
        service, calls = service_times(texts, precision)
    with contextlib.ExitStack() as stack:
        urls = {}
        for name, (rule, own, *options) in WAYS.items():
            with pinned(for_server if own else None):
                command = serve_command(RULES[rule], precision, *options)
                urls[name] = stack.enter_context(server_process(command))[0]
        plan = {"users": 32, "seconds": seconds / 5, "texts": texts}
        for _ in range(rounds):
            for name in turns.sample(list(WAYS), len(WAYS)):
                run = one_run(urls[name], plan, MODEL, for_load if WAYS[name][1] else None)
                closed.setdefault(name, []).append(run)
        capacity = {name: summary(runs)["answered"] for name, runs in closed.items()}
        for turn in range(rounds):
            for name, share in turns.sample(OPEN, len(OPEN)):
                times = poisson(share * capacity["free worker"], seconds, seed=turn)
                plan = {"times": times.tolist(), "texts": texts}
                paper = paper_latency(times, lengths, RULES[name], service)[0]
                opened.setdefault((name, share), []).append(
                    (*one_run(urls[name], plan, MODEL, for_load), paper)
                )
    return card(seconds, rounds, precision, pins=for_server is not None) | {
        "capacity": capacity,
        "service": {"call_ms": round(1000 * service.call_s, 3), "token_ms": round(1000 * service.token_s, 4)},
        "calls": [row | {"seconds": round(row["seconds"], 5)} for row in calls],
        "closed": [{"way": name} | summary(runs) for name, runs in closed.items()],
        "table": [
            {"rule": rule, "load": load, "rate": round(load * capacity["free worker"], 2)} | summary(runs)
            for (rule, load), runs in sorted(opened.items())
        ],
    }


def card(seconds: float, rounds: int, precision: str, *, pins: bool) -> dict:
    """Return what a reader has to know about the figures."""
    import torch

    names = "onnxruntime", "fastapi", "uvicorn"
    cores = "a core for the server, another for the generator" if pins else "all on the same cores"
    return {
        "machine": machine_name(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "load average after": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "versions": {name: version(name) for name in names},
        "command": f"embedlab bench load --seconds {seconds:g} --rounds {rounds} --precision {precision}",
        "conditions": "400 dev queries of DocSearch, drawn at random; Poisson arrivals; latency from the "
        f"planned time to the answer, HTTP included; {cores} (those called shared: all cores for both); one "
        "server is loaded at a time, in turns",
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
