"""The long measurements of chapter 18, each under four minutes on two cores, and what is shipped of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from embedlab.pipelines.broker import deliver
from embedlab.pipelines.corpus import short_texts
from embedlab.pipelines.fresh import CONDITIONS, freshness
from embedlab.pipelines.kill_test import as_json, chaos
from embedlab.pipelines.shipping import ship
from embedlab.pipelines.throughput import REAL, full_run, rates, saved

Report = Callable[[str], None]


def _chaos(report: Report) -> dict:
    ways = {"leased": True, "locked": False}
    return {way: as_json(chaos(leased=leased, report=report)) for way, leased in ways.items()}


def _freshness(report: Report) -> dict:
    texts = short_texts(10_000)
    found: dict[str, list[dict]] = {condition: [] for condition in CONDITIONS}
    for _ in range(3):  # in turn, so that a slow minute of the machine touches all of them
        for condition, each in found.items():
            each.append(asdict(freshness(condition, texts)))
            report(str(each[-1]))
    return found


# A name, the run, and what the card says of it.
MEASUREMENTS: dict[str, tuple[Callable[[Report], dict], str]] = {
    "chaos": (
        _chaos,
        "5,000 documents, 50 kills with SIGKILL, seed 0, 2 workers, 20 ms a text; fsync on",
    ),
    "full": (lambda report: full_run(), "100,000 short texts, the word table, claims of 256, no index"),
    "rates": (lambda report: rates(report=report), "10,000 short texts each; medians of 3, interleaved"),
    "real": (lambda report: rates(REAL, repeats=1, report=report), "MiniLM in torch, 400 short texts, once"),
    "freshness": (_freshness, "10,000 documents behind 20 writes a second for 8 s; each condition 3 times"),
    "saved": (lambda report: saved(short_texts(5_000)), "5,000 documents, 10 % edited in between"),
    "delivery": (
        lambda report: {
            name: asdict(deliver(idempotent=idempotent))
            for name, idempotent in (("without a key", False), ("with a key", True))
        },
        "1,000 messages through JetStream, fetched 64 at a time; 6 kills; effects in SQLite",
    ),
}


def measure(name: str, report: Report = lambda line: None) -> dict:
    """Run a measurement of `MEASUREMENTS`, and write its figures to the files that come with the course.

    Raises
    ------
    ValueError
        If there is no such measurement.

    Examples
    --------
    >>> measure("luck")
    Traceback (most recent call last):
    ValueError: there is no measurement 'luck', but chaos, full, rates, real, freshness, saved, delivery
    """
    if name not in MEASUREMENTS:
        raise ValueError(f"there is no measurement {name!r}, but {', '.join(MEASUREMENTS)}")
    run, conditions = MEASUREMENTS[name]
    figures = run(report)
    ship(name, figures, conditions=conditions, command=f"embedlab pipelines measure {name}")
    return figures
