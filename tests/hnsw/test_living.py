"""What is not deleted is known from one search to the next: it must never be what was not deleted before."""

import copy
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import exact, filled, unit

from embedlab.hnsw import HNSWIndex

VECTORS, QUERIES = unit(400), unit(3, 1)
STEPS = st.one_of(
    st.tuples(st.just("add"), st.integers(0, 40)),
    st.tuples(st.just("delete"), st.lists(st.floats(0, 0.999), max_size=20)),
    st.tuples(st.just("search"), st.none() | st.floats(0, 1)),
    st.tuples(st.just("repair"), st.none()),
    st.tuples(st.just("copy"), st.none()),
)


def take(index, step, value):
    """Take one step; what it leads to is looked at by `agrees`."""
    if step == "add":
        index.add(VECTORS[len(index) : len(index) + value])
    elif step == "delete":
        index.delete((np.array(value) * len(index)).astype(int))
    elif step == "repair":
        index.repair()
    return copy.deepcopy(index) if step == "copy" else index


def agrees(index, deleted, share):
    """Tell whether an index finds what a fresh one finds that knows nothing from earlier searches."""
    mask = None if share is None else np.random.default_rng(0).random(len(index)) < share
    fresh = HNSWIndex.from_state(*index.state())
    for ef in (5, 400):
        ours, theirs = (one.search(QUERIES, 5, ef=ef, mask=mask) for one in (index, fresh))
        np.testing.assert_array_equal(ours[1], theirs[1])
        np.testing.assert_array_equal(ours[0], theirs[0])
    left = np.setdiff1d(np.arange(len(index)) if mask is None else np.flatnonzero(mask), list(deleted))
    expected = exact(VECTORS[left], QUERIES, 5)[1]
    np.testing.assert_array_equal(ours[1], np.append(left, -1)[expected])


@pytest.mark.parametrize("codes", [None, "int8"])
@given(steps=st.lists(STEPS, max_size=15))
@settings(deadline=None, max_examples=40)
def test_any_steps_lead_to_what_a_fresh_index_finds(codes, steps):
    index, deleted = filled(VECTORS[:10], codes=codes), set()
    for step, value in steps:
        if step == "delete":
            deleted |= {int(x * len(index)) for x in value}
        if step == "search":
            agrees(index, deleted, value)
        index = take(index, step, value)
    agrees(index, deleted, None)


def test_it_is_kept_until_something_changes():
    index = filled(VECTORS[:100])
    index.search(QUERIES, 5)
    kept = index._living
    index.search(QUERIES, 5, mask=np.arange(100) < 70)
    assert index._living is kept
    assert kept[0].all(), "a mask is for one search"
    index.add(VECTORS[100:200])
    index.search(QUERIES, 5)
    assert index._living[1] == 200
    index.delete([3, 4])
    index.search(QUERIES, 5)
    assert index._living[1] == 198


def test_what_is_deleted_while_others_search_is_never_found_again():
    index, gone, found, done = filled(VECTORS), [], [], threading.Event()

    def search():
        while not done.is_set():
            before = len(gone)  # these were deleted before this search began
            found.append(set(index.search(VECTORS[:20], 3)[1].ravel().tolist()) & set(gone[:before]))

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for i in range(60):
        index.delete(i)
        gone.append(i)
    done.set()
    for thread in threads:
        thread.join(60)
    assert found
    assert not any(found)
