"""A worker that dies at a point of our choice: between which two lines is which effect doubled?"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from embedlab.machine import postgres
from embedlab.pipelines.checking import check
from embedlab.pipelines.counting import NOTED, POINTS
from embedlab.pipelines.encoders import hashed
from embedlab.pipelines.loading import load
from embedlab.pipelines.schema import connect, create
from embedlab.pipelines.worker import Orders
from embedlab.pipelines.workers import drain, fleet

NOTES = "SELECT count(*) - count(DISTINCT job) FROM noted WHERE way = %s"


@dataclass(frozen=True)
class FailPoint:
    """What was there twice after workers had died at one point, again and again."""

    point: str
    kills: int
    batch: int  # jobs to a claim
    outside_twice: int
    apart_twice: int
    within_twice: int
    clean: bool  # every vector right


def die_at(point: str, kills: int = 5, *, batch: int = 10) -> FailPoint:
    """Let a worker die with SIGKILL at ``point`` of its work, ``kills`` times, then finish and count.

    Parameters
    ----------
    point : str
        One of `POINTS`.
    kills : int
    batch : int
        Jobs to a claim; there are ``batch`` times ``kills + 2`` documents.

    Raises
    ------
    ValueError
        If there is no such point.

    Examples
    --------
    >>> die_at("at lunch")
    Traceback (most recent call last):
    ValueError: there is no point 'at lunch', but before the encoder, after the encoder, after the file, ...
    """
    if point not in POINTS:
        raise ValueError(f"there is no point {point!r}, but {', '.join(POINTS)}")
    with tempfile.TemporaryDirectory() as folder, postgres() as url, connect(url) as connection:
        create(connection)
        connection.execute(NOTED)
        load(connection, [f"text {i}" for i in range(batch * (kills + 2))])
        orders = Orders("m", "hashed", batch, 0.5, most=kills + 2, counted=folder, dies=point)
        flag = Path(folder) / "die"
        with fleet(url, 1, orders) as running:
            flag.touch()
            connection.execute("INSERT INTO jobs (document, version) SELECT id, version FROM documents")
            connection.execute("NOTIFY jobs")
            for left in range(kills - 1, -1, -1):
                while not running.tend():  # until the worker has died
                    time.sleep(0.01)
                if left:
                    flag.touch()
            drain(url, running)
        lines = [line.split()[0] for line in (Path(folder) / "outside").read_text().splitlines()]
        twice = {way: connection.execute(NOTES, (way,)).fetchone()[0] for way in ("apart", "within")}
        return FailPoint(
            point=point,
            kills=kills,
            batch=batch,
            outside_twice=len(lines) - len(set(lines)),
            apart_twice=twice["apart"],
            within_twice=twice["within"],
            clean=check(connection, "m", hashed).clean,
        )


def fail_points(kills: int = 5, *, report: Callable[[str], None] = lambda line: None) -> list[FailPoint]:
    """Do `die_at` for each of `POINTS`."""
    found = []
    for point in POINTS:
        found.append(die_at(point, kills))
        report(str(found[-1]))
    return found
