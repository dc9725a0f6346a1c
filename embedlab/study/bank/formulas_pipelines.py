"""Formulas of the questions on pipelines: waits, work done twice, and how many workers it takes."""

import math


def effects_done_again(kills: float, batch: float) -> float:
    """Count the effects made twice, if each kill meets a worker in the middle of a batch on average.

    Examples
    --------
    >>> effects_done_again(10, 100)
    500.0
    """
    return kills * batch / 2


def catch_up_minutes(outage: float, arrivals: float, capacity: float) -> float:
    """Compute the minutes until a queue is empty again, after an outage of so many minutes.

    Arrivals and capacity are jobs a second; the capacity is the larger of the two.

    Examples
    --------
    >>> catch_up_minutes(10, 40, 60)
    20.0
    """
    return outage * arrivals / (capacity - arrivals)


def backlog_wait_minutes(backlog: float, workers: float, rate: float) -> float:
    """Compute the minutes that a new job waits behind a backlog, if each worker does so many a second.

    Examples
    --------
    >>> backlog_wait_minutes(60_000, 10, 50)
    2.0
    """
    return backlog / (workers * rate) / 60


def takeover_seconds(lease: float, beat: float) -> float:
    """Compute the mean seconds that are left of a lease when its worker, beating regularly, is killed.

    Examples
    --------
    >>> takeover_seconds(30, 10)
    25.0
    """
    return lease - beat / 2


def spot_lost_percent(per_day: float, part: float, restart: float) -> float:
    """Compute the percentage of time lost to interruptions: half a part and a restart each, in minutes.

    Examples
    --------
    >>> spot_lost_percent(12, 20, 2)
    10.0
    """
    return 100 * per_day * (part / 2 + restart) / (24 * 60)


def workers_for_backfill(documents: float, hours: float, edits: float, rate: float) -> float:
    """Count the workers for a back-fill within hours and edits a second, if each does so many a second.

    Examples
    --------
    >>> workers_for_backfill(3_600_000, 10, 25, 50)
    3
    """
    return math.ceil((documents / (3600 * hours) + edits) / rate)
