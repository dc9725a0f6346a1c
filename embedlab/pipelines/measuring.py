"""The long measurements of chapter 18, each under four minutes on two cores, and what is shipped of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace

from embedlab.pipelines.broker import deliver
from embedlab.pipelines.corpus import short_texts
from embedlab.pipelines.dying import fail_points
from embedlab.pipelines.filling import Limits
from embedlab.pipelines.fresh import CONDITIONS, SLOW, freshness
from embedlab.pipelines.kill_test import as_json, chaos
from embedlab.pipelines.minutes import sustained
from embedlab.pipelines.shipping import ship
from embedlab.pipelines.throughput import full_run, rates, saved

Report = Callable[[str], None]


def _chaos(report: Report, **how: object) -> dict:
    ways, found = {"leased": True, "locked": False}, {}
    with ProcessPoolExecutor() as pool:  # both at a time: it is counted, not timed
        runs = {way: pool.submit(chaos, leased=leased, **how) for way, leased in ways.items()}
        for way, run in runs.items():
            found[way] = as_json(run.result())
            report(str(found[way]))
    return found


def _freshness(report: Report) -> dict:
    texts = short_texts(10_000)
    found: dict[str, list[dict]] = {condition: [] for condition in CONDITIONS}
    for _ in range(3):  # in turn, so that a slow minute of the machine touches all of them
        for condition, each in found.items():
            each.append(asdict(freshness(condition, texts)))
            report(str(each[-1]))
    return found


def _pressure(report: Report) -> dict:
    texts, never = short_texts(10_000), float("inf")
    short = {"waiting": 32, "largest": 32}
    ways = {
        "claims of 64": (SLOW, None),
        "a limit": (SLOW, Limits(live_age=0.25)),
        "32 waiting": (SLOW, Limits(live_age=never, query_ms=never, **short)),
        "32 waiting, a limit": (SLOW, Limits(live_age=0.25, **short)),
        "claims of 8": (replace(SLOW, limit=8), None),
    }
    found: dict[str, list[dict]] = {way: [] for way in ways}
    for _ in range(3):
        for way, (orders, limits) in ways.items():
            each = asdict(freshness("behind", texts, orders=orders, limits=limits, rate=10.0, objective=0.5))
            found[way].append(each)
            report(f"{way}: {each}")
    return found


def _points(report: Report) -> list[dict]:
    return [asdict(found) for found in fail_points(report=report)]


KILLS = (
    "5,000 documents, hashed and 20 ms a text; 50 kills, 12 suspensions (6 without edits), 2 workers, "
    "several runs at a time; fsync on"
)
# A name, the run, and what the card says of it.
MEASUREMENTS: dict[str, tuple[Callable[[Report], dict], str]] = {
    "chaos": (_chaos, f"{KILLS}, seed 0"),
    "chaos_again": (lambda report: _chaos(report, seed=1), f"{KILLS}, seed 1"),
    "unfenced": (
        lambda report: _chaos(report, fenced=False),
        f"{KILLS}, seed 0; UPSERT without its last line",
    ),
    "points": (
        _points,
        "70 documents, hashed; claims of 10, a worker that dies five times at each point; leases",
    ),
    "full": (lambda report: full_run(), "100,000 short texts, the word table, claims of 256, no index"),
    "rates": (
        lambda report: rates(report=report),
        "10,000 short texts each (into HNSW 3,000); 3 times, interleaved",
    ),
    "sustained": (
        lambda report: sustained(report=report),
        "edits of 20,000 documents, hashed, 2 workers, claims of 64, 2,000 jobs waiting; once",
    ),
    "freshness": (
        _freshness,
        "word table, 2 ms a text, claims of 32; 10,000 documents behind 20 writes/s for 8 s; each 3 times",
    ),
    "pressure": (
        _pressure,
        "hashed, 20 ms a text; 10,000 documents behind 10 writes/s for 8 s; limit 0.25 s; each 3 times",
    ),
    "saved": (lambda report: saved(short_texts(5_000)), "5,000 documents, hashed, 10 % edited in between"),
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
    ValueError: there is no measurement 'luck', but chaos, chaos_again, unfenced, points, full, ...
    """
    if name not in MEASUREMENTS:
        raise ValueError(f"there is no measurement {name!r}, but {', '.join(MEASUREMENTS)}")
    run, conditions = MEASUREMENTS[name]
    figures = run(report)
    ship(name, figures, conditions=conditions, command=f"embedlab pipelines measure {name}")
    return figures
