"""What stood before graphs: hashing by random hyperplanes, and trees of random projections. To read.

Both find candidates, which are then compared exactly: the measure is how many candidates hold the nearest.
"""

from heapq import heapify, heappop, heappush
from itertools import count

import numpy as np

from embedlab.index import Floats, Ints, as_vectors, whole


class HyperplaneLSH:
    """Hash tables whose keys are the sides of random hyperplanes (Charikar 2002), probed at several keys.

    Two vectors at the angle t lie on the same side of a hyperplane with probability 1 - t / pi. A key of
    ``bits`` sides separates; several tables give those that were separated by chance another chance.

    Parameters
    ----------
    vectors : float32 array (n, d)
    bits : int
        Of a key, at most 62: about n / 2**bits vectors share one.
    tables : int
    seed : int

    Examples
    --------
    >>> vectors = np.random.default_rng(0).normal(size=(1000, 16)).astype(np.float32)
    >>> lsh = HyperplaneLSH(vectors, bits=6, tables=4)
    >>> 7 in lsh.candidates(vectors[7], probes=1), len(lsh.candidates(vectors[7], probes=1)) < 300
    (True, True)
    """

    def __init__(self, vectors: Floats, bits: int = 12, tables: int = 8, *, seed: int = 0):
        self.bits, self.tables = whole("bits", bits), whole("tables", tables)
        if bits > 62:
            raise ValueError(f"bits must be at most 62, but is {bits}")
        dims = vectors.shape[1]
        planes = np.random.default_rng(seed).normal(size=(tables, dims, bits))
        self.planes = planes.astype(np.float32)  # (tables, d, bits)
        self.powers = 1 << np.arange(bits)
        keys = np.stack([(vectors @ part > 0) @ self.powers for part in self.planes])  # (tables, n)
        self.order = np.argsort(keys, axis=1, kind="stable")  # vectors of one key stand together
        self.keys = np.take_along_axis(keys, self.order, axis=1)

    def candidates(self, query: Floats, probes: int = 1) -> Ints:
        """Return who stands under the ``probes`` most likely keys of each table, each once, in order."""
        (query,), found = as_vectors(query[None], self.planes.shape[1]), []
        for planes, keys, order in zip(self.planes, self.keys, self.order, strict=True):
            margins = query @ planes
            near = np.argsort(np.abs(margins))  # sides that a neighbour may well lie beyond
            key, costs = int((margins > 0) @ self.powers), np.abs(margins)[near] ** 2
            for flips in likely_flips(costs, whole("probes", probes)):
                probe = key ^ int(self.powers[near[list(flips)]].sum())
                start, end = np.searchsorted(keys, (probe, probe + 1))
                found.append(order[start:end])
        return np.unique(np.concatenate(found))


def likely_flips(costs: Floats, probes: int) -> list[tuple[int, ...]]:
    """List the sets of bits to flip, cheapest sum first (Lv et al., VLDB 2007, query-directed probing).

    Parameters
    ----------
    costs : array (bits,), ascending
        Squared distances to the hyperplanes.
    probes : int
        Sets to list; the first is empty.

    Examples
    --------
    >>> likely_flips(np.array([1.0, 2.0, 4.0]), 5)
    [(), (0,), (1,), (0, 1), (2,)]
    """
    sets: list[tuple[int, ...]] = [()]
    heap = [(float(costs[0]), (0,))]
    while heap and len(sets) < probes:
        cost, flips = heappop(heap)
        sets.append(flips)
        last = flips[-1]
        if last + 1 < len(costs):  # move the last one on, or take one more
            step = float(costs[last + 1])
            heappush(heap, (cost - float(costs[last]) + step, (*flips[:-1], last + 1)))
            heappush(heap, (cost + step, (*flips, last + 1)))
    return sets


class ProjectionForest:
    """Trees that halve the vectors at the median of a random projection, until few are left in a leaf.

    The trees of Dasgupta & Freund (STOC 2008, there with a jittered median); several of them, searched
    through one queue as Annoy does: the leaf next that lies behind the nearest boundary.

    Parameters
    ----------
    vectors : float32 array (n, d)
    trees : int
    leaf : int
        Most vectors in a leaf.
    seed : int

    Examples
    --------
    >>> vectors = np.random.default_rng(0).normal(size=(1000, 16)).astype(np.float32)
    >>> forest = ProjectionForest(vectors, trees=4, leaf=32)
    >>> found = forest.candidates(vectors[7], 100)
    >>> 7 in found, 100 <= len(found) < 132
    (True, True)
    """

    def __init__(self, vectors: Floats, trees: int = 8, leaf: int = 32, *, seed: int = 0):
        self.vectors, self.leaf = vectors, whole("leaf", leaf)
        self.rng = np.random.default_rng(seed)
        self.trees = [self._split(np.arange(len(vectors))) for _ in range(whole("trees", trees))]

    def _split(self, ids: Ints):
        """Return a leaf, its ids; or a direction, the median along it, and the two halves."""
        if len(ids) <= self.leaf:
            return ids
        direction = self.rng.normal(size=self.vectors.shape[1]).astype(np.float32)
        direction /= np.linalg.norm(direction)
        along = self.vectors[ids] @ direction
        order, half = np.argsort(along, kind="stable"), len(ids) // 2
        median = (along[order[half - 1]] + along[order[half]]) / 2
        return direction, median, self._split(ids[order[:half]]), self._split(ids[order[half:]])

    def candidates(self, query: Floats, least: int) -> Ints:
        """Return who stands in the nearest leaves, each once: at least so many, in order."""
        (query,), found, tie = as_vectors(query[None], self.vectors.shape[1]), set(), count()
        heap = [(0.0, next(tie), tree) for tree in self.trees]  # the farthest boundary that was crossed
        heapify(heap)
        while heap and len(found) < whole("least", least):
            crossed, _, node = heappop(heap)
            while not isinstance(node, np.ndarray):
                direction, median, below, above = node
                margin = float(query @ direction - median)
                node, other = (above, below) if margin > 0 else (below, above)
                heappush(heap, (max(crossed, abs(margin)), next(tie), other))
            found.update(node.tolist())
        return np.array(sorted(found), np.int64)
