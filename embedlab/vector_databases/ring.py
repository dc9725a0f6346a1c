"""Which node holds a key, such that a new node moves few keys: a hash ring, and its two rivals."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

VIRTUAL = 128  # points of a node on the ring
Owner = Callable[[str], Hashable]


def position(key: str) -> int:
    """Hash a key to 64 bits, the same on every machine and in every process.

    Python's own ``hash`` will not do: it is salted anew in each process, so that two routers would disagree.

    Examples
    --------
    >>> position("numpy.abs") == position("numpy.abs"), position("numpy.abs") < 2**64
    (True, True)
    """
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True)
class Ring:
    """Points on a circle of 64-bit numbers; each belongs to a node.

    Attributes
    ----------
    points : tuple of int
        Sorted.
    nodes : tuple of str
        Whose point it is.
    """

    points: tuple[int, ...]
    nodes: tuple[str, ...]

    def owner(self, key: str) -> str:
        """Return the node whose point comes next, clockwise, after that of the key."""
        after = bisect_right(self.points, position(key))
        return self.nodes[after % len(self.nodes)]  # behind the last point, the circle begins again

    def owners(self, key: str, copies: int) -> list[str]:
        """Return the next ``copies`` different nodes: the owner, then where its replicas lie.

        Raises
        ------
        ValueError
            If there are fewer nodes than copies, or no copy is asked for.
        """
        known = len(set(self.nodes))
        if not 1 <= copies <= known:
            raise ValueError(f"copies must be from 1 to the number of nodes, {known}, but is {copies}")
        start, found = bisect_right(self.points, position(key)), []
        for step in range(len(self.nodes)):
            node = self.nodes[(start + step) % len(self.nodes)]
            if node not in found:  # virtual nodes: the next point may be of the same machine
                found.append(node)
            if len(found) == copies:
                break
        return found


def make_ring(nodes: Sequence[str], virtual: int = VIRTUAL) -> Ring:
    """Put ``virtual`` points of each node on the ring (Karger et al. 1997, STOC, section 4).

    With one point each, the arcs differ widely, and so do the nodes' shares. Many points average that out.

    Raises
    ------
    ValueError
        If there are no nodes, one is named twice, or ``virtual`` is less than 1.

    Examples
    --------
    >>> ring = make_ring(["a", "b", "c"])
    >>> ring.owner("numpy.abs"), ring.owners("numpy.abs", 2)
    ('c', ['c', 'b'])
    """
    if not nodes or len(set(nodes)) < len(nodes):
        raise ValueError(f"nodes must be different, and at least one, but they are {list(nodes)}")
    if virtual < 1:
        raise ValueError(f"virtual must be at least 1, but is {virtual}")
    pairs = sorted((position(f"{node}#{i}"), node) for node in nodes for i in range(virtual))
    points, names = zip(*pairs, strict=True)
    return Ring(points, names)


def modulo(nodes: Sequence[str], key: str) -> str:
    """Take the hash modulo the number of nodes: even, but a new node moves nearly all keys.

    Examples
    --------
    >>> modulo(["a", "b", "c"], "numpy.abs")
    'c'
    """
    return nodes[position(key) % len(nodes)]


def rendezvous(nodes: Sequence[str], key: str) -> str:
    """Hash the key with each node; the largest wins (Thaler & Ravishankar 1998, "highest random weight").

    No ring to keep, and even shares. A look-up costs a hash for each node.

    Examples
    --------
    >>> rendezvous(["a", "b", "c"], "numpy.abs") == rendezvous(["c", "b", "a"], "numpy.abs")
    True
    """
    return max(nodes, key=lambda node: position(f"{node}#{key}"))


def jump(key: int, buckets: int) -> int:
    """Return the bucket, from 0, of a 64-bit number (Lamping & Veach 2014, figure 1).

    Five lines, no memory, even shares. But buckets are numbers: only the last one can go.

    Raises
    ------
    ValueError
        If there is no bucket.

    Examples
    --------
    >>> [jump(256, n) for n in (1, 10, 1024)]
    [0, 3, 520]
    """
    if buckets < 1:
        raise ValueError(f"buckets must be at least 1, but is {buckets}")
    bucket, following = -1, 0
    while following < buckets:
        bucket = following
        key = (key * 2862933555777941757 + 1) % 2**64  # a random number, and the seed of the next
        following = int((bucket + 1) * (2**31 / ((key >> 33) + 1)))
    return bucket


def moved(before: Owner, after: Owner, keys: Sequence[str]) -> float:
    """Return the share of the keys whose owner changes.

    The least possible, when a node joins n others, is 1 / (n + 1): what the new one has to hold. Modulo moves
    n / (n + 1).

    Examples
    --------
    >>> keys = [f"document {i}" for i in range(1000)]
    >>> four, five = list("abcd"), list("abcde")
    >>> round(moved(lambda key: modulo(four, key), lambda key: modulo(five, key), keys), 1)
    0.8
    >>> round(moved(make_ring(four).owner, make_ring(five).owner, keys), 1)
    0.2
    """
    return sum(before(key) != after(key) for key in keys) / len(keys)


def largest_share(owner: Owner, keys: Sequence[str], nodes: int) -> float:
    """Return how many times the mean the fullest of the nodes holds: 1 is even.

    Examples
    --------
    >>> largest_share(lambda key: "a", ["x", "y"], nodes=2)
    2.0
    """
    return max(Counter(map(owner, keys)).values()) * nodes / len(keys)
