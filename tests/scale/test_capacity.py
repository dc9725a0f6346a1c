"""Sums of bytes, shards and copies, against indexes and files that really are there."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab import system_design
from embedlab.hnsw import HNSWIndex
from embedlab.scale import (
    DiskIndex,
    IVFPQIndex,
    VamanaIndex,
    copies_needed,
    disk_bytes,
    extrapolated,
    hnsw_links,
    memory_bytes,
    queries_by_reads,
    scan_seconds,
    shards_needed,
)
from embedlab.system_design import replicas_needed


@pytest.fixture(scope="module")
def vectors():
    vectors = np.random.default_rng(0).normal(size=(3000, 64)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_the_bytes_of_a_graph_are_those_of_an_index(vectors):
    index = HNSWIndex(64, m=16)
    index.add(vectors, show_progress=False)
    counted = memory_bytes(3000, 64, code_bytes=4 * 64, links=hnsw_links(16))
    assert counted == pytest.approx(3000 * index.bytes_per_vector, rel=0.03)


def test_the_bytes_of_lists_of_codes_are_those_of_an_index(vectors):
    index = IVFPQIndex(64, nlist=30, m=16, keep="float16")
    index.add(vectors)
    learned = 256 * 64 * 4 + 30 * 4  # codebooks, lengths
    counted = memory_bytes(3000, 64, code_bytes=16, kept_bytes=128, nlist=30, learned_bytes=learned)
    assert counted == pytest.approx(3000 * index.bytes_per_vector, rel=0.005)


def test_the_bytes_on_disk_are_those_of_a_file(vectors):
    graph = VamanaIndex(64, 16, width=30)
    graph.add(vectors[:500], show_progress=False)
    index = DiskIndex.from_graph(graph, m=16)
    assert disk_bytes(500, 64, 16) == pytest.approx(500 * index.disk_bytes_per_vector, rel=0.01)


@given(st.integers(0, 10**10), st.integers(1, 4096), st.sampled_from([32, 16, 8, 1]), st.integers(2, 64))
def test_it_counts_as_system_design_does(n, dims, bits, m):
    ours = memory_bytes(n, dims, code_bytes=math.ceil(dims * bits / 8), links=hnsw_links(m))
    assert abs(ours - system_design.memory_of(n, dims, bits, m)) <= 1 + 1e-12 * ours


@given(st.floats(0, 1e15), st.floats(1e9, 1e13), st.floats(0.01, 1), st.floats(1, 10))
def test_shards_are_as_many_as_hold_it_and_no_more(total, machine, fill, growth):
    shards = shards_needed(total, machine, fill=fill, growth=growth)
    assert shards * fill * machine >= growth * total * (1 - 1e-9)
    assert shards == 1 or (shards - 1) * fill * machine < growth * total


@given(st.integers(1, 10_000), st.floats(1e-4, 1), st.integers(1, 64), st.sampled_from([0.5, 0.7, 1.0]))
def test_without_spares_copies_are_the_replicas_of_system_design(queries, seconds, cores, busy):
    copies = copies_needed(queries, seconds / cores * cores, cores, busy=busy, spare=0)
    assert copies == replicas_needed(queries, seconds / cores, busy)


def test_what_cannot_be_is_refused():
    wrong = [
        (lambda: memory_bytes(-1, 8, code_bytes=8), "n must"),
        (lambda: memory_bytes(1, 8, code_bytes=math.nan), "code_bytes must"),
        (lambda: hnsw_links(1), "m must"),
        (lambda: disk_bytes(1, 0, 4), "dims must"),
        (lambda: shards_needed(1, 1, fill=0), "fill is"),
        (lambda: shards_needed(1, 0), "machine_bytes"),
        (lambda: copies_needed(1, 1, 0), "cores at least"),
        (lambda: scan_seconds(1, 1, 0), "bytes_a_second"),
        (lambda: extrapolated(1, 0, 1, 1), "above 0"),
        (lambda: queries_by_reads(1, 0), "reads above 0"),
    ]
    for call, names in wrong:
        with pytest.raises(ValueError, match=names):
            call()
