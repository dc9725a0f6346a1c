"""Exercises of chapter 18: which jobs a worker gets."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _job(id, priority=0, attempts=0, due=0):
    return {"id": id, "priority": priority, "attempts": attempts, "due": due}


def _queues(rng: np.random.Generator) -> list[tuple]:
    """List (jobs, locked, now, limit): none, one of each kind, held in front, tried ones; then drawn ones."""
    a, b, c = _job(1), _job(2), _job(3)
    fill, late, now = _job(4, priority=1), _job(5, due=9), _job(6, due=5)
    tried, again = _job(7, attempts=1, due=3), _job(8, priority=1, attempts=3, due=2)
    older, filler = _job(9, attempts=2, due=1), _job(10, priority=1)
    cases = [
        ([], [], 5, 1),
        ([a], [], 5, 1),
        ([a], [1], 5, 1),
        ([late], [], 5, 1),
        ([now], [], 5, 1),
        ([a, b], [], 5, 1),
        ([a, b], [1], 5, 1),
        ([b, a, c], [1], 5, 2),
        ([c, b, a], [1, 2], 5, 2),
        ([fill, a], [], 5, 1),
        ([fill, a], [], 5, 2),
        ([fill, now], [], 5, 2),
        ([fill, a, late], [1], 5, 3),
        ([tried], [], 5, 2),
        ([a, tried], [], 5, 2),
        ([tried, again, a], [], 5, 3),
        ([tried, again, a], [8], 5, 3),
        ([tried, again, b, a], [7, 8], 5, 3),
        ([_job(9, attempts=2, due=6), b, a], [], 5, 3),
        ([again, tried], [8], 5, 2),
        ([fill, again], [], 5, 2),
        ([fill, filler, again, tried], [], 5, 3),
        ([fill, tried, older], [], 5, 3),
        ([fill, b, again, tried, a], [], 5, 3),
        ([fill, b, tried, a], [1, 2], 5, 3),
    ]
    for n in (4, 5, 6, 6, 8, 8, 10, 12):
        jobs = [
            _job(i, int(rng.integers(0, 2)), int(rng.random() < 0.15), int(rng.integers(0, 8)))
            for i in rng.permutation(n).tolist()
        ]
        locked = [i for i in range(n) if rng.random() < 0.3]
        cases.append((jobs, locked, 5, int(rng.integers(1, 5))))
    return cases


def claim_jobs(jobs, locked, now, limit):
    """Return the ids of the jobs that a worker gets, as `FOR UPDATE SKIP LOCKED` gives them.

    Parameters
    ----------
    jobs : list of dict
        With ``id``, ``priority`` (0 goes before 1), ``attempts`` (so far) and ``due``, in no order.
    locked : list of int
        Ids of rows that other transactions hold.
    now : int
    limit : int

    Returns
    -------
    list of int

    Examples
    --------
    >>> jobs = [{"id": i, "priority": 0, "attempts": 0, "due": 0} for i in (3, 1, 2)]
    >>> claim_jobs(jobs, locked=[1], now=5, limit=2)
    [2, 3]
    >>> claim_jobs([{"id": 9, "priority": 1, "attempts": 1, "due": 4}, *jobs[:1]], [3], now=5, limit=2)
    [9]
    """
    free = [job for job in jobs if job["due"] <= now and job["id"] not in locked]
    free.sort(key=lambda job: (job["priority"], job["due"], job["id"]))
    tried = [job["id"] for job in free if job["attempts"] > 0]
    fresh = [job["id"] for job in free if job["attempts"] == 0]
    edits = [job["id"] for job in free if job["attempts"] == 0 and job["priority"] == 0]
    return edits[:limit] or tried[:1] or fresh[:limit]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _locked_too(jobs, locked, now, limit):
    return claim_jobs(jobs, [], now, limit)


def _limit_first(jobs, locked, now, limit):
    return [id for id in claim_jobs(jobs, [], now, limit) if id not in locked]


def _not_yet_due(jobs, locked, now, limit):
    return claim_jobs(jobs, locked, float("inf"), limit)


def _strictly_before(jobs, locked, now, limit):
    return claim_jobs([job for job in jobs if job["due"] != now], locked, now, limit)


def _largest_first(jobs, locked, now, limit):
    return claim_jobs([{**job, "priority": 1 - job["priority"]} for job in jobs], locked, now, limit)


def _no_priority(jobs, locked, now, limit):
    return claim_jobs([{**job, "priority": 0} for job in jobs], locked, now, limit)


def _tried_among_the_rest(jobs, locked, now, limit):
    return claim_jobs([{**job, "attempts": 0} for job in jobs], locked, now, limit)


def _tried_first(jobs, locked, now, limit):
    tried = [job for job in jobs if job["attempts"] > 0]
    return claim_jobs(tried, locked, now, limit) or claim_jobs(jobs, locked, now, limit)


def _tried_last(jobs, locked, now, limit):
    fresh = [job for job in jobs if job["attempts"] == 0]
    return claim_jobs(fresh, locked, now, limit) or claim_jobs(jobs, locked, now, limit)


def _all_that_were_tried(jobs, locked, now, limit):
    edits = [job for job in jobs if job["attempts"] == 0 and job["priority"] == 0]
    tried = [{**job, "priority": 0, "attempts": 0} for job in jobs if job["attempts"] > 0]
    found = claim_jobs(edits, locked, now, limit) or claim_jobs(tried, locked, now, limit)
    return found or claim_jobs(jobs, locked, now, limit)


def _edits_and_back_fill(jobs, locked, now, limit):
    found, by_id = claim_jobs(jobs, locked, now, limit), {job["id"]: job for job in jobs}
    if not found or by_id[found[0]]["attempts"] or by_id[found[0]]["priority"]:
        return found
    fill = [job for job in jobs if job["priority"] and not job["attempts"]]
    return (found + claim_jobs(fill, locked, now, limit))[:limit]


EXERCISES = (
    Exercise(
        name="claim_jobs",
        chapter="18_pipelines",
        task="Which jobs does a worker get? jobs is a list of dicts with the ints id, priority, attempts and "
        "due, unordered; locked lists ids of rows that other transactions hold; now and limit are ints, "
        "limit at least 1. Skip rows that are locked or due after now, and order the others by priority, "
        "then due, then id, the smallest first. If any have priority 0 and attempts 0, return up to limit "
        "ids of these. Else, if any were tried (attempts above 0), return the id of the first alone. Else "
        "return up to limit ids of the rest. None gives [].",
        reference="embedlab.study.exercises.pipelines:claim_jobs",
        cases=_queues,
        hints=(
            "First keep the rows that may be taken at all: due, and not locked. All else is about these.",
            "sorted with a key that is a tuple, (priority, due, id), orders by the first and breaks ties by "
            "the next. Cut to limit last.",
            "Three lists of it: edits nobody has tried, all that were tried, all that nobody has tried. The "
            "first that is not empty gives the answer; the second only one id, whatever limit is.",
        ),
        mistakes=(
            Mistake(
                "locked rows taken",
                "Another worker's transaction holds these rows and works on them: two would do the same job.",
                _locked_too,
            ),
            Mistake(
                "limit before the locks",
                "Where all workers look at the same first rows, the second gets too few, or none. Skip the "
                "locked rows, then count.",
                _limit_first,
            ),
            Mistake(
                "taken before it is due",
                "due is when a job may be tried again, or when its lease ends: until then it is not free.",
                _not_yet_due,
            ),
            Mistake("strictly before now", "A job that is due now is due: due <= now.", _strictly_before),
            Mistake(
                "the back-fill first",
                "Priority 0 is what a user changed, 1 is the back-fill: the smaller number goes first.",
                _largest_first,
            ),
            Mistake(
                "priority overlooked",
                "A back-fill puts many old jobs into the queue. By due alone, what users change would wait "
                "behind them.",
                _no_priority,
            ),
            Mistake(
                "tried ones among the rest",
                "A job that was tried may crash the worker again, and all jobs of the claim with it: it "
                "is claimed alone.",
                _tried_among_the_rest,
            ),
            Mistake(
                "suspects before the users",
                "After an outage thousands were tried, and go one by one: what users change now does not "
                "wait for them.",
                _tried_first,
            ),
            Mistake(
                "suspects behind the back-fill",
                "Behind a back-fill of millions they would wait for days. They stand behind the edits only.",
                _tried_last,
            ),
            Mistake(
                "edits filled up with back-fill",
                "A claim is written when its last text is embedded: with back-fill jobs in it, the edits "
                "wait for these.",
                _edits_and_back_fill,
            ),
            Mistake(
                "several tried ones together",
                "If the worker dies again, which of them was it? One at a time leaves a single suspect.",
                _all_that_were_tried,
            ),
        ),
        follow_up="Thirty workers ask at once, each for one job of a million. What do they cost each other "
        "with FOR UPDATE, and with SKIP LOCKED? Which index makes the claim cheap, and what does one "
        "transaction that stays open for an hour do to it?",
    ),
)
