"""Exercises of chapter 19: who holds a key, and its copies."""

from bisect import bisect_left, bisect_right

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _rings(rng: np.random.Generator) -> list[tuple]:
    """List (points, key, copies): one node, before, between, on and behind points; then drawn rings."""
    two = {"a": [10, 40], "b": [30, 70]}
    cases = [({"a": [10]}, key, 1) for key in (3, 10, 50)]
    cases += [(two, key, copies) for key in (5, 10, 35, 40, 69, 70, 90) for copies in (1, 2)]
    three = {"c": [50, 12, 15], "a": [20, 90, 95], "b": [60, 40, 8]}
    cases += [(three, key, copies) for key in (0, 10, 12, 16, 45, 60, 91, 99) for copies in (1, 2, 3)]
    for nodes, virtual in ((2, 2), (3, 2), (3, 4), (4, 3), (5, 3)):
        places = iter(rng.permutation(100)[: nodes * virtual].tolist())
        points = {
            name: [next(places) for _ in range(virtual)] for name in rng.permutation(list("abcde")[:nodes])
        }
        points = {str(name): own for name, own in points.items()}
        cases.append((points, int(rng.integers(0, 100)), int(rng.integers(1, nodes + 1))))
    return cases


def _ring(points):
    return sorted((place, node) for node, places in points.items() for place in places)


def ring_owners(points, key, copies):
    """Return the nodes that hold a key, by consistent hashing (Karger et al. 1997).

    `embedlab.vector_databases.Ring.owners` hashes the key first.

    Parameters
    ----------
    points : dict of str to list of int
        The hash values of each node on the ring, all different.
    key : int
        The hash value of a key.
    copies : int
        From 1 to the number of nodes.

    Returns
    -------
    list of str
        The owner first.

    Examples
    --------
    >>> ring_owners({"a": [10, 40], "b": [30, 70]}, key=35, copies=2)
    ['a', 'b']
    >>> ring_owners({"a": [10, 40], "b": [30, 70]}, key=90, copies=1)
    ['a']
    """
    ring = _ring(points)
    start = bisect_right([place for place, _ in ring], key)
    clockwise = [node for _, node in ring[start:] + ring[:start]]
    return list(dict.fromkeys(clockwise))[:copies]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _walk(order, repeats=False):
    """Walk through the points in another order, maybe with repeated nodes."""

    def owners(points, key, copies):
        nodes = [node for _, node in order(_ring(points), key)]
        return (nodes if repeats else list(dict.fromkeys(nodes)))[:copies]

    return owners


def _from(ring, start):
    return ring[start:] + ring[:start]


def _after(ring, key):
    return _from(ring, bisect_right([place for place, _ in ring], key))


def _at_or_after(ring, key):
    return _from(ring, bisect_left([place for place, _ in ring], key))


def _backwards(ring, key):
    return _after(ring, key)[::-1]


def _no_circle(ring, key):
    return [one for one in ring if one[0] > key] or ring[-1:]


def _nearest(ring, key):
    return sorted(ring, key=lambda one: abs(one[0] - key))


def _first_point(points, key, copies):
    return ring_owners({node: places[:1] for node, places in points.items()}, key, copies)


def _next_names(points, key, copies):
    names = sorted(points)
    first = names.index(ring_owners(points, key, 1)[0])
    return [names[(first + i) % len(names)] for i in range(copies)]


def _modulo(points, key, copies):
    names = sorted(points)
    return [names[(key + i) % len(names)] for i in range(copies)]


EXERCISES = (
    Exercise(
        name="ring_owners",
        chapter="19_vector_databases",
        task="Look a key up on a hash ring. points is a dict of each node (str) to its places on the ring, a "
        "list of int in no order, all places different; key is an int, the key's place; copies is an int "
        "from 1 to the number of nodes. Walk upwards from the first place greater than key, after the "
        "greatest place on from the smallest, and collect nodes, each once. Return the first copies of them "
        "as a list: the owner, then where its replicas lie.",
        reference="embedlab.study.exercises.vector_databases_ring:ring_owners",
        cases=_rings,
        hints=(
            "Make one sorted list of (place, node). Where in it does the walk begin?",
            "ring[start:] + ring[:start] goes once around. start may be behind the last place.",
            "bisect.bisect_right finds start; dict.fromkeys drops repeated nodes and keeps the order.",
        ),
        mistakes=(
            Mistake(
                "a replica on the same machine",
                "The next place may be of the same node, and two copies there are lost together: collect "
                "different nodes.",
                _walk(_after, repeats=True),
            ),
            Mistake(
                "backwards",
                "The key belongs to the next place upwards, and so do the replicas.",
                _walk(_backwards),
            ),
            Mistake(
                "no circle",
                "Behind the greatest place the ring begins again at the smallest.",
                _walk(_no_circle),
            ),
            Mistake(
                "the place of the key itself",
                "The place has to be greater than key: an equal one lies behind. All routers must decide "
                "this alike.",
                _walk(_at_or_after),
            ),
            Mistake(
                "the nearest place",
                "Only upwards: the nearest place may lie below the key.",
                _walk(_nearest),
            ),
            Mistake(
                "virtual nodes left out",
                "Each node has several places, so that the shares are even: put all of them on the ring.",
                _first_point,
            ),
            Mistake(
                "replicas by name",
                "The owner is right. The replicas follow on the ring, or the load of a lost node would fall "
                "on one neighbour.",
                _next_names,
            ),
            Mistake(
                "modulo",
                "key % n needs no ring, but a further node then moves nearly every key.",
                _modulo,
            ),
        ),
        follow_up="A fifth node joins four. Which share of the keys moves, from which nodes, and what does a "
        "query see while they are on the way?",
    ),
)
