"""Exercises of chapter 18: effects beside a broker."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _runs(rng: np.random.Generator) -> list[tuple]:
    """List (messages, batch, kills): nothing, no kill, kills within, at the end of a batch; drawn ones."""
    cases = [(0, 1, []), (0, 2, [1]), (1, 1, []), (3, 2, []), (1, 1, [0]), (1, 1, [1]), (1, 1, [2])]
    cases += [(2, 1, [1]), (2, 1, [2]), (2, 2, [1]), (2, 2, [2]), (2, 2, [1, 1]), (2, 2, [0, 1])]
    cases += [(3, 2, [1]), (3, 2, [2]), (3, 2, [3]), (3, 2, [5]), (4, 2, [3]), (4, 2, [4]), (4, 4, [3, 2])]
    cases += [(4, 2, [3, 1]), (5, 2, [1, 3])]
    for _ in range(8):
        messages, batch = int(rng.integers(4, 9)), int(rng.integers(1, 5))
        cases.append((messages, batch, rng.integers(0, 6, int(rng.integers(1, 4))).tolist()))
    return cases


def times_done(messages, batch, kills):
    """Return how often each message has its effect, if workers are killed before they acknowledge.

    `embedlab.pipelines.deliver` does it with processes and a broker.

    Parameters
    ----------
    messages : int
    batch : int
        Messages that a worker fetches at a time, 1 or more.
    kills : list of int
        After how many effects of its whole life each worker is killed; the one after all of them is not.
        A kill right after the last effect of a batch comes before the acknowledgement.

    Returns
    -------
    list of int

    Examples
    --------
    >>> times_done(5, batch=2, kills=[1, 3])
    [2, 1, 2, 1, 1]
    """
    done, first = [0] * messages, 0
    for left in [*kills, messages + 1]:
        while first < messages:
            last = min(first + batch, messages)
            for message in range(first, min(first + left, last)):
                done[message] += 1
            left -= last - first
            if left <= 0:
                break  # before it acknowledges: the next worker begins at `first`
            first = last
    return done


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _by(upto=lambda first, last, left: min(first + left, last), killed=0, lost=False, follows=True):
    """Make other effects of a batch, end a worker later, lose its batch, or let nobody follow."""

    def run(messages, batch, kills):
        done, first = [0] * messages, 0
        for left in [*kills, messages + 1] if follows else kills:
            while first < messages:
                last = min(first + batch, messages)
                for message in range(first, upto(first, last, left)):
                    done[message] += 1
                left -= last - first
                if left <= killed:
                    first = last if lost else first
                    break
                first = last
        return done

    return run


def _one_by_one(messages, batch, kills):
    return times_done(messages, 1, kills)


def _from_the_start(messages, batch, kills):
    done = [0] * messages
    for left in [*kills, messages + 1]:
        for message in range(min(left, messages)):
            done[message] += 1
        if left > messages:
            break
    return done


EXERCISES = (
    Exercise(
        name="times_done",
        chapter="18_pipelines",
        task="How often does each message have its effect? Messages 0 to messages - 1 lie at a broker. A "
        "worker fetches the first batch (int, 1 or more) that are not acknowledged, makes their effects one "
        "by one, acknowledges them together, and fetches again, until none is left. kills is a list of "
        "int: worker i is killed right after effect number kills[i] of its whole life, over all of its "
        "batches (0: before any); if that ends a batch, before the acknowledgement. "
        "The next goes on; after all of kills comes one that is not killed. "
        "Return a list of int.",
        reference="embedlab.study.exercises.pipelines_redelivered:times_done",
        cases=_runs,
        hints=(
            "Keep two things between workers: the counts, and the first message that is not acknowledged.",
            "A loop over kills and one more; in it a loop over batches. How many effects does the worker "
            "have left for this batch?",
            "If its effects end within the batch or with it, it is killed before it acknowledges: leave the "
            "first message where it is.",
        ),
        mistakes=(
            Mistake(
                "exactly once",
                "An effect and its acknowledgement are two writes, and a worker may be killed in between: "
                "then the message comes again.",
                lambda messages, batch, kills: [1] * messages,
            ),
            Mistake(
                "acknowledged when fetched",
                "What is acknowledged before its effect is lost if the worker is killed: at most once.",
                _by(lost=True),
            ),
            Mistake(
                "acknowledged one by one",
                "They are acknowledged together, at the end of the batch: a kill in it brings back all that "
                "was done of it.",
                _one_by_one,
            ),
            Mistake(
                "killed after the acknowledgement",
                "Right after its effect: if that was the last of its batch, nothing of it is acknowledged.",
                _by(killed=-1),
            ),
            Mistake(
                "from the start again",
                "Batches that were acknowledged do not come again: the broker remembers them.",
                _from_the_start,
            ),
            Mistake(
                "the batch to its end",
                "The worker is killed in the middle of a batch: the effects behind are not made.",
                _by(lambda first, last, left: last if left > 0 else first),
            ),
            Mistake(
                "nobody follows",
                "After the last kill comes a worker that is not killed, and does what is left.",
                _by(follows=False),
            ),
        ),
        follow_up="Make the effect happen once for every message. What is the key, where does it lie, and "
        "why does the broker's own deduplication window not do? And if the effect is an e-mail?",
    ),
)
