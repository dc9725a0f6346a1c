"""Keys and nodes: how many keys move, how even the shares are, and the published values of jump hash."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.vector_databases import jump, largest_share, make_ring, modulo, moved, position, rendezvous

KEYS = [f"document {i}" for i in range(4000)]
NODES = [f"node {i}" for i in range(8)]
names = st.lists(st.text(max_size=5), min_size=1, max_size=6, unique=True)


@given(names, st.text(max_size=5), st.text(max_size=5))
def test_a_new_node_takes_keys_and_no_other_key_moves(nodes, new, key):
    if new in nodes:
        return
    for before, after in (
        (make_ring(nodes, 8).owner(key), make_ring([*nodes, new], 8).owner(key)),
        (rendezvous(nodes, key), rendezvous([*nodes, new], key)),
    ):
        assert after in (before, new)


@given(st.integers(0, 2**64 - 1), st.integers(1, 200))
def test_jump_moves_to_the_new_bucket_only(key, buckets):
    assert jump(key, buckets + 1) in (jump(key, buckets), buckets)
    assert 0 <= jump(key, buckets) < buckets


@pytest.mark.parametrize(
    ("key", "buckets", "expected"), [(1, 1, 0), (42, 57, 43), (0xDEAD10CC, 666, 361), (256, 1024, 520)]
)
def test_jump_equals_other_implementations(key, buckets, expected):
    assert jump(key, buckets) == expected


@given(names, st.text(max_size=5))
def test_owners_are_different_nodes_and_the_first_is_the_owner(nodes, key):
    ring = make_ring(nodes, 4)
    owners = ring.owners(key, len(nodes))
    assert owners[0] == ring.owner(key)
    assert sorted(owners) == sorted(nodes)


def test_when_the_owner_goes_its_replica_takes_over():
    ring, without = make_ring(NODES), make_ring(NODES[1:])
    for key in KEYS[:300]:
        assert without.owner(key) == next(node for node in ring.owners(key, 2) if node != NODES[0])


def test_the_share_that_moves():
    nine = [*NODES, "node 8"]
    by_ring = moved(make_ring(NODES).owner, make_ring(nine).owner, KEYS)
    by_weight = moved(lambda key: rendezvous(NODES, key), lambda key: rendezvous(nine, key), KEYS)
    by_jump = moved(lambda key: jump(position(key), 8), lambda key: jump(position(key), 9), KEYS)
    by_modulo = moved(lambda key: modulo(NODES, key), lambda key: modulo(nine, key), KEYS)
    assert max(abs(share - 1 / 9) for share in (by_ring, by_weight, by_jump)) < 0.04
    assert abs(by_modulo - 8 / 9) < 0.03


def test_virtual_nodes_make_shares_even():
    shares = {n: largest_share(make_ring(NODES, n).owner, KEYS, 8) for n in (1, 16, 256)}
    assert shares[1] > 1.7 > shares[16] > 1.05
    assert shares[256] < 1.25
    assert largest_share(lambda key: rendezvous(NODES, key), KEYS, 8) < 1.15
    assert largest_share(lambda key: jump(position(key), 8), KEYS, 8) < 1.15


@pytest.mark.slow
def test_every_process_hashes_alike():
    code = "from embedlab.vector_databases import position; print(position('numpy.abs'))"
    outputs = [subprocess.check_output([sys.executable, "-c", code], text=True) for _ in range(2)]
    assert [int(line) for line in outputs] == [position("numpy.abs")] * 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: make_ring([]), "different, and at least one"),
        (lambda: make_ring(["a", "a"]), "different, and at least one"),
        (lambda: make_ring(["a"], 0), "virtual must be at least 1, but is 0"),
        (lambda: make_ring(["a"]).owners("key", 2), "from 1 to the number of nodes, 1, but is 2"),
        (lambda: jump(3, 0), "buckets must be at least 1, but is 0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_hash_fills_all_its_bits():
    positions = np.array([position(key) for key in KEYS], np.uint64)
    for bit in range(64):
        assert abs(float(((positions >> np.uint64(bit)) & np.uint64(1)).mean()) - 0.5) < 0.05
