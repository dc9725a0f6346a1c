"""Encoders against each other as they are served: each in a process of its own, one computing at a time.

Several engines in one process disturb each other: each has its own pool of threads, and those of OpenMP go on
spinning for a while after the work is done.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

from embedlab.machine import data_path, machine_name, shipped_figures, write_figures
from embedlab.speed.worker import ENGINES

LENGTHS = {8: (7, 9), 40: (36, 44), 200: (180, 220)}  # tokens, [CLS] and [SEP] included
COUNTS = (1, 8, 32)  # texts in a call
PACKAGES = ("torch", "transformers", "sentence-transformers", "onnxruntime", "openvino", "numpy")
SHORT = 3  # times that a short call is timed in a round
SHIPPED = "serving/speed.json"


def texts_of_length(low: int, high: int, n: int, seed: int = 0) -> list[str]:
    """Draw n queries and documents of DocSearch that have from ``low`` to ``high`` tokens.

    Raises
    ------
    ValueError
        If there are not so many.

    Examples
    --------
    >>> len(texts_of_length(7, 9, 3))
    3
    """
    from embedlab.benchmark import docsearch, seeded_sample
    from embedlab.tokenizer import WordPieceTokenizer

    benchmark = docsearch()
    texts = sorted({*benchmark.queries.values(), *benchmark.documents})
    tokens = WordPieceTokenizer.load().encode_batch(texts, max_length=high + 1)
    fitting = [text for text, ids in zip(texts, tokens, strict=True) if low <= len(ids) <= high]
    if len(fitting) < n:
        raise ValueError(f"only {len(fitting)} texts have {low} to {high} tokens, but {n} were asked for")
    return seeded_sample(fitting, n, seed)


@contextmanager
def engine_process(name: str, threads: int) -> Iterator[subprocess.Popen]:
    """Run one engine of `ENGINES` in a process of its own; it is gone when the block is left."""
    offline = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "OPENVINO_TELEMETRY_OPT_OUT": "1"}
    errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
    process = subprocess.Popen(
        [sys.executable, "-m", "embedlab.speed.worker", name, str(threads)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        encoding="utf-8",
        env={**os.environ, **offline, "OMP_NUM_THREADS": str(threads)},
    )
    process.errors = errors
    try:
        yield process
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        errors.close()


def answer(process: subprocess.Popen, texts: Sequence[str] | None = None) -> dict:
    """Read a process's next line, after sending it texts where they are given.

    Raises
    ------
    RuntimeError
        If the process has ended.
    """
    if texts is not None:
        with suppress(BrokenPipeError):  # what it said before it ended is read below
            process.stdin.write(json.dumps({"texts": list(texts)}) + "\n")
            process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        code = process.wait()
        process.errors.seek(0)
        said = process.errors.read().strip().splitlines()[-1:] or ["nothing"]
        raise RuntimeError(f"the engine {process.args[3]!r} ended with code {code} and said: {said[0]}")
    return json.loads(line)


def bench_serving(
    *,
    engines: Sequence[str] = tuple(ENGINES),
    counts: Sequence[int] = COUNTS,
    lengths: Sequence[int] = tuple(LENGTHS),
    rounds: int = 7,
    at_most: float = 600,
    threads: int | None = None,
    seed: int = 0,
) -> dict:
    """Time each engine from strings to vectors, tokenizing included, in rounds that go from one to the next.

    All processes live; only one computes at a time. A round has every call once; a short one, of up to 320
    tokens, four times in a row, of which the last three count.

    Parameters
    ----------
    engines : sequence of str
        Names of `ENGINES`.
    counts : sequence of int
        Texts in one call.
    lengths : sequence of int
        Keys of `LENGTHS`: about how many tokens a text has.
    rounds : int
        After one to warm up.
    at_most : float
        Seconds after which no further round begins; one is done in any case.
    threads : int, optional
        By default one for each core.
    seed : int
        Of the texts and of each round's order.

    Returns
    -------
    dict
        ``machine``, ``threads``, ``versions`` and ``rows``, one for each engine, count and length: ``ms``,
        the median; ``ratio``, the median over rounds of torch's (or the first engine's) time by its own,
        with the quartiles ``low`` and ``high``; larger than 1 is faster.

    Raises
    ------
    ValueError
        If there is no such engine.
    """
    unknown = set(engines) - set(ENGINES)
    if unknown or not engines:
        raise ValueError(f"there is no engine {sorted(unknown)}; choose from {', '.join(ENGINES)}")
    import random

    draw, threads = random.Random(seed), threads or os.cpu_count() or 1
    with ExitStack() as stack:
        live = {}
        for name in engines:  # one after the other: they would take turns at loading, too
            live[name] = stack.enter_context(engine_process(name, threads))
            answer(live[name])
        calls = [
            (length, count, texts_of_length(*LENGTHS[length], max(counts), seed)[:count])
            for length in lengths
            for count in counts
        ]
        times: dict[tuple, dict[str, list[float]]] = {
            (length, count): {name: [] for name in engines} for length, count, _ in calls
        }
        start, done = time.monotonic(), 0
        for turn in range(rounds + 1):
            if turn > 1 and time.monotonic() - start > at_most:
                break
            done = turn
            for length, count, texts in calls:
                short = length * count <= 320
                for name in draw.sample(list(engines), len(engines)):
                    if (
                        short
                    ):  # the weights must come back into the caches, from which the last engine drove them
                        answer(live[name], texts)
                    for _ in range(SHORT if short else 1):
                        seconds = answer(live[name], texts)["seconds"]
                        if turn:  # the first to warm up: a new shape is prepared once
                            times[length, count][name].append(seconds)
    rows = [
        row
        for length, count, _ in calls
        for row in compared(times[length, count], {"texts": count, "tokens": length})
    ]
    return {
        "machine": machine_name(),
        "threads": threads,
        "rounds": done,
        "versions": {package: version(package) for package in PACKAGES},
        "rows": rows,
    }


def compared(times: dict[str, list[float]], about: dict) -> list[dict]:
    """Make a row of each engine's seconds, round by round, against the first engine's of the same round.

    Examples
    --------
    >>> compared({"torch": [2.0, 4.0, 2.0], "fast": [1.0, 1.0, 1.0]}, {"texts": 1})[1]
    {'texts': 1, 'engine': 'fast', 'ms': 1000.0, 'ratio': 2.0, 'low': 2.0, 'high': 4.0}
    """
    base, rows = next(iter(times.values())), []
    for name, own in times.items():
        ratios = [theirs / mine for theirs, mine in zip(base, own, strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
        figures = {"ms": 1000 * statistics.median(own), "ratio": middle, "low": low, "high": high}
        rows.append({**about, "engine": name, **{key: round(value, 2) for key, value in figures.items()}})
    return rows


def write_speed(measured: dict, file: Path | None = None) -> None:
    """Put a measurement in the place of the one that chapter 17 draws, with the command for a new one."""
    card = {"command": "embedlab bench serving --write", **measured}
    write_figures(file or data_path(SHIPPED), card)


def shipped_speed() -> dict:
    """Return the measurement that comes with the course, see `bench_serving`."""
    return shipped_figures("serving", "speed")
