"""Each formula of formulas_scale, computed by another route."""

import math

import numpy as np
import pytest

from embedlab.scale import (
    RaBitQuantizer,
    cheapest_nlist,
    copies_needed,
    disk_bytes,
    extrapolated,
    memory_bytes,
    queries_by_reads,
    scan_seconds,
    shards_needed,
    sign_codes,
)
from embedlab.study.bank import FORMULAS


@pytest.mark.parametrize(("n", "probes"), [(1_000_000, 1), (90_000, 16), (250_000, 4)])
def test_least_ivf_comparisons_by_trying_all_numbers_of_lists(n, probes):
    lists = np.arange(1, n // 4)
    cost = lists + probes * n / lists
    assert FORMULAS["least_ivf_comparisons"](n, probes) == pytest.approx(cost.min(), rel=1e-3)
    assert lists[cost.argmin()] == pytest.approx(cheapest_nlist(n, probes), rel=1e-2)


def test_precomputed_tables_gb_are_those_of_faiss():
    faiss = pytest.importorskip("faiss")
    vectors = np.random.default_rng(0).normal(size=(3000, 16)).astype(np.float32)
    quantizer = faiss.IndexFlatL2(16)
    index = faiss.IndexIVFPQ(quantizer, 16, 8, 4, 8)
    index.cp.min_points_per_centroid = index.pq.cp.min_points_per_centroid = 1
    index.train(vectors)
    index.use_precomputed_table = 1
    index.precompute_table()
    assert FORMULAS["precomputed_tables_gb"](8, 4) * 1e9 == index.precomputed_table.size() * 4


@pytest.mark.parametrize(("m", "bits"), [(8, 4), (4, 8), (2, 6)])
def test_pq_tables_kib_of_real_tables(m, bits):
    query = np.random.default_rng(0).normal(size=(m, 3)).astype(np.float32)
    codebooks = np.random.default_rng(1).normal(size=(m, 2**bits, 3)).astype(np.float32)
    tables = np.einsum("ms,mks->mk", query, codebooks)
    assert FORMULAS["pq_tables_kib"](m, bits) == tables.nbytes / 1024


@pytest.mark.parametrize("dims", [64, 100, 384])
def test_rabitq_gb_is_what_codes_take(dims):
    vectors = np.random.default_rng(0).normal(size=(50, dims)).astype(np.float32)
    codes = RaBitQuantizer.fit(vectors).encode(vectors)
    assert FORMULAS["rabitq_gb"](50, dims) * 1e9 == codes.nbytes


@pytest.mark.parametrize(("dims", "epsilon"), [(128, 1.9), (768, 1)])
def test_rabitq_bound_is_what_random_vectors_have(dims, epsilon):
    residuals = np.random.default_rng(0).normal(size=(500, dims)).astype(np.float32)
    residuals /= np.linalg.norm(residuals, axis=1, keepdims=True)
    signs, _, errors = sign_codes(residuals)
    along = (np.where(signs, 1, -1) * residuals).sum(axis=1) / math.sqrt(dims)
    assert along.mean() == pytest.approx(0.8, rel=0.01)
    assert FORMULAS["rabitq_bound"](dims, epsilon) == pytest.approx(epsilon * errors.mean(), rel=0.03)


@pytest.mark.parametrize(("reads", "together", "microseconds"), [(64, 8, 100), (48, 1, 250), (96, 4, 80)])
def test_disk_milliseconds_round_by_round(reads, together, microseconds):
    left, waited = reads, 0
    while left > 0:
        left, waited = left - together, waited + microseconds
    assert FORMULAS["disk_milliseconds"](reads, together, microseconds) == pytest.approx(waited / 1000)


@pytest.mark.parametrize(("iops", "busy", "reads"), [(100_000, 50, 64), (500_000, 40, 32)])
def test_queries_by_disk_is_that_of_capacity(iops, busy, reads):
    expected = queries_by_reads(iops, reads, busy=busy / 100)
    assert FORMULAS["queries_by_disk"](iops, busy, reads) == pytest.approx(expected)


@pytest.mark.parametrize("dims", [128, 384, 768, 1024])
@pytest.mark.parametrize("degree", [32, 64, 96])
def test_graph_on_disk_gb_is_that_of_capacity(dims, degree):
    expected = disk_bytes(30_000_000, dims, degree) / 1e9
    assert FORMULAS["graph_on_disk_gb"](30, dims, degree) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("degrees", "bits", "tables"), [(30, 8, 8), (50, 12, 16)])
def test_lsh_found_percent_of_drawn_planes(degrees, bits, tables):
    angle, rng = math.radians(degrees), np.random.default_rng(0)
    pair = np.array([[1, 0], [math.cos(angle), math.sin(angle)]])
    sides = rng.normal(size=(20_000, tables, bits, 2)) @ pair.T > 0
    found = (sides[..., 0] == sides[..., 1]).all(axis=2).any(axis=1)
    assert FORMULAS["lsh_found_percent"](degrees, bits, tables) == pytest.approx(100 * found.mean(), abs=1.2)


@pytest.mark.parametrize(("small", "large", "factor"), [(10_000, 1_000_000, 2), (30_000, 300_000, 6)])
def test_growth_power_carries_one_time_to_the_other(small, large, factor):
    power = FORMULAS["growth_power"](small, large, factor)
    assert extrapolated(0.2, small, power, large) == pytest.approx(0.2 * factor)
    sizes = np.geomspace(small, large, 5)
    slope = np.polyfit(np.log(sizes), np.log(0.2 * (sizes / small) ** power), 1)[0]
    assert power == pytest.approx(slope)


@pytest.mark.parametrize(("build", "flat", "index"), [(5, 20, 0.5), (1, 50, 2)])
def test_queries_until_built_by_adding_up(build, flat, index):
    queries = np.arange(100_000)
    with_index = build * 60 + queries * index / 1000
    crossed = (with_index <= queries * flat / 1000).argmax()
    assert FORMULAS["queries_until_built"](build, flat, index) == pytest.approx(crossed, rel=1e-3)


@pytest.mark.parametrize(("millions", "size", "bandwidth"), [(100, 1536, 16.9), (1000, 48, 50)])
def test_seconds_to_scan_is_that_of_capacity(millions, size, bandwidth):
    expected = scan_seconds(millions * 1e6, size, bandwidth * 1e9)
    assert FORMULAS["seconds_to_scan"](millions, size, bandwidth) == pytest.approx(expected)


@pytest.mark.parametrize(("millions", "size", "memory", "fill"), [(1000, 110, 64, 70), (250, 1670, 128, 60)])
def test_shards_of_is_that_of_capacity(millions, size, memory, fill):
    total = memory_bytes(millions * 1_000_000, 384, code_bytes=size)
    expected = shards_needed(total, memory * 10**9, fill=fill / 100)
    assert FORMULAS["shards_of"](millions, size, memory, fill) == expected


@pytest.mark.parametrize(
    ("shards", "ms", "cores", "rate"), [(4, 2, 8, 2000), (20, 5, 32, 5000), (6, 1, 16, 500)]
)
def test_machines_of_are_those_of_capacity(shards, ms, cores, rate):
    expected = shards * copies_needed(rate, ms / 1000, cores)
    assert FORMULAS["machines_of"](shards, ms, cores, rate) == expected


@pytest.mark.parametrize(("power", "shards"), [(0.1, 8), (0.5, 16), (1.0, 4)])
def test_work_of_shards_by_adding_up(power, shards):
    whole = extrapolated(1.0, 1000, power, 1_000_000)
    parts = sum(extrapolated(1.0, 1000, power, 1_000_000 / shards) for _ in range(shards))
    assert FORMULAS["work_of_shards"](power, shards) == pytest.approx(parts / whole)
