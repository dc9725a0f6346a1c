"""Exercises of chapter 18: is what was written searchable in time?"""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _writes(rng: np.random.Generator) -> list[tuple]:
    """List (writes, now, objective): none, in time, at the limit, late, waiting; then drawn ones."""
    met, edge, late = (0.0, 0.5), (1.0, 2.0), (2.0, 4.0)
    waits, due, overdue = (9.5, None), (9.0, None), (3.0, None)
    cases = [[], [met], [edge], [late], [waits], [due], [overdue], [met, late], [met, waits], [met, due]]
    cases += [[met, overdue], [late, overdue], [waits, overdue], [met, met, late], [met, edge, waits]]
    cases += [[overdue, met, edge, waits], [late, met, met, overdue, waits, due]]
    for n in (4, 5, 6, 8, 10, 12):
        starts = (rng.integers(0, 80, n) / 8).tolist()
        ages = (rng.integers(0, 16, n) / 8).tolist()
        pairs = [(start, start + age) for start, age in zip(starts, ages, strict=True)]
        cases.append([(s, found if found <= 10 and rng.random() < 0.7 else None) for s, found in pairs])
    return [(writes, 10.0, 1.0) for writes in cases] + [([met, (0.0, None)], 1.5, 2.0), ([met], 4.0, 0.25)]


def fresh_share(writes, now, objective):
    """Return the share of writes that were searchable in time, those that still wait included.

    Parameters
    ----------
    writes : list of (float, float or None)
        When each was committed, and when it could be found; None: not yet.
    now, objective : float
        Seconds.

    Returns
    -------
    float or None
        None if nothing is decided yet.

    Examples
    --------
    >>> fresh_share([(0.0, 0.5), (1.0, 4.0), (2.0, None), (9.5, None)], now=10.0, objective=1.0)
    0.3333333333333333
    """
    ages = [(now if found is None else found) - written for written, found in writes]
    in_time = [
        age <= objective
        for age, (_, found) in zip(ages, writes, strict=True)
        if found is not None or age > objective
    ]
    return sum(in_time) / len(in_time) if in_time else None


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _found_only(writes, now, objective):
    return fresh_share([one for one in writes if one[1] is not None], now, objective)


def _waiting_is_late(writes, now, objective):
    return fresh_share([(w, now + w + objective if f is None else f) for w, f in writes], now, objective)


def _waiting_in_time(writes, now, objective):
    in_time = [(now if f is None else f) - w <= objective for w, f in writes]
    return sum(in_time) / len(in_time) if in_time else None


def _strictly(writes, now, objective):
    moved = [(w, None if f is None else f + (f - w == objective)) for w, f in writes]
    return fresh_share(moved, now, objective)


def _late_share(writes, now, objective):
    share = fresh_share(writes, now, objective)
    return None if share is None else 1 - share


def _nothing_is_perfect(writes, now, objective):
    share = fresh_share(writes, now, objective)
    return 1.0 if share is None else share


def _percentile(writes, now, objective):
    ages = [f - w for w, f in writes if f is not None]
    return float(np.quantile(ages, 0.95)) if ages else None


EXERCISES = (
    Exercise(
        name="fresh_share",
        chapter="18_pipelines",
        task="Which share of the writes was searchable in time? writes is a list of tuples: when it was "
        "committed (float, seconds), and when a search could find it (float), or None: not yet. now and "
        "objective are floats, in seconds. A write is in time if it took at most objective. One that still "
        "waits is late if it has waited longer than that; else it is undecided, and not counted. Return a "
        "float, the share in time of all that are decided; None if there are none.",
        reference="embedlab.study.exercises.pipelines_slo:fresh_share",
        cases=_writes,
        hints=(
            "Each write is one of three: in time, late, or undecided. Only the first two are counted.",
            "How old is a write that still waits? now minus its commit, and it can only get older.",
            "Collect True and False of those decided in a list; its mean is the share, if it has any.",
        ),
        mistakes=(
            Mistake(
                "only what was found",
                "The more the pipeline is behind, the more writes have no end yet, and a pipeline that "
                "stands still would look perfect. What waits too long is late.",
                _found_only,
            ),
            Mistake(
                "what waits is late",
                "A write of a moment ago may still be in time: it is undecided, and not counted.",
                _waiting_is_late,
            ),
            Mistake(
                "what waits is in time",
                "Nobody knows yet whether it will be: it is undecided, and not counted.",
                _waiting_in_time,
            ),
            Mistake("strictly below the objective", "At most: exactly the objective is in time.", _strictly),
            Mistake("the share that is late", "The share in time is asked for: 1 minus this.", _late_share),
            Mistake(
                "nothing is a success",
                "Where nothing is decided there is no share: None. An objective must not be met by silence.",
                _nothing_is_perfect,
            ),
            Mistake(
                "the 95th percentile",
                "That is an age in seconds. An objective is a share: how many of 100 writes are within it.",
                _percentile,
            ),
        ),
        follow_up="Who stamps the two times, and with whose clock? A worker is down for three minutes, at 20 "
        "writes a second and an objective of 95 % in a day: how much of the budget is gone?",
    ),
)
