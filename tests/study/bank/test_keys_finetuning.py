"""Keys of the questions on fine-tuning, measured."""

import numpy as np

from embedlab.pooling import l2_normalize as unit


def softmax_loss(scores, own):
    scores = scores - scores.max(axis=1, keepdims=True)
    return (np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(own)), own]).mean()


def test_accumulating_does_not_add_negatives():
    rng = np.random.default_rng(0)
    documents = unit(rng.normal(size=(512, 64)))
    queries = unit(documents + 0.3 * rng.normal(size=(512, 64)))
    scores = queries @ documents.T / 0.05
    pieces = [slice(i, i + 64) for i in range(0, 512, 64)]
    accumulated = np.mean([softmax_loss(scores[p, p], np.arange(64)) for p in pieces])
    blocks = np.where(np.kron(np.eye(8), np.ones((64, 64))) == 1, scores, -np.inf)
    assert np.isclose(accumulated, softmax_loss(blocks, np.arange(512)))  # 63 negatives each
    assert softmax_loss(scores, np.arange(512)) > 2 * accumulated


def test_choosing_among_32_is_easy_where_a_collection_is_hard():
    rng = np.random.default_rng(0)
    topics = rng.normal(size=(500, 64))
    documents = unit(
        np.repeat(topics, 40, axis=0) + 0.3 * rng.normal(size=(20_000, 64))
    )  # 40 near misses each
    asked = rng.choice(20_000, size=640, replace=False)
    queries = unit(documents[asked] + 0.12 * rng.normal(size=(640, 64)))
    batches = asked.reshape(20, 32)
    in_batch = [
        np.argmax(queries[i * 32 : i * 32 + 32] @ documents[b].T, axis=1) for i, b in enumerate(batches)
    ]
    assert (np.array(in_batch) == np.arange(32)).mean() > 0.97
    assert (np.argmax(queries @ documents.T, axis=1) == asked).mean() < 0.8


def test_gathered_targets_need_the_offset_of_their_rank():
    documents = unit(np.random.default_rng(0).normal(size=(4, 64, 128)))  # by rank; queries equal to them
    everyone = documents.reshape(256, 128)
    for rank in range(4):
        scores = documents[rank] @ everyone.T / 0.05
        assert softmax_loss(scores, np.arange(64) + 64 * rank) < 0.01
        assert (softmax_loss(scores, np.arange(64)) > 10) == (rank > 0)
