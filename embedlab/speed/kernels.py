"""The dot products that compiled code uses, timed on rows in random order, and what the memory gives.

The rows are more than the caches hold, and are read in a new random order each time, as a graph reads them.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
from numba import njit

from embedlab.machine import (
    KERNEL,
    aligned,
    byte_product,
    cpu_features,
    float_dot,
    machine_name,
    plain_code_dot,
    prefetch,
    runnable,
)

AHEAD = 8  # rows asked for before they are needed, where any are
CACHED = 16  # rows that the first cache holds: their time is that of the arithmetic alone


@njit(nogil=True)
def _read(numbers):
    """Add up integers of 64 bits: nothing reads memory faster than a plain loop over all of it."""
    total = np.int64(0)
    for number in numbers:
        total += number
    return total


def _walk(product: Callable, ahead: int) -> Callable:
    """Compile a loop that multiplies the rows ``order`` with a query, and asks for rows ahead of it."""

    @njit(nogil=True)
    def walk(rows, order, query):
        total = 0.0
        for k in range(len(order)):
            if ahead and k + ahead < len(order):
                prefetch(rows, order[k + ahead])
            total += product(rows, order[k], query)
        return total

    return walk


def bench_kernels(n: int = 100_000, d: int = 384, *, repeats: int = 7) -> dict:
    """Time each dot product that this CPU can run, taking turns.

    Parameters
    ----------
    n, d : int
        How many rows, of how many dimensions.
    repeats : int
        Rounds; the median counts.

    Returns
    -------
    dict
        ``memory_gb_s``, of a sequential read of the same floats; and for each product ``ns`` a row in random
        order, ``prefetched_ns`` with rows asked for ahead, ``cached_ns`` of rows in the first cache, and
        ``bandwidth_percent``: the bytes of a row by ``prefetched_ns``, of ``memory_gb_s``.

    Raises
    ------
    ValueError
        If there are fewer rows than the first cache is to hold, or no dimension or round.
    """
    for name, value, least in (("n", n, CACHED), ("d", d, 1), ("repeats", repeats, 1)):
        if value < least:
            raise ValueError(f"{name} must be at least {least}, but is {value}")
    rng = np.random.default_rng(0)
    floats, number = _random_rows(rng, n, d, np.float32), _random_rows(rng, 1, d, np.float32)[0]
    codes, code = _random_rows(rng, n, d, np.uint8), _random_rows(rng, 1, d, np.int8)[0]
    products = {"float32": (float_dot, floats, number)}
    for name in runnable(cpu_features()):
        product = plain_code_dot if name == "plain" else byte_product(name)
        products[f"int8 {name}"] = (product, codes, code)
    walks = {name: (_walk(p, 0), _walk(p, AHEAD), rows, q) for name, (p, rows, q) in products.items()}
    ways = ("ns", "prefetched_ns", "cached_ns")
    times: dict = {name: {way: [] for way in ways} for name in walks}
    reads = []
    cached = rng.integers(0, CACHED, n)
    for turn in range(repeats + 1):  # the first compiles
        reads.append(floats.nbytes / _nanoseconds(_read, floats.ravel().view(np.int64)))
        for name, (plain, ahead, rows, query) in walks.items():
            orders = (rng.permutation(n), rng.permutation(n), cached)
            for way, walk, which in zip(ways, (plain, ahead, plain), orders, strict=True):
                nanoseconds = _nanoseconds(walk, rows, which, query) / n
                if turn:
                    times[name][way].append(nanoseconds)
    memory = max(reads[1:])
    kernels = {}
    for name, measured in times.items():
        row = {way: statistics.median(values) for way, values in measured.items()}
        size = walks[name][2][0].nbytes
        share = 100 * size / row["prefetched_ns"] / memory
        kernels[name] = {**row, "bytes": size, "bandwidth_percent": share}
    sizes = {"machine": machine_name(), "rows": n, "dims": d, "ahead": AHEAD}
    return {**sizes, "used": KERNEL, "memory_gb_s": memory, "kernels": kernels}


def _random_rows(rng: np.random.Generator, n: int, d: int, dtype: type) -> np.ndarray:
    rows = aligned(n, d, dtype)
    low = 1 if dtype == np.uint8 else -127
    rows[:, :d] = rng.normal(size=(n, d)) if dtype == np.float32 else rng.integers(low, low + 255, (n, d))
    return rows


def _nanoseconds(function: Callable, *arguments) -> int:
    start = time.perf_counter_ns()
    function(*arguments)
    return time.perf_counter_ns() - start


def kernels_as_text(result: dict) -> str:
    """Set the result of `bench_kernels` as a table of plain text."""
    lines = [
        f"{result['machine']}; {result['rows']:,} rows of {result['dims']}, in random order; "
        f"memory read in order: {result['memory_gb_s']:.1f} GB/s",
        "",
        f"{'ns a row':<18}{'plain':>8}{'ahead':>8}{'cached':>8}{'% of memory':>13}",
    ]
    for name, row in result["kernels"].items():
        cells = "".join(f"{row[way]:8.1f}" for way in ("ns", "prefetched_ns", "cached_ns"))
        used = "  used" if name in ("float32", f"int8 {result['used']}") else ""
        lines.append(f"{name:<18}{cells}{row['bandwidth_percent']:13.0f}{used}")
    return "\n".join(lines)
