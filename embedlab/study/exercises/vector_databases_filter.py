"""Exercises of chapter 19: a search with a condition."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _scans(rng: np.random.Generator) -> list[tuple]:
    """List (ranked, passing, k, step, most): nothing, all and none pass, both limits; then drawn ones."""
    cases = [
        ([], set(), 1, 2, 10),
        ([4], {4}, 1, 2, 10),
        ([4], set(), 1, 2, 10),
        ([4, 7], {7}, 1, 1, 10),
        ([4, 7], {7}, 1, 1, 1),
        ([4, 7], {7}, 1, 1, 0),
        ([4, 7], {4}, 1, 1, 0),
        ([4, 7, 1], {4, 7}, 1, 2, 9),
        ([4, 7, 1], {4, 7, 1}, 2, 3, 0),
        ([5, 3, 8, 1], {3, 1}, 1, 4, 9),
        ([5, 3, 8, 1], {3, 1}, 2, 2, 9),
        ([5, 3, 8, 1], {3, 1}, 2, 3, 9),
        ([5, 3, 8, 1], {1}, 1, 2, 3),
        ([5, 3, 8, 1, 6, 2], {2}, 1, 2, 3),
        ([5, 3, 8, 1, 6, 2], {2, 3}, 2, 2, 4),
        ([5, 3, 8, 1, 6, 2], {1, 6}, 2, 4, 5),
    ]
    for n in (8, 10, 12, 16, 20, 24):
        ranked = rng.permutation(n).tolist()
        passing = set(rng.permutation(n)[: max(2, n // 4)].tolist())
        k, step = int(rng.integers(1, 5)), int(rng.integers(2, 6))
        cases += [(ranked, passing, k, step, most) for most in (0, int(rng.integers(step, n)), 2 * n)]
    return cases


def iterative_scan(ranked, passing, k, step, most):
    """Search a graph, and check a condition on what it gives, batch by batch.

    A model of pgvector 0.8's iterative scans in strict order: step is ``hnsw.ef_search``, most
    ``hnsw.max_scan_tuples``, which does not limit the first scan.

    Parameters
    ----------
    ranked : list of int
        Ids as the graph gives them, best first.
    passing : set of int
        Ids that meet the condition.
    k, step, most : int
        Results wanted, ids of a batch, ids scanned until no further batch is read.

    Returns
    -------
    list of int
        At most k ids.
    int
        How many were scanned.

    Examples
    --------
    >>> iterative_scan([5, 3, 8, 1], {1}, k=1, step=2, most=0)
    ([], 2)
    >>> iterative_scan([5, 3, 8, 1], {1}, k=1, step=2, most=100)
    ([1], 4)
    """
    found, scanned = [], 0
    while scanned < len(ranked) and len(found) < k and (scanned == 0 or scanned < most):
        batch = ranked[scanned : scanned + step]
        scanned += len(batch)
        found += [i for i in batch if i in passing]
    return found[:k], scanned


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _once(ranked, passing, k, step, most):
    return iterative_scan(ranked, passing, k, step, 0)


def _never_gives_up(ranked, passing, k, step, most):
    return iterative_scan(ranked, passing, k, step, len(ranked) + 1)


def _filtered_first(ranked, passing, k, step, most):
    found = [i for i in ranked if i in passing][:k]
    return found, len(found)


def _whole_batches(ranked, passing, k, step, most):
    scanned = iterative_scan(ranked, passing, k, step, most)[1]
    return [i for i in ranked[:scanned] if i in passing], scanned


def _stops_within(ranked, passing, k, step, most):
    found, scanned = iterative_scan(ranked, passing, k, step, most)
    return found, ranked.index(found[-1]) + 1 if len(found) == k else scanned


def _first_limited(ranked, passing, k, step, most):
    return iterative_scan(ranked, passing, k, step, most) if most else ([], 0)


def _cut_at_most(ranked, passing, k, step, most):
    return iterative_scan(ranked[: max(step, most)], passing, k, step, most)


def _counts_what_passed(ranked, passing, k, step, most):
    found, _ = iterative_scan(ranked, passing, k, step, most)
    return found, len(found)


EXERCISES = (
    Exercise(
        name="iterative_scan",
        chapter="19_vector_databases",
        task="Filter what a graph finds, as pgvector does. ranked is a list of int, ids as the graph gives "
        "them, best first; passing is the set of those that meet the condition; k, step (1 or more) and most "
        "are int. Read ranked in batches of step. The first is read in any case; another one, whole again, "
        "while fewer than k ids have passed, fewer than most were scanned, and ids are left. Return a tuple: "
        "the first k ids that passed (list), and how many were scanned.",
        reference="embedlab.study.exercises.vector_databases_filter:iterative_scan",
        cases=_scans,
        hints=(
            "With most = 0 one batch is read: that is post-filtering, which may return nothing.",
            "Keep found and scanned, and let one while ask all three conditions for a further batch.",
            "Scanned counts every id of the batches, passing or not. Cut found to k in the end.",
        ),
        mistakes=(
            Mistake(
                "one batch only",
                "That is post-filtering: where few rows pass, it returns fewer than k. Read on.",
                _once,
            ),
            Mistake(
                "never gives up",
                "A rare condition would read the whole graph: no further batch once most ids were scanned.",
                _never_gives_up,
            ),
            Mistake(
                "filtered before the search",
                "The graph does not know the condition: it gives ids by distance, and each of them is "
                "scanned, whether it passes or not.",
                _filtered_first,
            ),
            Mistake(
                "more than k",
                "A batch may hold more passing ids than are still missing: return the first k.",
                _whole_batches,
            ),
            Mistake(
                "stops within a batch",
                "A batch is read whole before its ids are checked, and counts as scanned.",
                _stops_within,
            ),
            Mistake(
                "limit on the first batch",
                "most is asked before a further batch only: the first one is read also with most = 0.",
                _first_limited,
            ),
            Mistake(
                "cut at most",
                "most is a soft limit: a batch that was begun below it is read whole.",
                _cut_at_most,
            ),
            Mistake(
                "only what passed counted",
                "The work is in what was scanned: count every id of the batches that were read.",
                _counts_what_passed,
            ),
        ),
        follow_up="A tenant owns 0.1 % of 10 million rows, and ef_search is 40. How many rows does a "
        "post-filter return, how many must an iterative scan read for 10, and what would you build instead?",
    ),
)
