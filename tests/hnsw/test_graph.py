"""The algorithms of the graph by hand, and what a search counts."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from vectors import unit

from embedlab.hnsw import HNSWIndex, storage
from embedlab.hnsw import graph as hnsw
from embedlab.machine import aligned, pack


@given(st.lists(st.integers(0, 30), max_size=30), st.integers(1, 10))
def test_a_beam_keeps_the_smallest_in_order(values, width):
    beam, size = np.empty(width, np.int64), 0
    for value in values:
        size, at = hnsw.place_in_beam(beam, size, value)
        assert at == size == width or beam[at] == value
    assert beam[:size].tolist() == sorted(values)[:width]


def test_neighbours_in_other_directions_are_chosen():
    # 1 and 2 lie close together on one side of the query, 3 on the other: 2 is reached through 1.
    rows = aligned(4, 2, np.float32)
    rows[:, :2] = [[1, 0], [0.95, 0.3122], [0.93, 0.3676], [0.9, -0.4359]]
    candidates = np.array([pack(rows[0] @ rows[i], i) for i in (1, 2, 3)])
    chosen, scratch = np.empty(4, np.int32), np.zeros(rows.shape[1], np.float32)
    count = hnsw.select_neighbours(rows, candidates, 3, 4, chosen, scratch)
    assert chosen[:count].tolist() == [1, 3]
    assert hnsw.select_neighbours(rows, candidates, 3, 1, chosen, scratch) == 1


def test_none_is_compared_twice_on_a_layer(monkeypatch):
    # Two vectors, both on layers 0 and 1: the entry, and on each layer the other one.
    monkeypatch.setattr(storage, "draw_levels", lambda chances, m: np.ones(len(chances), np.int32))
    index = HNSWIndex(2)
    index.add(np.eye(2))
    for query in np.eye(2):
        index.search(query[None], 1)
        assert index.compared == 3


def test_it_counts_every_comparison_once(monkeypatch):
    index, calls = HNSWIndex(8, m=4, ef_construction=20), []
    index.add(unit(400, dims=8), show_progress=False)
    assert index.top > 1
    compare = hnsw.compare

    def counting(graph, query, i):
        calls.append(i)
        return compare(graph, query, i)

    for name in ("search", "descend", "search_layer", "unseen_neighbours"):  # run as plain Python
        monkeypatch.setattr(hnsw, name, getattr(hnsw, name).py_func)
    monkeypatch.setattr(hnsw, "prefetch", lambda rows, i: None)
    monkeypatch.setattr(hnsw, "compare", counting)
    index.search(unit(10, 1, dims=8), 5, ef=12)
    assert index.compared == len(calls) / 10
