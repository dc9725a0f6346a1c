"""Poisoned documents: the gradient, the swaps, the hubs, what is shipped."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from embedlab.benchmark import docsearch, quality, seeded_sample
from embedlab.embedder import Embedder
from embedlab.encoder import BertEncoder
from embedlab.security import (
    LURES,
    Attacker,
    Poisoned,
    best_swaps,
    k_occurrences,
    shipped_poisoning,
    targeted,
)


@pytest.fixture(scope="module")
def attacker():
    return Attacker(BertEncoder.load(), Embedder.load().tokenizer)


@pytest.fixture(scope="module")
def goal():
    target = Embedder.load().encode(["sort an array along an axis", "the mean of a column"]).mean(0)
    return target / np.linalg.norm(target)


def test_embedding_from_word_vectors_is_the_embedders(attacker):
    embedder = Embedder.load(dtype="float32")
    ids = embedder.tokenizer.encode("sort an array")
    mine = attacker.forward(attacker.words[torch.tensor([ids])])[0].numpy()
    assert np.allclose(mine, embedder.encode(["sort an array"])[0], atol=1e-5)


def test_the_gradient_is_that_of_small_steps(attacker, goal):
    ids = attacker.tokenizer.encode("the of a")
    gradient = torch.from_numpy(attacker.gradient(ids, goal))
    vectors = attacker.words[torch.tensor([ids])]
    step = torch.from_numpy(np.random.default_rng(0).normal(size=gradient.shape).astype(np.float32))
    eps = 1e-3
    with torch.no_grad():
        up, down = (
            attacker.forward(vectors + sign * eps * step)[0] @ torch.from_numpy(goal) for sign in (1, -1)
        )
    assert float((up - down) / (2 * eps)) == pytest.approx(float((gradient * step).sum()), rel=0.03)


@given(st.integers(0, 10_000))
def test_swaps_are_those_of_trying_all_on_a_linear_objective(seed):
    rng = np.random.default_rng(seed)
    words = rng.integers(-4, 5, (9, 3)).astype(np.float32)
    gradient, old = rng.integers(-3, 4, 3).astype(np.float32), int(rng.integers(9))
    found = best_swaps(words, gradient, old, range(9), 4)
    gains = words @ gradient - words[old] @ gradient
    tried = [i for i in sorted(range(9), key=lambda i: (-gains[i], i)) if i != old and gains[i] > 0]
    assert found == tried[:4]


@pytest.mark.slow
def test_optimising_raises_the_cosine_and_the_text_is_read_as_it_was_made(attacker, goal):
    made = attacker.optimise(goal, length=5, rounds=1, tried=8)
    assert made.cosines[-1] > made.cosines[0] + 0.1
    assert list(made.cosines) == sorted(made.cosines)
    vector = Embedder.load().encode([made.text])[0]
    assert float(vector @ goal) == pytest.approx(made.cosines[-1], abs=5e-3)


@given(st.lists(st.lists(st.integers(-1, 6), min_size=3, max_size=3, unique=True), min_size=1, max_size=9))
def test_occurrences_count_each_list_once(lists):
    counted = k_occurrences(np.array(lists), 8)
    assert counted.sum() == sum(i >= 0 for row in lists for i in row)
    assert counted.max() <= len(lists)
    assert counted[7] == 0


@pytest.fixture(scope="module")
def benchmark():
    return docsearch()


def test_shipped_hits_come_out_again(benchmark):
    """The engines that are quick, on all test queries: dense and BM25."""
    shipped, embedder = shipped_poisoning(), Embedder.load()
    queries = benchmark.split("test")[1]
    poisoned = Poisoned(benchmark, embedder, shipped["texts"]["one hub"])
    for engine, ranking in poisoned.rankings(queries).items():
        before = shipped["attacks"]["one hub"]
        # In another precision, documents that nearly tie change places: for a few queries.
        assert np.mean(poisoned.hit(ranking) != before["hits"][engine]) < 0.02
        assert np.mean(np.abs(poisoned.kept(ranking) - before["ndcg"][engine]) > 1e-3) < 0.04


def test_an_added_document_takes_its_place_and_no_more(benchmark):
    """With a document that nobody finds, quality is what it was."""
    poisoned = Poisoned(benchmark, Embedder.load(), ["zzz"])
    queries = benchmark.split("dev")[1]
    ranking = poisoned.rankings(queries)["BM25"]
    assert not poisoned.hit(ranking).any()
    assert np.array_equal(poisoned.kept(ranking, "dev"), quality(benchmark, ranking, split="dev"))


def test_a_targeted_text_holds_question_and_lure(benchmark):
    for lure in LURES:
        pairs = targeted(benchmark.split("test")[1], lure)
        assert len(pairs) == 50
        assert all(text == f"{query} {lure}" for query, text in pairs)


def test_ten_queries_reach_as_many_as_ten_hubs():
    """The matched control: what is gained by optimising is within the noise."""
    shipped = shipped_poisoning()["attacks"]
    hubs, queries = (np.mean(shipped[name]["hits"]["dense"]) for name in ("ten hubs", "ten queries"))
    assert abs(hubs - queries) < 0.05 < 0.2 < queries


@pytest.mark.slow
def test_shipped_likelihoods_come_out_again(benchmark):
    from embedlab.security import naturalness
    from embedlab.security.poisoning_measured import CLEAN

    shipped = shipped_poisoning()["likelihood"]
    documents = seeded_sample(benchmark.documents, CLEAN, seed=4)[:4]
    assert np.allclose(naturalness(documents), shipped["clean"][:4], atol=0.02)
