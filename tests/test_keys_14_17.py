"""Keys of topics 14 to 17, measured."""

from contextlib import suppress

import numpy as np

from embedlab import Embedder
from embedlab.hnsw_index import HNSWIndex


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def best(queries, documents, k):
    """Return the ids of the k nearest, best first: (q, k)."""
    return np.argsort(-(queries @ documents.T), axis=1)[:, :k]


def test_ten_calls_meet_the_slow_one_in_a_hundred():
    calls = np.where(np.random.default_rng(0).random((100_000, 10)) < 0.01, 1.0, 0.02)
    assert abs(calls.mean() - 0.03) < 0.001
    assert np.median(calls) == 0.02
    assert 0.09 < (calls.max(axis=1) == 1).mean() < 0.1


def test_a_timer_only_adds_to_rare_requests():
    """One request a second, and batches that are sent 50 ms after their first request."""
    arrivals = np.cumsum(np.random.default_rng(0).exponential(1.0, 20_000))
    waits, sent = [], -1.0
    for arrival in arrivals:
        if arrival > sent:
            sent = arrival + 0.05
        waits.append(sent - arrival)
    assert np.median(waits) > 0.049
    assert np.mean(np.array(waits) > 0.0499) > 0.9


def test_the_wait_doubles_from_80_to_90_percent():
    """Lindley's recursion: what a customer waits follows from what the one before waited."""
    rng, mean = np.random.default_rng(0), {}
    for load in (0.8, 0.9):
        gaps, services = rng.exponential(1 / load, 500_000), rng.exponential(1.0, 500_000)
        wait, total = 0.0, 0.0
        for gap, service in zip(gaps, services, strict=True):
            wait = max(0.0, wait - gap)
            total += wait + service
            wait += service
        mean[load] = total / len(gaps)
    assert abs(mean[0.8] - 5) < 0.5
    assert abs(mean[0.9] - 10) < 1.2


def test_a_cache_without_rights_leaks():
    documents = {"red": "red sold 5", "blue": "blue sold 7"}
    cache = {}

    def cached_answer(question, group, key):
        return cache.setdefault(key(question, group), documents[group])

    for group in ("red", "blue"):  # the second gets what was made for the first
        assert cached_answer("sold?", group, lambda question, _: question) == "red sold 5"
    assert cached_answer("sold?", "blue", lambda *both: both) == "blue sold 7"


def test_filtering_after_the_search_leaves_nothing():
    rng = np.random.default_rng(0)
    documents, queries = unit(rng.normal(size=(4000, 32))), unit(rng.normal(size=(500, 32)))
    allowed = rng.random(4000) < 0.05
    left = allowed[best(queries, documents, 10)].sum(axis=1)
    assert 0.3 < left.mean() < 0.7
    assert 0.5 < (left == 0).mean() < 0.7


def test_two_from_each_shard_lose_some_of_the_best():
    rng = np.random.default_rng(0)
    documents, queries = unit(rng.normal(size=(4000, 32))), unit(rng.normal(size=(300, 32)))
    shard = rng.integers(0, 8, 4000)
    exact = best(queries, documents, 10)
    for each, complete in ((2, False), (10, True)):
        found = []
        for one in range(8):
            own = np.flatnonzero(shard == one)
            found.append(own[best(queries, documents[own], each)])
        kept = [np.isin(wanted, got).mean() for wanted, got in zip(exact, np.hstack(found), strict=True)]
        assert (np.mean(kept) == 1) == complete
    # More than two of ten on one of eight shards is the rule, not the exception.
    assert np.mean([np.bincount(shard[ids], minlength=8).max() > 2 for ids in exact]) > 0.5


def test_a_write_that_is_only_logged_stays_lost():
    texts, vectors, due, down = {}, {}, [], True

    def store(name, text):
        if down:
            raise ConnectionError
        vectors[name] = text

    texts["a"] = "new"
    due.append("a")  # the outbox, written with the text
    with suppress(ConnectionError):
        store("a", "new")
    down = False
    assert vectors != texts
    while due:
        store(name := due.pop(), texts[name])
    assert vectors == texts


def test_turned_spaces_find_nothing():
    rng = np.random.default_rng(0)
    documents = unit(rng.normal(size=(2000, 64)))
    queries = unit(documents[:300] + 0.05 * rng.normal(size=(300, 64)))
    turn = np.linalg.qr(rng.normal(size=(64, 64)))[0]  # another model: the same geometry on other axes
    own = (best(queries, documents, 1)[:, 0] == np.arange(300)).mean()
    mixed = (best(queries @ turn, documents, 1)[:, 0] == np.arange(300)).mean()
    both = (best(queries @ turn, documents @ turn, 1)[:, 0] == np.arange(300)).mean()
    assert own == both > 0.95
    assert mixed < 0.02


def test_many_tests_cry_wolf_and_miss_what_is_joint():
    from scipy import stats

    rng = np.random.default_rng(0)
    before, after = rng.normal(size=(2, 1000, 384))
    alarms = sum(stats.ttest_ind(before[:, i], after[:, i]).pvalue < 0.05 for i in range(384))
    assert 8 < alarms < 32
    large = rng.normal(size=(2, 4_000_000))
    assert stats.ttest_ind(large[0], large[1] + 0.005).pvalue < 1e-6  # 0.005 standard deviations
    joint = after.copy()
    joint[:, 1] = joint[:, 0]  # each dimension alone is distributed as ever
    assert stats.ks_2samp(before[:, 1], joint[:, 1]).pvalue > 0.01
    assert np.corrcoef(joint[:, 0], joint[:, 1])[0, 1] > 0.99


def test_random_vectors_pass_self_retrieval():
    rng = np.random.default_rng(0)
    random_vectors = unit(rng.normal(size=(2000, 64))).astype(np.float32)
    index = HNSWIndex(64)
    index.add(random_vectors)
    _, found = index.search(random_vectors[:500], 1)
    assert (found[:, 0] == np.arange(500)).mean() > 0.99


def test_a_name_can_be_read_from_a_vector():
    """Whoever has the model tries names, and takes the one whose sentence is nearest."""
    names = ["Anna Kowalska", "Peter Schmidt", "Maria Silva", "John Okafor", "Yuki Tanaka", "Omar Haddad"]
    model = Embedder.load()
    leaked = model.encode([f"{name} asks for a refund, since her parcel never came" for name in names])
    guesses = model.encode([f"A customer called {name} complains about a lost delivery" for name in names])
    found = np.argmax(leaked @ guesses.T, axis=1)
    assert (found == np.arange(len(names))).mean() >= 5 / 6
