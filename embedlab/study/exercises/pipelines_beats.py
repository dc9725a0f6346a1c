"""Exercises of chapter 18: a lease, its heartbeat, and its token."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _steps(rng: np.random.Generator) -> list[tuple]:
    """List (job, event, token, now, lease): each event on each kind of job, in time, at the end, and late."""
    fresh, ours = {"token": None, "due": 0}, {"token": 3, "due": 20}
    cases = [(None, event, 3, 5, 10) for event in ("claim", "beat", "complete")]
    cases += [(fresh, event, 3, 5, 10) for event in ("claim", "beat", "complete")]
    cases += [({"token": None, "due": 8}, "claim", 3, now, 10) for now in (7, 8, 9)]
    cases += [(ours, event, 3, now, 10) for event in ("beat", "complete") for now in (15, 20, 25)]
    cases += [(ours, event, 2, now, 10) for event in ("beat", "complete") for now in (15, 20, 25)]
    cases += [(ours, "claim", 4, now, 10) for now in (15, 19, 20, 25)]
    for _ in range(12):
        held = int(rng.integers(1, 6))
        job = {"token": held, "due": int(rng.integers(10, 30))}
        event = str(rng.choice(["claim", "beat", "complete"]))
        token = held + 1 if event == "claim" else held - int(rng.integers(0, 2))
        cases.append((job, event, token, int(rng.integers(10, 30)), int(rng.integers(5, 15))))
    return cases


def lease_step(job, event, token, now, lease):
    """Return what becomes of a leased job, and whether the worker's request is accepted.

    The token is what Kleppmann (2016, "How to do distributed locking") calls a fencing token: that a worker
    believes in its lease is no proof, since it may have slept.

    Parameters
    ----------
    job : dict or None
        With ``token``, of the last lease or None, and ``due``, when that ends; None: the job is done.
    event : str
        "claim", "beat" or "complete".
    token : int
        Of a claim, a new one; else the one that the worker was given when it claimed.
    now : int
    lease : int
        How long a lease lasts.

    Returns
    -------
    job : dict or None
    accepted : bool

    Examples
    --------
    >>> lease_step({"token": None, "due": 0}, "claim", 7, now=5, lease=10)
    ({'token': 7, 'due': 15}, True)
    >>> lease_step({"token": 8, "due": 30}, "complete", 7, now=16, lease=10)
    ({'token': 8, 'due': 30}, False)
    """
    if job is None:
        return None, False
    accepted = job["due"] <= now if event == "claim" else job["token"] == token
    if not accepted:
        return job, False
    if event == "complete":
        return None, True
    return {"token": token, "due": now + lease}, True


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _any_claim(job, event, token, now, lease):
    if event == "claim" and job is not None:
        job = {**job, "due": now}
    return lease_step(job, event, token, now, lease)


def _strictly_before(job, event, token, now, lease):
    if event == "claim" and job is not None and job["due"] == now:
        return job, False
    return lease_step(job, event, token, now, lease)


def _old_token(job, event, token, now, lease):
    after, accepted = lease_step(job, event, token, now, lease)
    if event == "claim" and accepted:
        after = {**after, "token": job["token"] or token}
    return after, accepted


def _anybody(which):
    """Accept an event from any worker, whatever its token."""

    def step(job, event, token, now, lease):
        if event == which and job is not None:
            token = job["token"]
        return lease_step(job, event, token, now, lease)

    return step


def _clock_decides(job, event, token, now, lease):
    if event != "claim" and job is not None and job["due"] <= now:
        return job, False
    return lease_step(job, event, token, now, lease)


def _from_the_old_end(job, event, token, now, lease):
    after, accepted = lease_step(job, event, token, now, lease)
    if event == "beat" and accepted:
        after = {**after, "due": job["due"] + lease}
    return after, accepted


def _left_in_the_queue(job, event, token, now, lease):
    after, accepted = lease_step(job, event, token, now, lease)
    return (job, True) if event == "complete" and accepted else (after, accepted)


EXERCISES = (
    Exercise(
        name="lease_step",
        chapter="18_pipelines",
        task="What becomes of a leased job? job is a dict, token (int of the last lease, or None) and due "
        '(int); or None: done. A "claim" (event, a str) is accepted from due on: it stores its token, a new '
        'int, and due = now + lease. A "beat" is accepted if its token is the job\'s: then due = now + '
        'lease. So is "complete": then the job is None. Return the tuple (new job, accepted), accepted '
        "a bool. What is refused changes nothing; on None, all is.",
        reference="embedlab.study.exercises.pipelines_beats:lease_step",
        cases=_steps,
        hints=(
            "First the job that is None: nothing can be claimed, extended or completed any more.",
            "Two questions are asked: a claim looks at the clock, a beat and a completion at the token.",
            "A lease that has ended and that nobody has claimed since is still ours: the token says so.",
        ),
        mistakes=(
            Mistake(
                "claimed while it is leased",
                "Until due the job belongs to another worker, or has to wait after a failure: a claim has "
                "to compare due with now.",
                _any_claim,
            ),
            Mistake("not claimed at its due time", "From due on: due <= now is enough.", _strictly_before),
            Mistake(
                "the old token stays",
                "A worker that slept through its lease still has that token, and would be taken for the new "
                "one. Each claim stores its own.",
                _old_token,
            ),
            Mistake(
                "anybody completes",
                "A worker whose lease was taken over comes back late, and completes the work of another: "
                "compare the tokens.",
                _anybody("complete"),
            ),
            Mistake(
                "anybody beats",
                "The heart of a worker that lost its job beats on, and would extend the lease of its "
                "successor. If that one dies, nobody gets the job.",
                _anybody("beat"),
            ),
            Mistake(
                "the clock decides",
                "If nobody has claimed the job since, no harm is done: refusing would only throw the work "
                "away. The token decides.",
                _clock_decides,
            ),
            Mistake(
                "extended from its old end",
                "With each beat due would move further into the future, and a job whose worker dies would "
                "wait that long: count from now.",
                _from_the_old_end,
            ),
            Mistake(
                "completed and still in the queue",
                "Once the lease ends, the job would be claimed and done again. What is done is gone: None.",
                _left_in_the_queue,
            ),
        ),
        follow_up="A worker's process is suspended for a minute, its lease ends, and then it writes to "
        "object storage, which knows no tokens. What can still go wrong, and what would you ask of the "
        "storage?",
    ),
)
