"""What questions on ColBERT state and its notebook does not print, measured on small data."""

import numpy as np
import torch

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


def test_centroid_ids_outgrow_two_bytes():
    def bits(tokens):
        return int(np.log2(16 * np.sqrt(tokens)))  # rounded down to a power of two

    assert bits(600e6) == 18
    assert bits(67.1e6) == 16  # all of two bytes
    assert bits(67.2e6) == 17
    assert bits(3e11) > 22


def test_fixed_dimensional_encodings_sum_queries_and_average_documents():
    """Many copies of one token do not change MaxSim; they change a sum, and not a mean."""
    rng = np.random.default_rng(0)
    planes = rng.normal(size=(16, 4))

    def encoding(vectors, average):
        bucket = (vectors @ planes > 0) @ (1 << np.arange(4))
        blocks = np.zeros((16, 16))
        np.add.at(blocks, bucket, vectors)
        if average:
            blocks /= np.maximum(np.bincount(bucket, minlength=16), 1)[:, None]
        return blocks.ravel()

    query, word = unit(rng.normal(size=(6, 16))), unit(rng.normal(size=(1, 16)))
    once, often = word, np.repeat(word, 20, axis=0)
    as_query = encoding(query, average=False)
    np.testing.assert_allclose(encoding(once, True), encoding(often, True))
    np.testing.assert_allclose((query @ once.T).max(axis=1), (query @ often.T).max(axis=1), rtol=1e-4)
    summed = as_query @ encoding(often, False)
    np.testing.assert_allclose(summed, 20 * (as_query @ encoding(once, False)), rtol=1e-4)


def test_masked_batches_agree_with_documents_scored_alone():
    torch.manual_seed(0)
    query, documents = torch.randn(5, 8), torch.randn(3, 7, 8)
    lengths = torch.tensor([7, 2, 1])
    mask = torch.arange(7)[None] < lengths[:, None]
    similarity = torch.einsum("td,nld->ntl", query, documents)
    batched = similarity.masked_fill(~mask[:, None, :], -torch.inf).amax(dim=2).sum(dim=1)
    alone = [
        (query @ document[:n].T).amax(dim=1).sum() for document, n in zip(documents, lengths, strict=True)
    ]
    torch.testing.assert_close(batched, torch.stack(alone))


def test_products_with_residual_codes_from_a_table():
    rng = np.random.default_rng(0)
    query, centroid = rng.normal(size=128), rng.normal(size=128)
    codes, values = rng.integers(0, 4, 128), np.array([-0.1, -0.02, 0.03, 0.12])
    table = query[:, None] * values  # once for each query token
    from_table = query @ centroid + table[np.arange(128), codes].sum()
    np.testing.assert_allclose(from_table, query @ (centroid + values[codes]))
