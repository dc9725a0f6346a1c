"""The steps written to be read do what the fast ones do."""

import numpy as np

from embedlab.index import FlatIndex
from embedlab.matryoshka import RescoredIndex
from embedlab.quantization import (
    BinaryIndex,
    ProductQuantizer,
    encode_pq,
    kmeans,
    kmeans_step,
    look_up,
    rescore,
    score_tables,
)

VECTORS = np.random.default_rng(0).normal(size=(300, 16)).astype(np.float32)


def test_repeated_steps_are_k_means():
    found = VECTORS[np.sort(np.random.default_rng(3).permutation(300)[:8])]
    for _ in range(15):
        found = kmeans_step(VECTORS, found)
    np.testing.assert_allclose(found, kmeans(VECTORS, 8, seed=3), atol=1e-4)


def test_codes_and_tables_are_those_of_the_quantizer():
    quantizer = ProductQuantizer.fit(VECTORS, m=4)
    np.testing.assert_array_equal(
        encode_pq(VECTORS[:50], quantizer.centroids), quantizer.encode(VECTORS[:50])
    )
    table = score_tables(VECTORS[0], quantizer.centroids)
    np.testing.assert_allclose(table, quantizer.tables(VECTORS[:1])[0], atol=1e-5)
    scores = look_up(table[None], quantizer.encode(VECTORS))
    np.testing.assert_allclose(scores[0], quantizer.decode(quantizer.encode(VECTORS)) @ VECTORS[0], atol=1e-4)


def test_rescoring_is_that_of_the_index():
    coarse, index = BinaryIndex(16), RescoredIndex(BinaryIndex(16), FlatIndex(16), shortlist=30)
    coarse.add(VECTORS)
    index.add(VECTORS)
    listed, found = coarse.search(VECTORS[:9], 30)[1], index.search(VECTORS[:9], 10)[1]
    for query, candidates, wanted in zip(VECTORS[:9], listed, found, strict=True):
        np.testing.assert_array_equal(rescore(query, candidates, VECTORS, 10), wanted)
