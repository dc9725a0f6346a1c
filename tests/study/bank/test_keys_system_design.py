"""Keys of the questions on system design: computed, simulated, or measured on small data."""

import asyncio

import numpy as np
import pytest

from embedlab.hnsw import PlainHNSW
from embedlab.system_design import constants, find_case, in_base


def base(name):
    one = constants()[name]
    return in_base(one.value, one.unit)


def waits(load, work=1.0, n=200_000, seed=0):
    """Simulate one server with random arrivals and times; return the times that requests wait."""
    rng = np.random.default_rng(seed)
    between, times = rng.exponential(work / load, n), rng.exponential(work, n)
    waited = np.zeros(n)
    for i in range(1, n):
        waited[i] = max(0.0, waited[i - 1] + times[i - 1] - between[i])
    return waited


def test_twenty_million_vectors_take_61_gb():
    assert 20e6 * np.zeros(768, np.float32).nbytes / 1e9 == pytest.approx(61.44)


def test_small_partitions_are_scanned_within_ten_milliseconds():
    """The limit of `bug-partition-index`, and the hundred thousand of `unequal`."""
    assert base("scan_core") * 0.010 / (384 * 4) == pytest.approx(100_000, rel=0.2)


def test_eight_thousand_vectors_are_scanned_in_milliseconds():
    scan = 8000 * 384 * 4 / base("scan_core")
    assert 0.0005 < scan < 0.001 < base("query_core")


def test_at_ninety_percent_one_waits_nine_times_the_work():
    assert waits(0.9, n=1_000_000).mean() == pytest.approx(9, rel=0.15)
    assert waits(0.6).mean() == pytest.approx(1.5, rel=0.1)


def test_at_full_use_a_queue_has_no_end():
    """Four times as many requests wait about twice as long, and so on; at 60 % they do not."""
    full = [np.mean([waits(1.0, n=n, seed=seed).mean() for seed in range(12)]) for n in (5_000, 80_000)]
    calm = [np.mean([waits(0.6, n=n, seed=seed).mean() for seed in range(12)]) for n in (5_000, 80_000)]
    assert full[1] > 2 * full[0]
    assert calm[1] == pytest.approx(calm[0], rel=0.2)


def test_the_reranker_is_nearly_all_of_the_work():
    parts = np.array([10, 2, 20 * 35])
    assert parts[2] / parts.sum() > 0.98
    assert 60 * parts[:2].sum() / 1000 < 1 < 40 < 60 * parts[2] / 1000


def clustered(tenants=200, each=40, dims=16, seed=0):
    """Documents of each tenant around a topic of its own; the first one owns as much as fifty others."""
    rng = np.random.default_rng(seed)
    owner = np.concatenate([np.zeros(50 * each, int), np.repeat(np.arange(1, tenants), each)])
    topics = rng.normal(size=(tenants, dims))
    vectors = topics[owner] + 0.8 * rng.normal(size=(len(owner), dims))
    return owner, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_a_filter_after_the_search_leaves_small_tenants_little():
    owner, vectors = clustered()
    rng = np.random.default_rng(1)
    queries = rng.choice(len(vectors), 300, replace=False)
    nearest = np.argsort(-vectors[queries] @ vectors.T, axis=1)[:, :100]
    left = {tenant: (owner[nearest] == tenant).sum(1).mean() for tenant in range(0, 200, 20)}
    assert left[0] > 10
    assert np.mean([left[tenant] for tenant in left if tenant]) < 2


def test_owner_and_nearness_are_not_independent():
    owner, vectors = clustered()
    share = (owner == 7).mean()
    fetch = int(10 / share * 1.5)
    survivors = {}
    for kind, rows in {"own": np.flatnonzero(owner == 7), "other": np.flatnonzero(owner == 8)}.items():
        nearest = np.argsort(-vectors[rows] @ vectors.T, axis=1)[:, :fetch]
        survivors[kind] = (owner[nearest] == 7).sum(1)
    assert survivors["own"].mean() > 2 * 15
    assert (survivors["other"] < 10).mean() > 0.2


def test_a_cache_without_the_tenant_answers_the_other_one():
    documents = {"a": ["ticket of a"], "b": ["ticket of b"]}

    def similar(cache, tenant, text, *, keyed):
        key = (tenant, text) if keyed else text
        if key not in cache:
            cache[key] = documents[tenant]
        return cache[key]

    for keyed in (False, True):
        cache = {}
        similar(cache, "a", "password reset", keyed=keyed)
        leaked = similar(cache, "b", "password reset", keyed=keyed) == documents["a"]
        assert leaked is not keyed


def test_one_budget_for_each_stage_breaks_the_promise():
    """Time is counted, not waited for: a stage takes its time, or gives up at its timeout."""

    async def answer(stages, *, one_deadline):
        spent = 0.0
        for name, needs in stages:
            allowed = 0.2 - spent if one_deadline else 0.2
            spent += min(needs, max(allowed, 0.0))
            if needs > allowed and name != "reranker":
                break
        return spent

    loaded = [("encoder", 0.18), ("shards", 0.19), ("reranker", 0.5)]
    assert asyncio.run(answer(loaded, one_deadline=False)) == pytest.approx(0.57)
    assert asyncio.run(answer(loaded, one_deadline=True)) <= 0.2 + 1e-12


@pytest.mark.slow
def test_sixteen_shards_work_more_and_wait_more():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(4000, 24)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    queries = vectors[:40] + 0.05 * rng.normal(size=(40, 24)).astype(np.float32)
    work = {}
    for shards in (1, 16):
        work[shards] = 0
        for part in np.array_split(vectors, shards):
            index = PlainHNSW(24, m=8, ef_construction=40)
            index.add(np.ascontiguousarray(part))
            index.search(queries, 10, ef=40)
            work[shards] += index.compared
    assert work[16] > 4 * work[1]
    assert 0.145 < 1 - 0.99**16 < 0.155


@pytest.mark.slow
def test_nearest_neighbours_get_harder_to_find_as_the_collection_grows():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(6000, 24)).astype(np.float32)
    queries = rng.normal(size=(100, 24)).astype(np.float32)
    recall = {}
    for n in (500, 6000):
        index = PlainHNSW(24, m=6, ef_construction=30)
        index.add(vectors[:n])
        _, found = index.search(queries, 10, ef=20)
        exact = np.argsort(-queries @ vectors[:n].T, axis=1)[:, :10]
        recall[n] = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, exact, strict=True)])
    assert recall[6000] < recall[500] - 0.05


def test_the_best_of_forty_equal_designs_lies_two_errors_too_high():
    rng = np.random.default_rng(0)
    leads = rng.normal(size=(5000, 40)).max(axis=1)
    assert leads.mean() == pytest.approx(2.16, abs=0.05)


def test_the_tickets_case_has_the_numbers_of_its_card():
    numbers = find_case("tickets").numbers()
    assert numbers["graph"] == pytest.approx(12e9, rel=0.1)
    assert numbers["exact_up_to"] == pytest.approx(80_000, rel=0.1)
    assert numbers["search_cores"] < 5
    assert numbers["rerank_cores"] == pytest.approx(300, rel=0.1)


def test_the_products_case_has_the_numbers_of_its_card():
    numbers = find_case("products").numbers()
    assert numbers["graph"] == pytest.approx(39e9, rel=0.02)
    assert numbers["shards"] == 2
    assert numbers["search_cores"] == pytest.approx(15, rel=0.05)
    assert numbers["encoder_cores"] == pytest.approx(3 * numbers["search_cores"], rel=0.2)
    assert numbers["graph"] < 0.7 * numbers["machine_ram"] < 2 * numbers["graph"]  # one, without a spare
    assert numbers["rerank_cores"] == pytest.approx(2300, rel=0.1)
    assert 1000 < numbers["monthly"] < 9000
