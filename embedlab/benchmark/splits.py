"""Train and test: no document is relevant on both sides."""

from collections import defaultdict
from itertools import chain

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def split(doc_ids: list[str], queries: list[tuple[str, list[int]]], seed: int) -> tuple[list[int], list[int]]:
    """Deal the queries into train and test such that no document is a target on both sides.

    Queries that share a document, directly or through others, form a group (a connected component), and a
    group goes to one side as a whole: in random order, each to the side that has fewer queries of its
    package, since some packages are harder than others.
    """
    pairs = [(i, target) for i, (_, targets) in enumerate(queries) for target in targets]
    rows, columns = np.array(pairs).T
    size = len(queries) + columns.max() + 1  # queries and documents are the nodes of one graph
    graph = coo_array((np.ones(len(pairs)), (rows, len(queries) + columns)), shape=(size, size))
    group = connected_components(graph, directed=False)[1][: len(queries)]
    sides: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for number in np.random.default_rng(seed).permutation(np.unique(group)):
        members = np.flatnonzero(group == number).tolist()
        package = doc_ids[queries[members[0]][1][0]].split(".")[0]
        min(sides[package], key=len).extend(members)
    train, test = (sorted(chain.from_iterable(side)) for side in zip(*sides.values(), strict=True))
    return train, test
