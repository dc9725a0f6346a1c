"""Residual codes: what they keep, what they cost, and finding candidates by centroids."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from token_matrices import (
    DIMS,
    KINDS,
    SEEDS,
    assert_equal_results,
    clustered,
    documents_of,
    few_examples,
    filled,
    several_bits,
    unit,
)

from embedlab.colbert import ResidualCodec, ResidualIndex
from embedlab.machine import StoreError, files


@few_examples
@given(st.integers(1, 60), st.integers(1, 12), st.sampled_from([1, 2, 4]), st.integers(1, 20), SEEDS)
def test_a_code_is_the_nearest_centroid_and_the_class_of_each_number(n, dims, bits, centroids, seed):
    vectors, learnt_from = unit(n, seed, dims), unit(40, seed + 1, dims)
    codec = ResidualCodec.fit(learnt_from, centroids=centroids, bits=bits, seed=seed)
    assert codec.bits == bits
    which, packed = codec.encode(vectors)
    assert (which.dtype, which.shape) == (np.uint16, (n,))
    assert (packed.dtype, packed.shape) == (np.uint8, (n, np.ceil(dims * bits / 8)))
    decoded = codec.decode(which, packed)
    assert (decoded.dtype, decoded.shape) == (np.float32, (n, dims))
    for vector, number, mine in zip(vectors, which, decoded, strict=True):
        distances = ((codec.centroids - vector) ** 2).sum(axis=1)
        assert distances[number] <= distances.min() + 1e-5
        residual = vector - codec.centroids[number]
        expected = codec.centroids[number] + [codec.values[(codec.cuts < x).sum()] for x in residual]
        np.testing.assert_allclose(mine, expected / max(np.linalg.norm(expected), 1e-12), atol=1e-4)


def test_more_bits_and_more_centroids_lose_less():
    train, vectors = clustered(2000), clustered(300, 1)

    def error(**options):
        codec = ResidualCodec.fit(train, **options)
        return ((codec.decode(*codec.encode(vectors)) - vectors) ** 2).sum(axis=1).mean()

    for options in (
        [{"bits": b, "centroids": 20} for b in (1, 2, 4)],
        [{"centroids": c} for c in (1, 8, 64)],
    ):
        errors = [error(**option) for option in options]
        assert errors[0] > 1.3 * errors[1] > 1.3**2 * errors[2]
    assert error(bits=4, centroids=20) < 0.01


@several_bits
def test_each_class_holds_equally_many_numbers(bits):
    vectors = clustered(1000)
    codec = ResidualCodec.fit(vectors, centroids=20, bits=bits)
    residuals = vectors - codec.centroids[codec.encode(vectors)[0]]
    counts = np.bincount(np.searchsorted(codec.cuts, residuals.ravel()), minlength=2**bits)
    np.testing.assert_allclose(counts, residuals.size / 2**bits, rtol=0.01)
    assert (np.diff(codec.values) > 0).all()
    assert ((codec.values[:-1] < codec.cuts) & (codec.cuts < codec.values[1:])).all()


def test_fitting_is_repeatable_and_makes_no_more_centroids_than_vectors():
    vectors = clustered(200)
    first, second, other = (ResidualCodec.fit(vectors, centroids=16, seed=seed) for seed in (3, 3, 4))
    assert_equal_results(first.encode(vectors), second.encode(vectors))
    assert not np.array_equal(first.centroids, other.centroids)
    assert ResidualCodec.fit(vectors[:5]).centroids.shape == (5, DIMS)


@pytest.mark.parametrize("vector", [np.zeros(DIMS), np.full(DIMS, 3), np.eye(DIMS)[0]])
def test_vectors_that_are_all_alike_can_be_coded(vector):
    vectors = np.tile(np.float32(vector), (4, 1))
    codec = ResidualCodec.fit(vectors, centroids=3)
    length = max(np.linalg.norm(vector), 1e-12)
    np.testing.assert_allclose(codec.decode(*codec.encode(vectors)), vectors / length, atol=1e-6)


def test_no_vectors_have_no_codes():
    codec = ResidualCodec.fit(clustered(50))
    which, packed = codec.encode(np.zeros((0, DIMS), np.float32))
    assert (which.shape, packed.shape) == ((0,), (0, 3))
    assert codec.decode(which, packed).shape == (0, DIMS)


@pytest.mark.parametrize(
    ("vectors", "options", "message"),
    [
        (unit(9), {"bits": 0}, "bits must be 1, 2 or 4, but is 0"),
        (unit(9), {"bits": 3}, "bits must be 1, 2 or 4, but is 3"),
        (unit(9), {"bits": 8}, "but is 8"),
        (unit(9), {"centroids": 0}, "centroids must be between 1 and 65,536, but is 0"),
        (unit(9), {"centroids": 65_537}, "but is 65537"),
        (unit(0), {}, "needs vectors"),
        ([[np.nan] * 3], {}, "vector 0 holds NaN"),
        (np.ones(4), {}, r"but got \(4,\)"),
    ],
)
def test_impossible_codecs_are_refused(vectors, options, message):
    with pytest.raises(ValueError, match=message):
        ResidualCodec.fit(vectors, **options)


@several_bits
@pytest.mark.parametrize("dims", [8, 10, 13])
def test_a_token_takes_the_promised_bytes(bits, dims):
    index = ResidualIndex(dims, bits=bits, centroids=8)
    index.add([unit(3, 1, dims), unit(5, 2, dims)])
    assert index.bytes_per_vector == 2 + np.ceil(dims * bits / 8)
    assert index.bytes_per_vector == (index.which.nbytes + index.packed.nbytes) / 8
    starts, ids = index.members
    shared = index.codec.centroids.nbytes + starts.nbytes + ids.nbytes  # 4 bytes an id
    assert index.bytes_per_doc == 4 * index.bytes_per_vector + 8 + shared / 2


@several_bits
def test_without_probes_every_document_is_scored_by_its_decoded_vectors(bits):
    documents, queries = documents_of(50), [unit(3, 7), unit(1, 8), unit(0)]
    index = filled(lambda: ResidualIndex(DIMS, bits=bits, centroids=16, probes=None, shortlist=2), documents)
    decoded = index.codec.decode(index.which, index.packed)
    exact = filled(KINDS["exact"], np.split(decoded, index.offsets[1:-1]))
    assert index.candidates(queries[0]) is None
    assert_equal_results(index.search(queries, 60), exact.search(queries, 60))
    for query in queries:
        np.testing.assert_allclose(index.scores(query), exact.scores(query), atol=1e-6)


@pytest.mark.parametrize("probes", [1, 2, 8, 16, 99])
def test_candidates_are_few_and_the_document_that_is_the_query_is_among_them(probes):
    documents = [unit(6, i) for i in range(80)]
    index = filled(lambda: ResidualIndex(DIMS, centroids=16, probes=probes, shortlist=8), documents)
    found = [index.candidates(document) for document in documents]
    assert all((np.diff(ids) > 0).all() and len(ids) <= 8 for ids in found)
    assert np.mean([i in ids for i, ids in enumerate(found)]) > 0.95
    scores, ids = index.search(documents[:5], 3)
    assert_equal_results((scores, ids), index.rerank(documents[:5], found[:5], 3))


def test_all_clusters_and_a_long_shortlist_are_as_good_as_looking_at_everything():
    documents, queries = documents_of(70), [unit(4, 5), unit(2, 6)]
    results = [
        filled(lambda p=probes: ResidualIndex(DIMS, centroids=16, probes=p, shortlist=70), documents).search(
            queries, 20
        )
        for probes in (16, None)
    ]
    assert_equal_results(results[0][1], results[1][1])
    np.testing.assert_allclose(*(scores for scores, _ in results), atol=1e-6)


def test_documents_without_tokens_take_no_place_in_the_shortlist():
    tokens = np.repeat(np.eye(DIMS, dtype=np.float32)[:3], 4, axis=0)  # three clusters
    documents = [unit(0)] * 3 + list(tokens[:, None])
    index = filled(lambda: ResidualIndex(DIMS, centroids=3, probes=1, shortlist=6), documents)
    _, [ids] = index.search([tokens[:1]], 6)
    assert (ids >= 3).all(), ids
    assert (index.search([unit(0)], 3)[1] >= 3).all()


def test_a_codec_learnt_elsewhere_can_be_given():
    documents, codec = documents_of(50), ResidualCodec.fit(clustered(500), centroids=20, bits=4)
    index = ResidualIndex(DIMS, bits=4, codec=codec)
    index.add(documents)
    assert_equal_results((index.which, index.packed), codec.encode(np.concatenate(documents)))


def test_an_index_given_a_codec_but_no_documents_finds_nothing(tmp_path):
    index = ResidualIndex(DIMS, codec=ResidualCodec.fit(clustered(500)))
    index.save(tmp_path / "empty")
    for one in (index, ResidualIndex.load(tmp_path / "empty")):
        assert one.search([unit(2)], 2)[1].tolist() == [[-1, -1]]


def test_an_index_has_the_bits_of_the_codec_that_it_is_given():
    index = ResidualIndex(DIMS, codec=ResidualCodec.fit(clustered(500), bits=4))
    index.add(documents_of(5))
    assert index.bytes_per_vector == 2 + 5


def test_tables_of_any_floats_are_taken(tmp_path):
    index = filled(lambda: ResidualIndex(DIMS, centroids=8), documents_of(9))
    arrays, about = index._state()
    doubles = {name: arrays[name].astype(np.float64) for name in ("centroids", "cuts", "values")}
    files.save(tmp_path / "index", "ResidualIndex", {**arrays, **doubles, "offsets": index.offsets}, about)
    loaded = ResidualIndex.load(tmp_path / "index")
    assert loaded.codec.table.dtype == np.float32
    assert_equal_results(loaded.search([unit(3)], 5), index.search([unit(3)], 5))


@pytest.mark.parametrize("options", [{"probes": 0}, {"probes": -1}, {"shortlist": 0}])
def test_looking_nowhere_is_refused(options):
    with pytest.raises(ValueError, match="probes and shortlist must be at least 1, but are"):
        ResidualIndex(DIMS, **options)


@pytest.mark.parametrize("probes", [1, 3, 99])
def test_candidates_are_those_with_the_largest_sum_of_best_probed_centroids(probes):
    documents, query = documents_of(60), unit(5, 9)
    index = filled(lambda: ResidualIndex(DIMS, centroids=12, probes=probes, shortlist=7), documents)
    similar = query @ index.codec.centroids.T
    total = np.zeros(60)
    for row in similar:
        best = np.argsort(-row)[: probes + 1]
        for i in range(60):
            own = set(index.which[index.offsets[i] : index.offsets[i + 1]].tolist())
            total[i] += (
                max([row[c] for c in best[:probes] if c in own], default=row[best[-1]]) - row[best[-1]]
            )
    chosen = index.candidates(query)
    assert len(chosen) == 7
    assert total[chosen].min() >= np.delete(total, chosen).max() - 1e-5


def test_files_that_lack_something_or_do_not_fit_together_are_refused(tmp_path):
    index, file = filled(KINDS["2 bits"], documents_of(9)), tmp_path / "index"
    arrays, about = index._state()
    arrays["offsets"] = index.offsets
    wrong = [
        ("cuts", None),
        ("which", None),
        ("offsets", None),
        ("packed", index.packed[:-1]),
        ("centroids", index.codec.centroids[:, :3]),
        ("values", index.codec.values[:2]),
        ("which", index.which.astype(np.int64)),
        ("which", np.full_like(index.which, len(index.codec.centroids))),
        ("which", index.which[:, None]),
        ("packed", index.packed.astype(np.uint16)),
        ("packed", index.packed[:, :-1]),
        ("packed", index.packed[:, :, None]),
        ("offsets", index.offsets.astype(np.uint64)),
        ("centroids", None),
    ]
    for name, array in wrong:
        changed = {**arrays, name: array}
        files.save(file, "ResidualIndex", {n: a for n, a in changed.items() if a is not None}, about)
        with pytest.raises(StoreError, match="holds no whole ResidualIndex"):
            ResidualIndex.load(file)
