"""Exercises of chapter 22: bytes in memory, replicas without a zone, and what another design beats."""

import math
from itertools import pairwise

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake, lazily

replicas_needed = lazily("embedlab.system_design:replicas_needed")


def _indexes(rng: np.random.Generator) -> list[tuple]:
    """List (vectors, dims, bits, m): no graph, codes that fill no byte, small graphs; then drawn ones."""
    cases = [
        (1, 8, 8, 0),
        (0, 8, 8, 4),
        (2, 8, 32, 0),
        (3, 9, 1, 0),
        (2, 4, 1, 0),
        (6, 8, 8, 2),
        (6, 8, 8, 4),
        (30, 100, 1, 16),
        (300, 384, 32, 16),
        (300, 384, 8, 16),
    ]
    for _ in range(12):
        m = (0, 2, 3, 4, 16)[rng.integers(5)]
        cases.append(
            (int(rng.integers(1, 400)), int(rng.integers(1, 50)), (32, 16, 8, 1)[rng.integers(4)], m)
        )
    return cases


def _memory(code, lower=2, upper=True, link=4):
    def wrong(vectors, dims, bits, m=0):
        links = (lower * m + (m / (m - 1) if upper else 0)) if m else 0.0
        return round(vectors * (code(dims, bits) + link * links))

    return wrong


def _bytes_of(dims, bits):
    return math.ceil(dims * bits / 8)


def _loads(rng: np.random.Generator) -> list[tuple]:
    """List (peak, seconds, busy, zones) in binary fractions, so that quotients are exact; then drawn ones."""
    cases = [
        (1.0, 0.5, 0.5, 1),
        (1.0, 0.5, 0.5, 2),
        (4.0, 0.25, 0.25, 3),
        (5.0, 0.25, 0.5, 3),
        (8.0, 0.125, 1.0, 1),
        (1.0, 0.125, 0.75, 3),
        (10.0, 0.25, 0.5, 4),
        (100.0, 0.0625, 0.75, 3),
        (3.0, 0.5, 0.75, 2),
        (7.0, 0.5, 0.5, 1),
    ]
    for _ in range(14):
        peak, seconds = float(rng.integers(1, 60)), float(rng.integers(1, 32)) / 32
        cases.append((peak, seconds, (0.25, 0.5, 0.75, 1.0)[rng.integers(4)], int(rng.integers(1, 5))))
    return cases


def _no_zone_lost(peak, seconds, busy, zones=1):
    return math.ceil(peak * seconds / busy)


def _one_more(peak, seconds, busy, zones=1):
    return math.ceil(peak * seconds / busy) + (zones > 1)


def _all_busy(peak, seconds, busy, zones=1):
    return replicas_needed(peak, seconds, 1.0, zones)


def _uneven(peak, seconds, busy, zones=1):
    carried = math.ceil(peak * seconds / busy)
    return carried if zones == 1 else math.ceil(carried * zones / (zones - 1))


def _rounded(peak, seconds, busy, zones=1):
    carried = max(1, round(peak * seconds / busy))
    return carried if zones == 1 else zones * math.ceil(carried / (zones - 1))


def _designs(rng: np.random.Generator) -> list[tuple]:
    """List points (dollars, quality): none, one, ties, twins, a front with a step; then drawn ones."""
    cases = [
        [],
        [(1, 1)],
        [(1, 1), (1, 1)],
        [(1, 2), (1, 1)],
        [(1, 1), (2, 1)],
        [(2, 1), (1, 2)],
        [(1, 1), (2, 2)],
        [(3, 1), (2, 2), (1, 3)],
        [(1, 1), (2, 3), (3, 2), (4, 4)],
        [(1, 3), (2, 1), (3, 2)],
    ]
    for _ in range(14):
        many = int(rng.integers(2, 7))
        cases.append([tuple(point) for point in rng.integers(1, 5, (many, 2)).tolist()])
    return [(points,) for points in cases]


def _beaten(beats):
    return lambda points: [any(beats(other, point) for other in points) for point in points]


def _neighbours(points):
    order = sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1]))
    found = [False] * len(points)
    for before, after in pairwise(order):
        found[after] = points[before][1] >= points[after][1] and points[before] != points[after]
    return found


def _the_front(points):
    worse = _beaten(lambda a, b: a[0] <= b[0] and a[1] >= b[1] and a != b)(points)
    return [not one for one in worse]


EXERCISES = (
    Exercise(
        name="memory_of",
        chapter="22_system_design",
        task="How many bytes does an index take in memory? vectors, dims, bits and m are int. Each vector "
        "is a code of dims numbers of so many bits, filled up to whole bytes. If m is not 0 (then it "
        "is at least 2), each vector is also a node of an HNSW graph: 2 m links in the lowest layer "
        "and, at the mean, m / (m - 1) links in the layers above; a link takes 4 bytes. Return the "
        "bytes of all vectors and links together, rounded to an int.",
        reference="embedlab.system_design:memory_of",
        cases=_indexes,
        hints=(
            "Compute the bytes of one vector first. 100 numbers of one bit: how many bytes hold them?",
            "The links of a node are 2 m + m / (m - 1), and none without a graph.",
            "Round once, at the end: the part above the lowest layer is a mean, not a whole number.",
        ),
        mistakes=(
            Mistake(
                "bits taken for bytes",
                "A number of 8 bits takes one byte. Your index is eight times too large.",
                _memory(lambda dims, bits: dims * bits),
            ),
            Mistake(
                "codes not filled up",
                "No vector begins in the middle of a byte: fill each code up to whole bytes.",
                _memory(lambda dims, bits: dims * bits / 8),
            ),
            Mistake(
                "m links in the lowest layer",
                "HNSW allows 2 m in the lowest layer, where all nodes are, and m above.",
                _memory(_bytes_of, lower=1),
            ),
            Mistake(
                "the layers above forgotten",
                "A node stands in 1 / (m - 1) further layers at the mean, with m links in each.",
                _memory(_bytes_of, upper=False),
            ),
            Mistake(
                "links without bytes", "A link is the number of a node: 4 bytes.", _memory(_bytes_of, link=1)
            ),
        ),
        follow_up="Which part does int8 shrink, and which not? From how few dimensions on do links weigh "
        "more than codes?",
    ),
    Exercise(
        name="replicas_needed",
        chapter="22_system_design",
        task="How many replicas carry a peak? peak is a float, requests a second; seconds a float, the "
        "work of each, on a replica that does one at a time; busy a float above 0 and at most 1, the "
        "share of its time that a replica may work; zones an int. Every zone holds equally many "
        "replicas, and with one zone lost the others carry the whole peak within busy. With a single "
        "zone nothing is spared. Return all replicas together, as an int.",
        reference="embedlab.system_design:replicas_needed",
        cases=_loads,
        hints=(
            "Requests a second times seconds of work: how many replicas would be busy all the time?",
            "Divide by busy and round up: so many have to be left when a zone is gone.",
            "They stand in zones - 1 zones. Round up for a zone, then count all zones.",
        ),
        mistakes=(
            Mistake(
                "no zone lost",
                "With a zone gone, fewer are left, and the peak is not smaller.",
                _no_zone_lost,
            ),
            Mistake("one spare", "A zone takes all its replicas with it, and not a single one.", _one_more),
            Mistake(
                "always working", "At 100 % of its time a queue grows without end: mind busy.", _all_busy
            ),
            Mistake(
                "zones of unequal size",
                "Every zone holds equally many: round up for a zone, not for the sum.",
                _uneven,
            ),
            Mistake("rounded to the nearest", "2.3 replicas do not fit into two. Round up.", _rounded),
        ),
        follow_up="With three zones, what share of the machines idles at the peak on a good day? And what is "
        "700 * 0.008 / 0.7 in floats, and its ceil? (The cases divide exactly: a plain ceil is accepted.)",
    ),
    Exercise(
        name="dominated",
        chapter="22_system_design",
        task="Which designs does another one beat? points is a list of tuples (dollars, quality). A point "
        "is dominated if another one costs no more and is no worse, and is better in at least one of "
        "the two. Return a list of bool, one for each point in order; equal points do not dominate "
        "each other.",
        reference="embedlab.system_design:dominated",
        cases=_designs,
        hints=(
            "Compare each point with each other one. With few designs, speed does not matter.",
            "No more dollars and no less quality; then at least one of them strictly.",
            "If the first two hold, 'better in one' means only that the points are not equal.",
        ),
        mistakes=(
            Mistake(
                "better in both",
                "At equal dollars, more quality suffices, and at equal quality, fewer dollars.",
                _beaten(lambda a, b: a[0] < b[0] and a[1] > b[1]),
            ),
            Mistake(
                "twins beat each other",
                "A point is never beaten by itself, nor by one that is equal.",
                _beaten(lambda a, b: a[0] <= b[0] and a[1] >= b[1]),
            ),
            Mistake(
                "better in one of the two",
                "Whoever costs less and is worse has another use. Both have to be no worse.",
                _beaten(lambda a, b: a[0] < b[0] or a[1] > b[1]),
            ),
            Mistake(
                "only the neighbour",
                "A point may be beaten by one that is far cheaper, with others in between.",
                _neighbours,
            ),
            Mistake("the front instead", "True means beaten here, and those left are the front.", _the_front),
        ),
        follow_up="The qualities have intervals, and two designs differ by less. Which of them is "
        "dominated then?",
    ),
)
