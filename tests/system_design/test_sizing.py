"""Bytes and replicas: against a graph that was built, and against zones that are taken away one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.hnsw import HNSWIndex
from embedlab.system_design import memory_of, replicas_needed

loads = st.integers(1, 500)
shares = st.sampled_from([0.25, 0.5, 0.75, 1.0])


@pytest.mark.slow
def test_memory_is_that_of_a_graph_that_was_built():
    vectors = np.random.default_rng(0).normal(size=(3000, 64)).astype(np.float32)
    index = HNSWIndex(64, m=16)
    index.add(vectors)
    assert memory_of(3000, 64, 32, 16) == pytest.approx(index.bytes_per_vector * 3000, rel=0.03)


@given(st.integers(0, 10_000), st.integers(0, 2000), st.sampled_from([1, 4, 8, 16, 32]))
def test_codes_fill_whole_bytes(vectors, dims, bits):
    assert memory_of(vectors, dims, bits) == vectors * len(np.packbits(np.zeros(dims * bits, bool)))


@given(st.integers(2, 64), st.integers(0, 20))
def test_layers_above_add_up_to_a_geometric_series(m, seed):
    nodes = 200_000
    levels = np.floor(-np.log(np.random.default_rng(seed).random(nodes)) / np.log(m))
    links = nodes * 2 * m + m * levels.sum()
    assert memory_of(nodes, 0, 8, m) == pytest.approx(4 * links, rel=0.02)


@given(loads, st.integers(1, 64), shares, st.integers(2, 5))
def test_any_zone_may_be_lost_and_no_replica_is_too_many(peak, work, busy, zones):
    seconds = work / 64
    replicas = replicas_needed(peak, seconds, busy, zones)
    in_zone = replicas // zones
    assert replicas == in_zone * zones
    assert peak * seconds <= busy * (replicas - in_zone) + 1e-9
    assert peak * seconds > busy * (in_zone - 1) * (zones - 1) - 1e-9


@given(loads, st.integers(1, 64), shares)
def test_one_zone_has_nothing_to_spare(peak, work, busy):
    replicas = replicas_needed(peak, work / 64, busy)
    assert (replicas - 1) * busy < peak * work / 64 <= replicas * busy + 1e-9


@pytest.mark.parametrize("wrong", [(0, 1, 0.5), (1, 0, 0.5), (1, 1, 0), (1, 1, 1.1), (1, 1, 0.5, 0)])
def test_loads_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match=r"peak and seconds are above 0"):
        replicas_needed(*wrong)


@pytest.mark.parametrize("wrong", [(-1, 8, 8), (1, -8, 8), (1, 8, -8), (1, 8, 8, -1), (1, 8, 8, 1)])
def test_memory_of_what_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=r"cannot be negative, nor m be 1"):
        memory_of(*wrong)
