"""Train, dev and test: no document is relevant on two sides."""

import hashlib
from collections import defaultdict
from itertools import accumulate

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

# To fit, to choose, and to look at once.
SHARES = {"train": 0.5, "dev": 0.2, "test": 0.3}


def deal(doc_ids: list[str], queries: list[tuple[str, list[int]]], seed: int) -> dict[str, list[int]]:
    """Deal the queries into train, dev and test such that no document is a target on two sides.

    Queries that share a document, directly or through others, form a group (a connected component), and a
    group goes to one side as a whole. Each package is dealt by itself, since some are harder than others: its
    groups in the order of a hash of their first document's id, the first half to train, and so on. So the
    dealing does not depend on the machine, and another version of a library, which adds a few documents,
    moves a few groups at the borders and leaves all others on their sides: what was trained elsewhere on the
    train side has seen next to nothing of test.
    """
    pairs = [(i, target) for i, (_, targets) in enumerate(queries) for target in targets]
    rows, columns = np.array(pairs).T
    size = len(queries) + columns.max() + 1  # queries and documents are the nodes of one graph
    graph = coo_array((np.ones(len(pairs)), (rows, len(queries) + columns)), shape=(size, size))
    component = connected_components(graph, directed=False)[1]
    groups: dict[int, list[int]] = defaultdict(list)
    for query, number in enumerate(component[: len(queries)].tolist()):
        groups[number].append(query)
    packages: dict[str, list[tuple[str, list[int]]]] = defaultdict(list)
    for members in groups.values():
        first = min(doc_ids[target] for query in members for target in queries[query][1])
        digest = hashlib.sha256(f"{seed} {first}".encode()).hexdigest()
        packages[first.split(".")[0]].append((digest, members))
    sides: dict[str, list[int]] = {side: [] for side in SHARES}
    ends = list(zip(SHARES, accumulate(SHARES.values()), strict=True))
    for dealt in packages.values():
        total, done = sum(len(members) for _, members in dealt), 0
        for _, members in sorted(dealt):
            middle = (done + len(members) / 2) / total
            sides[next(side for side, end in ends if middle < end)] += members
            done += len(members)
    return {side: sorted(members) for side, members in sides.items()}
