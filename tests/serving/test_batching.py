"""The rules of batching: every text in one group, none too large, and no simpler cut is cheaper."""

import math
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.serving import Batching, buckets, padding_waste, still_to_wait

LENGTHS = st.lists(st.integers(1, 256), max_size=40)


@given(LENGTHS, st.integers(1, 4096), st.integers(0, 200))
def test_each_text_is_in_one_group_that_fits(lengths, most, call):
    groups = buckets(lengths, most, call)
    assert sorted(i for group in groups for i in group) == list(range(len(lengths)))
    for group in groups:
        assert len(group) == 1 or len(group) * max(lengths[i] for i in group) <= most


def cost(lengths, groups, call):
    return sum(call + len(group) * max(lengths[i] for i in group) for group in groups)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=7), st.integers(0, 60))
def test_no_cut_of_the_sorted_texts_is_cheaper(lengths, call):
    order, n = sorted(range(len(lengths)), key=lengths.__getitem__), len(lengths)
    every = [
        [order[a:b] for a, b in zip((0, *cuts), (*cuts, n), strict=True)]
        for size in range(n)
        for cuts in combinations(range(1, n), size)
    ]
    found = buckets(lengths, 10_000, call)
    assert cost(lengths, found, call) == min(cost(lengths, groups, call) for groups in every)


@given(LENGTHS)
def test_buckets_waste_no_more_than_one_batch(lengths):
    if lengths:
        whole = padding_waste(lengths, [list(range(len(lengths)))])
        assert 0 <= padding_waste(lengths, buckets(lengths, 10**6)) <= whole + 1e-4


def test_free_calls_leave_no_padding():
    lengths = [3, 3, 7, 9, 9]
    assert padding_waste(lengths, buckets(lengths, 1000, call_tokens=0)) == 0


@given(st.integers(1, 50), st.floats(0, 10), st.floats(0, 1))
def test_the_timer_waits_for_a_full_batch_or_for_its_time(waiting, oldest, wait):
    rule = Batching("timer", max_texts=20, wait_s=wait)
    left = still_to_wait(rule, waiting, oldest)
    assert left == (0 if waiting >= 20 else max(0, wait - oldest))
    assert still_to_wait(Batching("free"), waiting, oldest) == 0


def test_nothing_waiting_waits_for_ever():
    assert still_to_wait(Batching(), 0, 5.0) == math.inf


@pytest.mark.parametrize(
    "wrong", [{"policy": "fast"}, {"max_texts": 0}, {"max_tokens": 0}, {"workers": 0}, {"wait_s": -1}]
)
def test_wrong_rules_name_the_value(wrong):
    with pytest.raises(ValueError, match=str(next(iter(wrong.values())))):
        Batching(**wrong)
