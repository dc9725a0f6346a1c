"""Exercise of chapter 16: which links a vector keeps in Vamana's graph."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _choices(rng: np.random.Generator) -> list[tuple]:
    """List (i, candidates, vectors, alpha, degree) of whole numbers and exact factors: a line first."""
    line = [[0, 0], [2, 0], [5, 0], [-4, 0], [6, 1]]
    cases = [
        (0, set(), line, 1.0, 2),
        (0, {0}, line, 1.0, 2),
        (0, {1}, line, 1.0, 2),
        (0, {2, 1}, line, 1.0, 2),
    ]
    cases += [(0, {1, 2, 3}, line, alpha, degree) for alpha in (1.0, 1.25, 4.0) for degree in (1, 2, 3)]
    cases += [(0, {0, 1, 2, 3, 4}, line, alpha, degree) for alpha in (1.0, 2.0) for degree in (2, 3, 4)]
    equal = [[0, 0], [2, 2], [4, 0], [3, 1], [2, 2]]
    cases += [(0, {2, 1}, equal, 1.0, 2), (0, {1, 3}, equal, 1.0, 2), (0, {1, 2, 3}, equal, 1.0, 3)]
    between = [[0, 0], [4, 0], [2, 5], [2, -6], [-1, -1]]  # 2 and 3 lie as near to 1 as to 0
    cases += [(0, {1, 4}, equal, 1.25, 2), (0, {1, 2}, between, 1.0, 2), (0, {1, 2, 3}, between, 1.0, 3)]
    cases += [(0, {1, 2, 3, 4}, between, 1.25, 3)]
    for n, degree, alpha in [
        (6, 3, 1.25),
        (8, 3, 1.5),
        (10, 4, 1.25),
        (12, 4, 2.0),
        (14, 5, 1.5),
        (16, 6, 1.25),
    ]:
        for _ in range(2):
            vectors, i = rng.integers(-9, 10, (n, 3)), int(rng.integers(n))
            candidates = set(rng.permutation(n)[: n - 2].tolist())
            cases.append((i, candidates, vectors, alpha, degree))
    return [(i, candidates, np.float32(vectors), *rest) for i, candidates, vectors, *rest in cases]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _prune(
    factors=lambda alpha: (1.0, alpha),
    leads=lambda factor, between, direct: factor * between <= direct,
    look_at=slice(None),
    order=lambda direct: sorted(direct, key=lambda j: (direct[j], j)),
    root=False,
    itself=False,
    most=lambda degree: degree,
    fill=False,
):
    """Choose as it should be, but for one thing."""

    def prune(i, candidates, vectors, alpha, degree):
        def distance(a, b):
            square = float(((vectors[a] - vectors[b]) ** 2).sum())
            return square**0.5 if root else square

        direct = {j: distance(i, j) for j in candidates if itself or j != i}
        chosen = []
        for factor in factors(alpha):
            for j in order(direct):
                led_to = any(leads(factor, distance(p, j), direct[j]) for p in chosen[look_at])
                if len(chosen) < most(degree) and j not in chosen and not led_to:
                    chosen.append(j)
        rest = [j for j in order(direct) if j not in chosen] if fill else []
        return (chosen + rest)[: most(degree)]

    return prune


EXERCISES = (
    Exercise(
        name="robust_prune",
        chapter="16_scale",
        task="Choose the links of vector i in Vamana's graph. i is an int, candidates a set of int (i may "
        "be among them, and is no link), vectors float32 (n, d), alpha a float of at least 1, degree an "
        "int. Distances are squared. Twice, with the factor 1 and then with alpha, go through the "
        "candidates from near to far, of equal ones the smaller number first; choose one that is not "
        "chosen yet unless some p chosen before leads to it: factor * |p - j|² <= |i - j|². Stop at "
        "degree links. Return them as a list in the order of choosing.",
        reference="embedlab.scale:robust_prune",
        cases=_choices,
        hints=(
            "Distances from i to each candidate once, sorted by (distance, number).",
            "In each round, a candidate needs a look at all that are chosen by then, of the first round, "
            "too.",
            "led_to = any(factor * distance(p, j) <= direct[j] for p in chosen)",
        ),
        mistakes=(
            Mistake(
                "one round with alpha",
                "That is the paper's Algorithm 2. DiskANN's code, and this task, first choose with the "
                "factor 1: then near ones that lead nowhere new do not take all places.",
                _prune(lambda alpha: (alpha,)),
            ),
            Mistake(
                "alpha left out, or on the wrong side",
                "With the factor 1 alone this is HNSW's heuristic, and alpha * |i - j|² passes over even "
                "more. The second round adds links where the way through p hardly comes nearer.",
                _prune(lambda alpha: (1.0,)),
            ),
            Mistake(
                "the nearest",
                "Nothing is passed over, so all links lead into the same corner: look at what the chosen "
                "ones lead to.",
                _prune(leads=lambda factor, between, direct: False),
            ),
            Mistake(
                "filled up with the nearest",
                "What both rounds pass over is reached through a chosen one: fewer links than degree are "
                "fine.",
                _prune(fill=True),
            ),
            Mistake(
                "distances not squared",
                "Roots make alpha act as its square does here: 1.2 of squared distances is 1.095 of "
                "distances.",
                _prune(root=True),
            ),
            Mistake(
                "only the last chosen asked",
                "Any of those chosen before may lead to the candidate.",
                _prune(look_at=slice(-1, None)),
            ),
            Mistake(
                "a link to itself",
                "i has the distance 0 to itself, is chosen first, and leads to everything: leave it out.",
                _prune(itself=True),
            ),
            Mistake(
                "in the order of numbers",
                "Near ones come first: a far one chosen early takes a place, and makes none superfluous.",
                _prune(order=sorted),
            ),
            Mistake(
                "degree not kept",
                "A vector has room for degree links, in both rounds together.",
                _prune(most=lambda degree: 10**9),
            ),
            Mistake(
                "only if it comes nearer",
                "One that lies as near to p as to i is passed over, too: compare with <=.",
                _prune(leads=lambda factor, between, direct: factor * between < direct),
            ),
        ),
        follow_up="Why does a larger alpha shorten walks, what does it cost in links and comparisons, and "
        "where does that pay: in memory, or on a disk?",
    ),
)
