"""What questions on ColBERT state and its notebook does not print, measured on small data."""

import numpy as np

from embedlab.colbert import ResidualCodec, maxsim
from embedlab.pooling import l2_normalize as unit


def found(queries, documents, offsets):
    """Share of the queries, each made from the document of its number, that put it first."""
    best = [int(maxsim(query, documents, offsets).argmax()) for query in queries]
    return np.mean(np.array(best) == np.arange(len(queries)))


def test_one_foreign_side_ruins_maxsim_and_a_foreign_projection_on_both_does_not():
    rng = np.random.default_rng(0)
    n, length, t, d = 100, 20, 6, 384
    words = unit(rng.normal(size=(300, d)))  # documents share words, so that a match is no matter of course
    which = rng.integers(len(words), size=(n, length))
    tokens = unit(words[which] + 0.03 * rng.normal(size=(n, length, d)))
    queries = unit(tokens[:, :t] + 0.04 * rng.normal(size=(n, t, d)))
    offsets, flat = np.arange(n + 1) * length, tokens.reshape(-1, d)
    turn = np.linalg.qr(rng.normal(size=(d, d)))[0]  # from one model's axes to another's
    old = np.linalg.qr(rng.normal(size=(d, d)))[0][:, :128]  # a projection made for the first model
    same = found(unit(queries @ old), unit(flat @ old), offsets)
    foreign_queries = unit(queries @ turn @ old)
    foreign_projection = found(foreign_queries, unit(flat @ turn @ old), offsets)
    foreign_side = found(foreign_queries, unit(flat @ old), offsets)
    assert same > 0.9
    assert foreign_projection > 0.9
    assert foreign_side < 0.1


def test_reduceat_gives_an_empty_document_the_first_row_of_the_next():
    rng = np.random.default_rng(0)
    query, tokens = unit(rng.normal(size=(3, 8))), unit(rng.normal(size=(6, 8)))
    offsets = np.array([0, 2, 2, 6])  # the second document has no tokens
    similarity = tokens @ query.T
    scores = np.maximum.reduceat(similarity, offsets[:-1], axis=0).sum(axis=1)
    np.testing.assert_allclose(scores[1], similarity[2].sum(), rtol=1e-5)
    right = maxsim(query, tokens, offsets)
    assert right[1] == -np.inf
    np.testing.assert_allclose(scores[[0, 2]], right[[0, 2]], rtol=1e-5)


def test_one_bit_can_be_read_from_two_but_not_four_from_two():
    tokens = unit(np.random.default_rng(0).normal(size=(2000, 16)))
    one, two, four = (ResidualCodec.fit(tokens, centroids=8, bits=bits) for bits in (1, 2, 4))
    fields = {}
    for codec in (one, two, four):
        which, packed = codec.encode(tokens)
        bits = np.unpackbits(packed, axis=1, bitorder="little").reshape(len(tokens), 16, codec.bits)
        fields[codec.bits] = which, (bits << np.arange(codec.bits)).sum(axis=2)
    np.testing.assert_array_equal(fields[1][0], fields[2][0])
    np.testing.assert_array_equal(fields[1][1], fields[2][1] >> 1)  # the higher of two bits
    for value in range(4):  # one class of two bits holds several of four
        assert len(np.unique(fields[4][1][fields[2][1] == value])) > 1
