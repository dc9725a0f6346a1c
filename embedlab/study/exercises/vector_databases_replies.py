"""Exercises of chapter 19: an answer by the deadline."""

import math
from itertools import chain, zip_longest

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _requests(rng: np.random.Generator) -> list[tuple]:
    """List (answers, k, deadline): empty, late, at the deadline, never, ties over shards; then drawn ones."""
    one, two = [(0.9, 4), (0.3, 1)], [(0.5, 2)]
    cases = [
        ([(1.0, [])], 1, 5.0),
        ([(1.0, two)], 1, 5.0),
        ([(5.0, two)], 1, 5.0),
        ([(6.0, two)], 1, 5.0),
        ([(math.inf, two)], 1, 5.0),
        ([(1.0, one)], 1, 5.0),
        ([(1.0, one)], 5, 5.0),
        ([(1.0, two), (2.0, one)], 2, 5.0),
        ([(1.0, two), (9.0, one)], 2, 5.0),
        ([(1.0, two), (5.0, one)], 3, 5.0),
        ([(2.0, [(0.5, 7)]), (1.0, [(0.5, 3)])], 1, 5.0),
        ([(2.0, [(0.5, 3), (0.5, 8)]), (1.0, [(0.5, 5)])], 3, 5.0),
        ([(1.0, [(-0.2, 1)]), (1.0, [(-0.1, 2)]), (math.inf, [(0.9, 3)])], 2, 2.0),
        ([(1.0, [(0.9, 1), (0.8, 2)]), (1.0, [(0.2, 3), (0.1, 4)])], 2, 2.0),
    ]
    for shards in (2, 3, 3, 4, 5, 8):
        ids, answers = iter(rng.permutation(10 * shards).tolist()), []
        for _ in range(shards):
            scores = sorted((rng.integers(0, 9, int(rng.integers(1, 5))) / 8).tolist(), reverse=True)
            found = sorted(((score, next(ids)) for score in scores), key=lambda one: (-one[0], one[1]))
            seconds = float(rng.choice([1.0, 2.0, 4.0, 5.0, 8.0, math.inf]))
            answers.append((seconds, found))
        cases.append((answers, int(rng.integers(2, 6)), 5.0))
    return cases


def answer_in_time(answers, k, deadline):
    """Merge what the shards have found by the deadline.

    `embedlab.vector_databases.merge` merges arrays, and its `ShardedIndex` waits.

    Parameters
    ----------
    answers : list of (seconds, list of (score, id))
        One of each shard; its results best first.
    k : int
    deadline : float

    Returns
    -------
    list of int
        At most k ids, best first, of equal scores the smaller id first.
    float
        The share of the shards that have answered.

    Examples
    --------
    >>> answer_in_time([(1.0, [(0.5, 2)]), (9.0, [(0.9, 4)])], k=2, deadline=5.0)
    ([2], 0.5)
    """
    there = [found for seconds, found in answers if seconds <= deadline]
    merged = sorted(chain(*there), key=lambda one: (-one[0], one[1]))
    return [i for _, i in merged[:k]], len(there) / len(answers)


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _waits(answers, k, deadline):
    return answer_in_time([(0.0, found) for _, found in answers], k, deadline)


def _before(answers, k, deadline):
    return answer_in_time(answers, k, math.nextafter(deadline, 0))


def _ordered(order):
    """Put the results of those in time in another order."""

    def gather(answers, k, deadline):
        there = [found for seconds, found in answers if seconds <= deadline]
        return [i for _, i in order(there)[:k]], len(there) / len(answers)

    return gather


def _in_turns(there):
    return [one for place in zip_longest(*there) for one in place if one is not None]


def _of_the_results(answers, k, deadline):
    found, _ = answer_in_time(answers, k, deadline)
    return found, len(found) / k


def _all_or_nothing(answers, k, deadline):
    found, share = answer_in_time(answers, k, deadline)
    return (found if share == 1 else []), share


EXERCISES = (
    Exercise(
        name="answer_in_time",
        chapter="19_vector_databases",
        task="Gather from shards until a deadline. answers is a list (one or more) of a tuple for "
        "each shard: its seconds (float; math.inf if it never answers) and its results, a list of tuples "
        "(score, id), best first. A shard is in time if its seconds are at most deadline. Return a tuple: of "
        "the results in time the ids of the k largest scores, best first, of equal scores the smaller id "
        "first (list of int, maybe shorter); and the share of the shards that were in time (float).",
        reference="embedlab.study.exercises.vector_databases_replies:answer_in_time",
        cases=_requests,
        hints=(
            "First decide who is in time. What the others found is not there yet.",
            "Throw all results in time together and sort them: scores mean the same on every shard.",
            "sorted(..., key=lambda one: (-one[0], one[1])) puts larger scores, then smaller ids, first.",
        ),
        mistakes=(
            Mistake(
                "waits for all",
                "One shard that hangs would hold up every request: leave out what came after the deadline.",
                _waits,
            ),
            Mistake(
                "the deadline itself left out",
                "Who answers at the deadline is in time: compare with <=.",
                _before,
            ),
            Mistake(
                "the larger id first",
                "Of equal scores the smaller id comes first, as in a search of the whole: reverse=True turns "
                "ids round, too.",
                _ordered(lambda there: sorted(chain(*there), reverse=True)),
            ),
            Mistake(
                "not merged",
                "The second shard may hold better results than the first: sort all of them together.",
                _ordered(lambda there: list(chain(*there))),
            ),
            Mistake(
                "in turns",
                "The first of a shard that holds nothing useful is not better than the second of another: "
                "compare scores, not places.",
                _ordered(_in_turns),
            ),
            Mistake(
                "the smallest scores",
                "Larger is better here: these are scores, not distances.",
                _ordered(lambda there: sorted(chain(*there))),
            ),
            Mistake(
                "share of k",
                "A full list says nothing about what is missing: return the share of the shards in time.",
                _of_the_results,
            ),
            Mistake(
                "all or nothing",
                "Seven of eight shards hold most of the results: return what is there, and say how much of "
                "it.",
                _all_or_nothing,
            ),
        ),
        follow_up="The client gets half of the shards' results. What does the response have to say, may it "
        "go into a cache, and what would you rather do than give up at the deadline: hedge, or drop a shard?",
    ),
)
