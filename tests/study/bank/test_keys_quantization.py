"""What questions on quantization claim beyond the notebook's own measurements, on small synthetic vectors."""

import numpy as np
import pytest

from embedlab.benchmark import recall_at_k
from embedlab.pooling import l2_normalize as unit
from embedlab.quantization import ProductQuantizer, binarize, hamming, kmeans, squared_distances

DIMS, M = 32, 4


def falling(n, seed):
    """Gaussian vectors whose variance falls from the first component to the last, as after PCA."""
    return np.random.default_rng(seed).normal(size=(n, DIMS)) * np.linspace(1, 0, DIMS, endpoint=False) ** 3


def error(vectors, m=M):
    """Mean squared error of product quantization, relative to the vectors' own square."""
    vectors = vectors.astype(np.float32)
    quantizer = ProductQuantizer.fit(vectors, m)
    return np.mean((quantizer.decode(quantizer.encode(vectors)) - vectors) ** 2) / np.mean(vectors**2)


@pytest.mark.slow
def test_pq_wants_balanced_subspaces():
    vectors = falling(6000, 0)
    rotation, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(DIMS, DIMS)))
    rounds = np.arange(DIMS).reshape(-1, M)  # M components a round, dealt to and fro
    rounds[1::2] = rounds[1::2, ::-1]
    front, rotated, balanced = error(vectors), error(vectors @ rotation), error(vectors[:, rounds.T.ravel()])
    assert balanced < 0.85 * front
    assert balanced < 0.85 * rotated


def test_symmetric_codes_waste_half_on_one_sided_values():
    values = np.abs(np.random.default_rng(0).normal(size=10_000))
    used = []
    for low in (-values.max(), values.min()):  # symmetric, asymmetric
        used.append(len(np.unique(np.rint((values - low) / (values.max() - low) * 254))))
    assert used[0] <= 128 < 200 < used[1]


@pytest.fixture(scope="module")
def clustered():
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(16, DIMS))
    return (centres[rng.integers(0, 16, 4000)] + 0.4 * rng.normal(size=(4000, DIMS))).astype(np.float32)


def test_residuals_leave_less_to_encode(clustered):
    coarse = kmeans(clustered, 16)
    residuals = clustered - coarse[squared_distances(clustered, coarse).argmin(axis=1)]
    lost = error(residuals) * np.mean(residuals**2)
    assert lost < 0.9 * error(clustered) * np.mean(clustered**2)


def test_the_query_is_better_not_rounded(clustered):
    documents, queries = unit(clustered[:3800]), unit(clustered[3800:])
    quantizer = ProductQuantizer.fit(documents, 8)
    stored = quantizer.decode(quantizer.encode(documents))
    truth = np.argsort(-(queries @ documents.T), axis=1)[:, :10]
    recall = []
    for asked in (queries, quantizer.decode(quantizer.encode(queries))):  # ADC, SDC
        recall.append(recall_at_k(np.argsort(-(asked @ stored.T), axis=1)[:, :10], truth))
    assert recall[0] > recall[1] + 0.02


def test_packed_signs_rank_by_the_bits_that_differ(clustered):
    documents, queries = clustered[:200], clustered[200:210]
    doc_bits, query_bits = np.packbits(documents > 0, axis=1), np.packbits(queries > 0, axis=1)
    differing = np.bitwise_count(query_bits[:, None] ^ doc_bits[None]).sum(axis=2, dtype=np.int32)
    assert np.array_equal(differing, ((queries > 0)[:, None] != (documents > 0)[None]).sum(axis=2))
    assert np.array_equal(differing, hamming(binarize(queries), binarize(documents)))


def test_errors_along_the_vector_change_large_scores_most():
    rng = np.random.default_rng(0)
    document = unit(rng.normal(size=(1, 64)))[0]
    queries = unit(document + 0.05 * rng.normal(size=(500, 64)))  # those that rank it high
    across = unit(rng.normal(size=(1, 64)))[0]
    across = 0.1 * unit((across - (across @ document) * document)[None])[0]
    changed = [np.abs(queries @ error).mean() for error in (0.1 * document, across)]
    assert changed[0] > 5 * changed[1]
