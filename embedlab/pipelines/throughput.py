"""Documents a second: by workers, by the size of a claim, by the way, and what slows a queue down."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from embedlab.machine import postgres
from embedlab.pipelines.corpus import short_texts
from embedlab.pipelines.filling import backfill
from embedlab.pipelines.loading import load
from embedlab.pipelines.schema import connect, create
from embedlab.pipelines.worker import Orders
from embedlab.pipelines.workers import drain, fleet

if TYPE_CHECKING:
    from psycopg import Connection


@dataclass(frozen=True)
class Setup:
    """One way to run the pipeline, for `rate`."""

    workers: int = 2
    orders: Orders = field(default_factory=Orders)
    documents: int = 10_000
    snapshot: bool = False  # somebody keeps a transaction open meanwhile, as a report or a dump does
    index: bool = False  # HNSW on the vectors, maintained while they are written


SETUPS = {
    **{f"{workers} workers": Setup(workers) for workers in (1, 2, 4)},
    **{f"claims of {limit}": Setup(orders=Orders(limit=limit)) for limit in (1, 16, 256)},
    "locked": Setup(orders=Orders(lease=None)),
    "no model": Setup(orders=Orders(encoder="hashed")),
    "claims of 16, a snapshot held": Setup(orders=Orders(limit=16), snapshot=True),
    "with an HNSW index": Setup(index=True, documents=3_000),
}
INDEX = "CREATE INDEX by_vector ON vectors USING hnsw (embedding vector_cosine_ops)"

PUT = """
INSERT INTO jobs (document, version, priority) SELECT id, version, 1 FROM documents WHERE id <= %s
"""


def rate(url: str, connection: Connection, setup: Setup) -> float:
    """Embed the first documents of the table anew; return documents a second, without the workers' start.

    Parameters
    ----------
    url : str
    connection : psycopg.Connection
        To a database with the tables and at least ``setup.documents`` documents.
    setup : Setup
    """
    connection.execute("TRUNCATE vectors, jobs, effects, bookmarks; DROP INDEX IF EXISTS by_vector")
    connection.execute("VACUUM jobs")
    if setup.index:
        connection.execute(INDEX)
    with ExitStack() as stack:
        if setup.snapshot:
            other = stack.enter_context(connect(url))
            other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM jobs")
        running = stack.enter_context(fleet(url, setup.workers, setup.orders))
        start = time.perf_counter()
        connection.execute(PUT, (setup.documents,))
        connection.execute("NOTIFY jobs")
        drain(url, running, seconds=240)
        return setup.documents / (time.perf_counter() - start)


def rates(
    setups: dict[str, Setup] | None = None,
    *,
    repeats: int = 3,
    report: Callable[[str], None] = lambda line: None,
) -> dict[str, list[float]]:
    """Measure the rates of several setups in turn, ``repeats`` times; return all of them (documents/s).

    Raises
    ------
    ValueError
        If there is nothing to repeat.

    Examples
    --------
    >>> rates(repeats=0)
    Traceback (most recent call last):
    ValueError: repeats is 0: measure at least once
    """
    if repeats < 1:
        raise ValueError(f"repeats is {repeats}: measure at least once")
    setups = SETUPS if setups is None else setups
    found: dict[str, list[float]] = {name: [] for name in setups}
    with (
        postgres() as url,
        _loaded(url, short_texts(max(s.documents for s in setups.values()))) as connection,
    ):
        for _ in range(repeats):
            for name, setup in setups.items():
                found[name].append(rate(url, connection, setup))
                report(f"{name}: {found[name][-1]:.0f} documents/s")
    return {name: [round(one, 1) for one in each] for name, each in found.items()}


def full_run(documents: int = 100_000, workers: int = 2, orders: Orders | None = None) -> dict[str, float]:
    """Embed a hundred thousand short texts, from an empty queue to the last vector.

    Returns
    -------
    dict
        ``documents``, ``workers``, ``seconds`` from the first page of the back-fill, ``rate``.
    """
    orders = orders or Orders(limit=256)
    with postgres() as url, _loaded(url, short_texts(documents)) as connection:
        with fleet(url, workers, orders) as running:
            start = time.perf_counter()
            backfill(connection, orders.model)
            drain(url, running, seconds=240)
            seconds = time.perf_counter() - start
        (stored,) = connection.execute("SELECT count(embedding) FROM vectors").fetchone()
    if stored != documents:
        raise RuntimeError(f"{stored} vectors of {documents} documents")
    rate_found = round(documents / seconds, 1)
    return {"documents": documents, "workers": workers, "seconds": round(seconds, 1), "rate": rate_found}


def saved(texts: Sequence[str], changed: float = 0.1, *, documents: int = 5_000) -> dict[str, int]:
    """Back-fill twice, after a share of the texts has changed; return the jobs and how many were embedded.

    What is not embedded the second time is what the content hash saves.
    """
    orders, texts = Orders(encoder="hashed"), list(texts[:documents])
    counts = {}
    with postgres() as url, _loaded(url, texts) as connection, fleet(url, 1, orders) as running:
        for name in ("first", "second"):
            connection.execute("TRUNCATE effects")
            backfill(connection, name)
            drain(url, running)
            question = "SELECT count(*), count(*) FILTER (WHERE embedded) FROM effects"
            counts[f"{name} jobs"], counts[f"{name} embedded"] = connection.execute(question).fetchone()
            edit = "UPDATE documents SET text = text || ' (edited)', version = version + 1 WHERE id <= %s"
            connection.execute(edit, (int(changed * len(texts)),))
    return counts


def _loaded(url: str, texts: Sequence[str]) -> Connection:
    with connect(url) as first:
        create(first)
        load(first, texts)
    return connect(url)
