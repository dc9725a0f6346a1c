"""Keys of topics 14 to 17, measured."""

from contextlib import suppress

import numpy as np

from embedlab import Embedder
from embedlab.hnsw import HNSWIndex
from embedlab.pooling import l2_normalize as unit


def best(queries, documents, k):
    """Return the ids of the k nearest, best first: (q, k)."""
    return np.argsort(-(queries @ documents.T), axis=1)[:, :k]


def test_a_cache_moves_the_median_and_not_the_tail():
    rng = np.random.default_rng(0)
    before = rng.uniform(400, 900, 100_000)
    after = np.where(rng.random(100_000) < 0.6, 5, 5 + before)
    assert np.median(after) == 5
    assert abs(np.percentile(after, 99) / np.percentile(before, 99) - 1) < 0.01
    assert 0.55 < 1 - after.mean() / before.mean() < 0.65


def test_dynamic_int8_depends_on_the_batch():
    """As the operator DynamicQuantizeLinear does it: one scale from the whole tensor."""
    rng = np.random.default_rng(0)
    weights, text, neighbour = rng.normal(size=(64, 64)), rng.normal(size=(1, 64)), rng.normal(size=(1, 64))
    neighbour[0, 0] = 30  # one large activation

    def product(x, low, high):
        low, high = min(low, 0), max(high, 0)
        scale = (high - low) / 255
        zero = np.round(-low / scale)
        codes = np.clip(np.round(x / scale) + zero, 0, 255)
        return unit(((codes - zero) * scale) @ weights)[0]

    def dynamic(*rows):
        x = np.vstack(rows)
        return product(x, x.min(), x.max())

    alone, beside = dynamic(text), dynamic(text, neighbour)
    assert 0.98 < alone @ beside < 0.99999
    exact = unit(text @ weights)[0]
    assert alone @ exact > beside @ exact
    assert np.array_equal(alone, dynamic(text))  # nothing is drawn
    three = rng.normal(size=(1, 64))
    # The order is of no importance, and neither are neighbours if the range is fixed (static quantization).
    assert np.allclose(dynamic(text, three, neighbour), dynamic(text, neighbour, three))
    assert np.allclose(product(text, -4, 4), product(np.vstack([text, neighbour]), -4, 4))


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


def test_a_filter_that_depends_on_the_query():
    """A tenth is German, and language is a direction of its own beside the topics."""
    rng = np.random.default_rng(0)
    german = rng.random(4000) < 0.1
    language = np.zeros(32)
    language[0] = 2.0

    def texts(are_german):
        topics = rng.normal(size=(len(are_german), 32))
        return unit(topics + np.where(are_german[:, None], language, -language))

    documents = texts(german)
    left = {
        asked: german[best(texts(np.full(300, asked)), documents, 100)].sum(axis=1) for asked in (True, False)
    }
    assert np.mean(left[False] < 10) > 0.9
    assert np.mean(left[True] >= 10) > 0.9
    assert left[False].mean() < 5 < 30 < left[True].mean()
    unrelated = rng.random(4000) < 0.1
    assert 8 < unrelated[best(texts(np.full(300, False)), documents, 100)].sum(axis=1).mean() < 12


def test_a_shorter_text_leaves_chunks_behind():
    index = {}

    def update(version, chunks, clean):
        index.update({f"page#{i}": (version, chunk) for i, chunk in enumerate(chunks)})
        if clean:
            for name in [name for name, (stored, _) in index.items() if stored != version]:
                del index[name]

    update(1, [f"old {i}" for i in range(9)], clean=False)
    update(2, [f"new {i}" for i in range(4)], clean=False)
    assert sorted(name for name, (_, chunk) in index.items() if "old" in chunk) == [
        f"page#{i}" for i in range(4, 9)
    ]
    update(2, [f"new {i}" for i in range(4)], clean=True)
    assert {chunk for _, chunk in index.values()} == {f"new {i}" for i in range(4)}


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


def another_model(dims):
    """Return another model: the same geometry on other axes."""
    return np.linalg.qr(np.random.default_rng(1).normal(size=(dims, dims)))[0]


def test_half_a_migration_finds_its_half():
    rng = np.random.default_rng(0)
    documents = unit(rng.normal(size=(2000, 64)))
    queries = unit(documents[:500] + 0.05 * rng.normal(size=(500, 64)))
    turn = another_model(64)
    done = rng.random(2000) < 0.3
    stored = np.where(done[:, None], documents @ turn, documents)
    found = best(queries @ turn, stored, 1)[:, 0] == np.arange(500)
    assert found[done[:500]].mean() > 0.95
    assert found[~done[:500]].mean() < 0.02
    assert abs(found.mean() - 0.3) < 0.06


def test_fixed_texts_notice_another_model():
    rng = np.random.default_rng(0)
    texts = unit(rng.normal(size=(500, 64)))
    turned = texts @ another_model(64)
    assert turned.shape == texts.shape
    assert np.allclose(np.linalg.norm(turned, axis=1), 1)
    assert np.array_equal(best(texts, texts, 10), best(turned, turned, 10))  # all scores are what they were
    assert np.abs(np.sum(texts * turned, axis=1)).max() < 0.6  # but no text has the vector that it had
    rounded = unit(texts + 1e-4 * rng.normal(size=texts.shape))
    assert np.sum(texts * rounded, axis=1).min() > 0.999


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


def test_scores_tell_who_is_stored_and_even_the_vector():
    names = ("Anna", "Peter", "Maria", "John", "Yuki", "Omar")
    model = Embedder.load()
    letters = [f"Dear colleague, {name} was seen in our clinic for pain in the back" for name in names]
    stored = model.encode(letters[1:])
    best_of = (model.encode(letters) @ stored.T).max(axis=1)
    assert best_of[1:].min() > 0.9999
    assert best_of[0] < 0.99  # the one that is not there
    rng = np.random.default_rng(0)
    secret = unit(rng.normal(size=64))
    queries = unit(rng.normal(size=(64, 64))).astype(np.float64)  # a system is solved with them
    assert np.allclose(np.linalg.solve(queries, queries @ secret), secret)  # as many scores as dimensions
