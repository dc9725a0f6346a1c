"""Prefixes, the loss against sentence-transformers, and what training may and may not see."""

import math
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from embedlab.benchmark import docsearch, measure, training_pairs
from embedlab.embedder import Embedder
from embedlab.engine import build_engine
from embedlab.finetuning import pair_weights, trained_adapter
from embedlab.machine import StoreError
from embedlab.matryoshka import (
    LinearAdapter,
    in_batch_softmax,
    matryoshka_loss,
    pca_rotation,
    text_ids,
    truncate,
)


def normal(n, d, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


@given(st.integers(1, 6), st.integers(1, 6))
def test_truncated_vectors_have_length_one(dims, n):
    vectors = normal(n, 6)
    short = truncate(vectors, dims)
    assert short.shape == (n, dims)
    assert short.flags.c_contiguous
    np.testing.assert_allclose(np.linalg.norm(short, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(
        short * np.linalg.norm(vectors[:, :dims], axis=1, keepdims=True), vectors[:, :dims], rtol=1e-4
    )


@pytest.mark.parametrize("dims", [0, 7, -1])
def test_impossible_prefixes_are_refused(dims):
    with pytest.raises(ValueError, match=f"dims must be between 1 and 6, but is {dims}"):
        truncate(normal(2, 6), dims)


def test_a_rotation_changes_no_inner_product():
    vectors = normal(50, 8) * np.arange(1, 9)
    rotation = pca_rotation(vectors)
    np.testing.assert_allclose(rotation.T @ rotation, np.eye(8), atol=1e-5)
    rotated = vectors @ rotation
    np.testing.assert_allclose(rotated @ rotated.T, vectors @ vectors.T, rtol=1e-3, atol=1e-2)
    energy = (rotated**2).sum(axis=0)
    assert (np.diff(energy) <= 1e-3).all(), "the largest variance first"


def test_the_rotation_is_that_of_scikit_learn():
    from sklearn.decomposition import TruncatedSVD

    vectors = normal(200, 12) * np.arange(1, 13)
    theirs = TruncatedSVD(4, algorithm="arpack", random_state=0).fit(vectors.astype(np.float64)).components_
    overlap = np.linalg.svd(theirs @ pca_rotation(vectors)[:, :4])[1]
    np.testing.assert_allclose(overlap, 1, atol=1e-3)


def test_centred_axes_are_those_of_scikit_learns_pca():
    from sklearn.decomposition import PCA

    vectors = normal(200, 12) * np.arange(1, 13) + 50
    theirs = PCA(4, svd_solver="full").fit(vectors.astype(np.float64)).components_
    overlap = np.linalg.svd(theirs @ pca_rotation(vectors, centred=True)[:, :4])[1]
    np.testing.assert_allclose(overlap, 1, atol=1e-3)
    mean = vectors.mean(axis=0) / np.linalg.norm(vectors.mean(axis=0))
    assert abs(mean @ pca_rotation(vectors)[:, 0]) > 0.99, "the first axis of uncentred vectors is their mean"


@pytest.mark.slow
def test_the_loss_is_that_of_sentence_transformers():
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    a, b = torch.from_numpy(normal(8, 16)), torch.from_numpy(normal(8, 16, 1))
    theirs = MultipleNegativesRankingLoss(model=None, scale=20.0)
    one_way = theirs.compute_loss_from_embeddings([a, b], None)
    other_way = theirs.compute_loss_from_embeddings([b, a], None)
    assert in_batch_softmax(a, b).item() == pytest.approx(((one_way + other_way) / 2).item(), rel=1e-4)


def test_the_loss_is_the_weighted_mean_over_prefixes():
    a, b = torch.from_numpy(normal(8, 16)), torch.from_numpy(normal(8, 16, 1))
    parts = [in_batch_softmax(a[:, :d], b[:, :d]) for d in (16, 4)]
    assert matryoshka_loss(a, b, (16, 4), weights=(3, 1)) == pytest.approx((3 * parts[0] + parts[1]) / 4)
    assert matryoshka_loss(a, b, (16, 4), base=lambda x, y: (x - y).square().mean()) > 0


@pytest.mark.slow
def test_the_loss_is_a_part_of_the_matryoshka_loss_of_sentence_transformers():
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.losses import (
        MatryoshkaLoss,
        MultipleNegativesRankingLoss,
    )

    from embedlab.machine import model_folder

    model = SentenceTransformer(str(model_folder()), device="cpu").eval()
    texts = [["a cat", "a dog", "the sea"], ["cats purr", "dogs bark", "waves"]]
    theirs = MatryoshkaLoss(model, MultipleNegativesRankingLoss(model), [384, 64], [1, 3])
    vectors = [torch.tensor(model.encode(side)) for side in texts]
    one_way = MultipleNegativesRankingLoss(model=None)
    ours = matryoshka_loss(
        *vectors,
        (384, 64),
        weights=(1, 3),
        base=lambda a, b: one_way.compute_loss_from_embeddings([a, b], None),
    )
    with torch.no_grad():
        found = theirs([model.preprocess(side) for side in texts], None)
    assert found.item() == pytest.approx(4 * ours.item(), rel=1e-3)  # a sum over weights, ours is the mean


@pytest.mark.parametrize("collapsed", [torch.ones(8, 16), torch.zeros(8, 16)], ids=["ones", "zeros"])
def test_collapsed_vectors_do_not_please_the_loss(collapsed):
    different = torch.arange(8)
    for ids in ({}, {"query_ids": different, "document_ids": different}):
        base = partial(in_batch_softmax, **ids)
        assert matryoshka_loss(collapsed, collapsed, (16, 4), base=base).item() == pytest.approx(math.log(8))


def test_duplicates_are_no_negatives_of_each_other():
    a, b = torch.from_numpy(normal(8, 16)), torch.from_numpy(normal(8, 16, 1))
    same = text_ids(["one", "one"])
    assert in_batch_softmax(a[[0, 0]], b[:2], query_ids=same) == 0  # nothing is left but the right answer
    assert in_batch_softmax(a[:2], b[[0, 0]], document_ids=same) == 0
    ids = text_ids(["one", "one", "other"])
    with_duplicate = in_batch_softmax(a[[0, 0, 1]], b[[0, 0, 1]], query_ids=ids, document_ids=ids)
    scores = torch.nn.functional.normalize(a[:2]) @ torch.nn.functional.normalize(b[:2]).T * 20
    # 0 and its duplicate see one negative each, 1 sees two.
    one = (torch.logsumexp(scores, 1) + torch.logsumexp(scores, 0))[0] - 2 * scores[0, 0]
    rows, columns = scores[1], scores[:, 1]
    other = torch.logsumexp(rows[[0, 0, 1]], 0) + torch.logsumexp(columns[[0, 0, 1]], 0) - 2 * scores[1, 1]
    assert with_duplicate == pytest.approx(((2 * one + other) / 6).item(), rel=1e-4)


def test_an_adapter_takes_no_duplicate_for_a_negative():
    # Two queries share their document: with its text known, neither is punished, and the loss stays 0.
    queries, documents = normal(2, 4), np.repeat(normal(1, 4, 1), 2, axis=0)
    start = pca_rotation(np.concatenate([queries, documents]))
    options = {"dims": (4,), "epochs": 5}
    known = LinearAdapter.fit(queries, documents, texts=[("a", "same"), ("b", "same")], **options)
    unknown = LinearAdapter.fit(queries, documents, **options)
    np.testing.assert_allclose(known.matrix, start, atol=5 * 1e-3 * 0.01 + 1e-6)  # only the weight decay
    assert np.abs(unknown.matrix - start).max() > 2e-3  # two queries cannot both be the nearest
    with pytest.raises(ValueError, match="2 pairs of vectors need as many pairs of texts, but got 1"):
        LinearAdapter.fit(queries, documents, texts=[("a", "b")])


@pytest.mark.parametrize(
    ("dims", "weights", "message"),
    [
        ((32,), None, r"prefixes \[32\] do not fit vectors of 16"),
        ((), None, "do not fit"),
        ((16, 0), None, "do not fit"),
        ((16, 8), (1,), "2 prefixes need as many weights"),
        ((16,), (0,), "with a positive sum"),
    ],
)
def test_impossible_losses_are_refused(dims, weights, message):
    a = torch.ones(4, 16)
    with pytest.raises(ValueError, match=message):
        matryoshka_loss(a, a, dims, weights=weights)


def test_an_adapter_learns_which_dimensions_matter():
    # What the pairs share stands in the last four dimensions; the first twelve are louder, and noise.
    shared = normal(400, 4)
    queries, documents = (np.hstack([2 * normal(400, 12, seed), shared]) for seed in (1, 2))
    adapter = LinearAdapter.fit(queries, documents, dims=(16, 4), epochs=40, learning_rate=3e-2)

    def found(vectors_of):
        return (vectors_of(queries) @ vectors_of(documents).T).argmax(axis=1) == np.arange(400)

    assert found(lambda v: adapter.transform(v, 4)).mean() > 0.8
    assert found(lambda v: truncate(v @ pca_rotation(v), 4)).mean() < 0.1


def test_an_adapter_is_saved_with_its_model(tmp_path):
    vectors = normal(20, 8)
    adapter = LinearAdapter.fit(vectors, vectors, dims=(8,), epochs=1, model={"sha256": "a"})
    again = LinearAdapter.fit(vectors, vectors, dims=(8,), epochs=1, model={"sha256": "a"})
    np.testing.assert_array_equal(adapter.matrix, again.matrix)
    adapter.save(tmp_path / "adapter")
    loaded = LinearAdapter.load(tmp_path / "adapter", {"sha256": "a"})
    np.testing.assert_array_equal(loaded.transform(vectors, 4), adapter.transform(vectors, 4))
    with pytest.raises(StoreError, match=r"was trained for {'sha256': 'a'}, not for {'sha256': 'b'}"):
        LinearAdapter.load(tmp_path / "adapter", {"sha256": "b"})


@pytest.mark.parametrize(
    ("queries", "documents", "message"),
    [
        (normal(1, 4), normal(1, 4), "at least 2 pairs, but got 1"),
        (normal(4, 4), normal(3, 4), "4 queries, 3 documents"),
        (normal(4, 4), normal(4, 5), r"\(n, 4\), but got \(4, 5\)"),
        (normal(4, 4) * np.nan, normal(4, 4), "vector 0 holds NaN"),
    ],
)
def test_impossible_pairs_are_refused(queries, documents, message):
    with pytest.raises(ValueError, match=message):
        LinearAdapter.fit(queries, documents)


def test_no_document_of_a_test_query_is_trained_on():
    benchmark = docsearch()
    pairs = training_pairs(benchmark)
    text_of = dict(zip(benchmark.doc_ids, benchmark.documents, strict=True))
    tested = {text_of[target] for targets in benchmark.split("test")[2].values() for target in targets}
    assert not tested & {document for _, document in pairs}
    assert not set(benchmark.split("test")[1]) & {query for query, _ in pairs}
    weights = pair_weights(benchmark, pairs)
    assert set(weights) == {1.0, 4.0}
    assert sum(weight == 4 for weight in weights) >= len(benchmark.split("train")[0])


@pytest.mark.slow
def test_64_trained_dimensions_beat_384_plain_ones():
    benchmark = docsearch()
    rows = {}
    for name in ("dense", "matryoshka-64", "adapter-64"):
        engine = build_engine(name, benchmark.documents, benchmark.doc_ids)
        rows[name] = measure(name, engine.rank, benchmark, bytes_per_doc=engine.bytes_per_doc, timed=1)
    assert rows["adapter-64"].bytes_per_doc == rows["matryoshka-64"].bytes_per_doc == 256
    assert rows["adapter-64"].ndcg > rows["dense"].ndcg + 0.02 > rows["matryoshka-64"].ndcg + 0.1


def test_the_adapter_that_comes_trained_is_for_the_default_model():
    embedder = Embedder.load()
    adapter = trained_adapter(embedder)
    assert adapter.model == embedder.identity
    assert adapter.transform(embedder.encode(["a cat"]), dims=64).shape == (1, 64)


def test_cutting_and_rescoring_need_no_torch():
    code = """import sys
from embedlab.matryoshka import LinearAdapter, PrefixIndex, RescoredIndex, pca_rotation, truncate
assert not {"torch", "numba"} & set(sys.modules)"""
    subprocess.run([sys.executable, "-c", code], check=True)
