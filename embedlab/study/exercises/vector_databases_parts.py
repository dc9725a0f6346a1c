"""Exercises of chapter 19: how many results a shard has to give."""

from math import comb

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _fans(rng: np.random.Generator) -> list[tuple]:
    """List (k, shards, depth): one shard, enough and just not enough, deeper than k; then drawn ones."""
    cases = [(1, 1, 1), (2, 1, 1), (10, 1, 9), (2, 2, 1), (2, 2, 2), (3, 2, 1), (3, 2, 2), (3, 5, 1)]
    cases += [(10, 8, 2), (10, 8, 4), (10, 2, 5), (10, 4, 20), (100, 8, 13), (100, 8, 16), (100, 32, 4)]
    cases += [(50, 10, 5), (20, 3, 7)]
    for _ in range(6):
        k, shards = int(rng.integers(2, 40)), int(rng.integers(2, 12))
        cases.append((k, shards, max(1, k // shards + int(rng.integers(-1, 3)))))
    return cases


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _mean(lost, times=lambda k, shards: shards / k, ways=comb):
    """Average over what one shard may hold, by another formula."""

    def share(k, shards, depth):
        p = 1 / shards
        chances = [ways(k, held) * p**held * (1 - p) ** (k - held) for held in range(k + 1)]
        parts = (chance * lost(held, depth) for held, chance in enumerate(chances))
        return float(sum(parts) * times(k, shards))

    return share


def _above(held, depth):
    return max(held - depth, 0)


EXERCISES = (
    Exercise(
        name="recall_lost",
        chapter="19_vector_databases",
        task="Each of the k best documents lies on one of the shards, all equally likely and independently. "
        "Each shard gives only its depth best; all arguments are int, 1 or more. Return the expected share "
        "of the k best that is lost, a float. A shard holds h of them with chance comb(k, h) p^h "
        "(1 - p)^(k - h), p = 1 / shards, and loses those beyond its depth best. 0.0 if depth is k or more.",
        reference="embedlab.vector_databases:recall_lost",
        cases=_fans,
        hints=(
            "What does a shard lose that holds h of the k best, and how likely is each h from 0 to k?",
            "Sum chance * max(h - depth, 0): that is the mean loss of one shard. All shards are alike.",
            "Expected numbers add up, also where shards depend on each other: times shards, by k.",
        ),
        mistakes=(
            Mistake(
                "one shard only",
                "Every shard loses as much: multiply by their number.",
                _mean(_above, lambda k, shards: 1 / k),
            ),
            Mistake(
                "a number, not a share",
                "The expected number of lost documents is divided by k.",
                _mean(_above, lambda k, shards: shards),
            ),
            Mistake(
                "dealt evenly",
                "k / shards is only the mean: some shards hold more by chance, and lose the rest.",
                lambda k, shards, depth: max(0.0, 1 - depth * shards / k),
            ),
            Mistake(
                "chance instead of number",
                "How many are lost matters, not only whether: h - depth, where h is larger.",
                _mean(lambda held, depth: held > depth),
            ),
            Mistake(
                "all of the shard lost",
                "A shard still gives its depth best: of h it loses h - depth.",
                _mean(lambda held, depth: held if held > depth else 0),
            ),
            Mistake(
                "one too many lost",
                "With h equal to depth nothing is lost: h - depth.",
                _mean(lambda held, depth: max(held - depth + 1, 0)),
            ),
            Mistake(
                "comb forgotten",
                "h of the k can be chosen in comb(k, h) ways: without it the chances do not add up to 1.",
                _mean(_above, ways=lambda k, held: 1),
            ),
            Mistake(
                "not cut off at 0",
                "A shard that holds fewer than depth loses nothing; it does not make up for others.",
                _mean(lambda held, depth: held - depth),
            ),
        ),
        follow_up="With 8 shards, how deep must each go for k = 100? And why is it wrong to count on that if "
        "documents are placed by tenant or by cluster?",
    ),
)
