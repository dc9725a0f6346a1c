"""What questions on scale claim of codes in lists, of rotations and of bounds."""

import numpy as np
import pytest

from embedlab import Embedder
from embedlab.benchmark import docsearch, recall_at_k
from embedlab.pooling import l2_normalize as unit
from embedlab.quantization import ProductQuantizer, kmeans, score_tables
from embedlab.scale import (
    IVFIndex,
    RaBitQuantizer,
    anisotropic_losses,
    assign,
    estimate,
    random_rotation,
    sign_codes,
    train_centroids,
)


def clustered(n, dims=32, seed=0):
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(20, dims))
    return unit((centres[rng.integers(0, 20, n)] + 0.6 * rng.normal(size=(n, dims))).astype(np.float32))


def test_recall_falls_with_nprobe():
    """Noisy scores: near lists hold the answers, far ones chances for a lucky error."""
    rng = np.random.default_rng(0)
    falls, rises = [], []
    for _ in range(200):
        near, far = 0.5 + 0.08 * rng.normal(size=300), 0.35 + 0.04 * rng.normal(size=20_000)
        true = np.concatenate([near, far])
        best = set(np.argsort(-true)[:10].tolist())
        noisy = true + 0.06 * rng.normal(size=len(true))
        found = [len(best & set(np.argsort(-noisy[:n])[:10].tolist())) / 10 for n in (300, len(true))]
        exact = [len(best & set(np.argsort(-true[:n])[:10].tolist())) / 10 for n in (300, len(true))]
        falls.append(found[0] - found[1])
        rises.append(exact[1] - exact[0])
    assert np.mean(falls) > 2 * np.std(falls) / np.sqrt(len(falls))
    assert min(rises) >= 0


def test_bug_rotated_query():
    documents, query, matrix = clustered(2000), clustered(1, seed=1)[0], random_rotation(32)
    exact = documents @ query
    assert np.allclose((documents @ matrix.T) @ (query @ matrix.T), exact, atol=1e-5)
    quantizer = ProductQuantizer.fit(documents @ matrix.T, 16)
    codes, agreed = quantizer.encode(documents @ matrix.T), {}
    for name, rotated in (("as written", query @ matrix), ("mended", query @ matrix.T)):
        tables = score_tables(rotated, quantizer.centroids)
        scores = tables[np.arange(len(tables)), codes].sum(axis=1)
        agreed[name] = np.corrcoef(scores, exact)[0, 1]
    assert abs(agreed["as written"]) < 0.5
    assert agreed["mended"] > 0.95


def test_pieces_in_sixteen_bits():
    full = np.full(257, 255, np.uint16)
    assert full.sum(dtype=np.uint16) == full.sum(dtype=np.int64) == 65535
    assert np.append(full, np.uint16(1)).sum(dtype=np.uint16) == 0
    assert np.full(2, 255, np.uint8).sum(dtype=np.uint8) == 254  # bytes overflow at the second piece


@pytest.mark.parametrize("seed", range(2))
def test_without_the_division(seed):
    vectors, queries = clustered(3000, 128, seed=seed), clustered(40, 128, seed=9)
    quantizer = RaBitQuantizer.fit(vectors)
    residuals, asked = ((x - quantizer.centroid) @ quantizer.matrix.T for x in (vectors, queries))
    signs, scales, errors = sign_codes(residuals)
    lengths = np.linalg.norm(residuals, axis=1)
    shared = (vectors - quantizer.centroid) @ quantizer.centroid
    exact = queries @ vectors.T
    missed, order = {}, {}
    for name, used in (("right", scales), ("no division", lengths / np.sqrt(residuals.shape[1]))):
        found = estimate(signs, used, asked) + shared + (queries @ quantizer.centroid)[:, None]
        bound = 1.9 * np.linalg.norm(asked, axis=1)[:, None] * errors
        tenth = np.sort(exact, axis=1)[:, -10][:, None]
        missed[name] = (found + bound < tenth)[exact >= tenth].mean()
        order[name] = recall_at_k(np.argsort(-found, axis=1)[:, :10], np.argsort(-exact, axis=1)[:, :10])
    assert missed["right"] < 0.08
    assert missed["no division"] > 3 * missed["right"] + 0.1
    assert order["no division"] > order["right"] - 0.08


def test_equal_at_which_weight():
    vector = np.float32([[1, 0]])
    a, b = np.float32([[0.9, 0.3]]), np.float32([[0.8, 0.1]])
    for weight, sign in ((2.6, 1), (2.72, -1)):
        losses = [anisotropic_losses(vector, code, weight)[0] for code in (a, b)]
        assert np.sign(losses[0] - losses[1]) == sign
    assert np.linalg.norm(vector - a) == pytest.approx(0.32, abs=0.005)
    assert np.linalg.norm(vector - b) == pytest.approx(0.22, abs=0.005)


def test_bug_or_not_shared_tables():
    vectors, query = clustered(800), clustered(1, seed=1)[0]
    centroids = train_centroids(vectors, 8)
    numbers, _ = assign(vectors, centroids)
    residuals = vectors - centroids[numbers]
    codebooks = np.stack([kmeans(piece, 32, seed=0) for piece in np.split(residuals, 8, axis=1)])
    quantizer = ProductQuantizer(codebooks)
    codes = quantizer.encode(residuals)
    rebuilt = (centroids[numbers] + quantizer.decode(codes)) @ query
    shared = score_tables(query, codebooks)
    scores = (centroids @ query)[numbers] + shared[np.arange(8), codes].sum(axis=1)
    assert np.allclose(scores, rebuilt, atol=1e-5)
    reviewer = np.array(
        [
            centroids[number] @ query
            + score_tables(query - centroids[number], codebooks)[np.arange(8), code].sum()
            for number, code in zip(numbers, codes, strict=True)
        ]
    )
    assert np.abs(reviewer - rebuilt).max() > 0.05


@pytest.mark.slow
def test_a_topic_left_out_of_training_loses_recall():
    benchmark, embedder = docsearch(), Embedder.load()
    documents = embedder.encode(benchmark.documents, cache=True, on_long="cut")
    queries = embedder.encode(benchmark.split("dev")[1])
    exact = np.argsort(-(queries @ documents.T), axis=1)[:, :10]
    centroids = train_centroids(documents, 6, seed=1)
    topic, asked = assign(documents, centroids)[0], assign(queries, centroids)[0]
    whole = IVFIndex(384, nlist=64, nprobe=4)
    whole.add(documents)
    lost = []
    for left_out in range(6):
        index, own = IVFIndex(384, nlist=64, nprobe=4), asked == left_out
        index.train(documents[topic != left_out])
        index.add(documents)
        recalls = [recall_at_k(one.search(queries[own], 10)[1], exact[own]) for one in (whole, index)]
        lost.append(recalls[0] - recalls[1])
    assert min(lost) > 0
    assert np.median(lost) > 0.05


@pytest.mark.slow
def test_most_of_the_error_along_is_common():
    """Codes are too short, nearly all by the same share; within a query, errors across differ as much."""
    benchmark, embedder = docsearch(), Embedder.load()
    documents = embedder.encode(benchmark.documents, cache=True, on_long="cut")
    queries = embedder.encode(benchmark.split("dev")[1])
    quantizer = ProductQuantizer.fit(documents[:3000], 24)
    errors = documents - quantizer.decode(quantizer.encode(documents))
    ids = np.argsort(-(queries @ documents.T), axis=1)[:, :10].ravel()
    asked, vectors, errors = np.repeat(queries, 10, axis=0), documents[ids], errors[ids]
    along = (errors * vectors).sum(axis=1)
    assert along.mean() ** 2 > 0.8 * (along**2).mean()
    seen = [(asked * vectors).sum(axis=1) * along, (asked * (errors - along[:, None] * vectors)).sum(axis=1)]
    varies = [
        (part.reshape(-1, 10) - part.reshape(-1, 10).mean(axis=1, keepdims=True)).var() for part in seen
    ]
    assert varies[1] > 0.4 * varies[0]
    assert (seen[1] ** 2).mean() < 0.1 * (seen[0] ** 2).mean()  # by squares alone it would not count
