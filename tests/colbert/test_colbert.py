"""MaxSim against naive loops and PyLate; token vectors against what the encoder gives; codes and training."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from embedlab.colbert import (
    DOCUMENT_MARKER,
    QUERY_MARKER,
    ColBERT,
    ResidualCodec,
    ResidualIndex,
    TokenIndex,
    fit_projection,
    maxsim,
)
from embedlab.colbert import interaction as maxsim_module
from embedlab.embedder import Embedder
from embedlab.machine import StoreError

DIMS = 10  # at 1 and 2 bits this fills no whole number of bytes
KINDS = {
    "exact": lambda: TokenIndex(DIMS),
    "1 bit": lambda: ResidualIndex(DIMS, bits=1, centroids=32),
    "2 bits": lambda: ResidualIndex(DIMS, centroids=32),
    "2 bits, few looked at": lambda: ResidualIndex(DIMS, centroids=32, probes=2, shortlist=15),
    "4 bits, all looked at": lambda: ResidualIndex(DIMS, bits=4, centroids=32, probes=None),
}
every_index = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())
several_bits = pytest.mark.parametrize("bits", [1, 2, 4])
few_examples = settings(max_examples=30, deadline=None)


def unit(n, seed=0, dims=DIMS):
    vectors = np.random.default_rng(seed).normal(size=(n, dims)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def ragged(lengths, seed=0, dims=DIMS):
    """Documents of so many tokens; small whole numbers, so that sums are exact and ties occur."""
    rng = np.random.default_rng(seed)
    return [rng.integers(-2, 3, size=(length, dims)).astype(np.float32) for length in lengths]


def laid_end_to_end(documents):
    return np.concatenate(documents), np.cumsum([0, *map(len, documents)])


def naive_maxsim(query, documents):
    scores = []
    for document in documents:
        best = [max((float(q @ d) for d in document), default=-np.inf) for q in query]
        scores.append(sum(best) if len(document) else -np.inf)
    return scores


def naive_search(query, documents, k, ids=None):
    """The k best as [(score, id)]: falling scores, then rising ids, none without tokens."""
    scores = dict(enumerate(naive_maxsim(query, documents)))
    candidates = [i for i in (scores if ids is None else ids) if i >= 0 and scores[i] > -np.inf]
    best = sorted((-scores[i], i) for i in candidates)[:k]
    return [(-score, i) for score, i in best] + [(-np.inf, -1)] * (k - len(best))


def as_pairs(result):
    return [
        list(zip(scores.tolist(), ids.tolist(), strict=True)) for scores, ids in zip(*result, strict=True)
    ]


def filled(make, documents):
    index = make()
    index.add(documents)
    return index


def assert_equal_results(a, b):
    for mine, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(mine, other)


LENGTHS = st.lists(st.integers(0, 5), min_size=1, max_size=9)
SEEDS = st.integers(0, 999)


# MaxSim.


@few_examples
@given(LENGTHS, st.integers(0, 4), st.integers(1, 5), st.integers(1, 30), SEEDS)
def test_maxsim_equals_a_naive_loop_in_blocks_of_any_size(lengths, t, dims, block, seed):
    *documents, query = ragged([*lengths, t], seed, dims)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(maxsim_module, "BLOCK", block)
        scores = maxsim(query, *laid_end_to_end(documents))
    assert scores.dtype == np.float32
    assert scores.tolist() == naive_maxsim(query, documents)


def test_more_tokens_than_a_block_are_scored_alike():
    documents = [unit(n, n, 8) for n in (1, maxsim_module.BLOCK - 1, 5, 0, maxsim_module.BLOCK + 3, 2)]
    query = unit(3, 99, 8)
    expected = [(d @ query.T).max(axis=0, initial=-np.inf).sum() for d in documents]
    np.testing.assert_allclose(maxsim(query, *laid_end_to_end(documents)), expected, atol=1e-5)


def test_a_query_without_tokens_scores_0_and_a_document_without_tokens_minus_infinity():
    documents = ragged([2, 0, 1])
    tokens, offsets = laid_end_to_end(documents)
    assert maxsim(np.zeros((0, DIMS), np.float32), tokens, offsets).tolist() == [0, -np.inf, 0]
    assert maxsim(tokens[:2], tokens[:0], np.array([0, 0])).tolist() == [-np.inf]
    assert maxsim(tokens[:2], tokens[:0], np.array([0])).shape == (0,)


def vectors_for_pylate():
    """Two queries and six documents, 16 numbers a token, each of length 1."""
    rng = np.random.default_rng(7)
    matrices = [rng.normal(size=(n, 16)).astype(np.float32) for n in (5, 3, 1, 3, 8, 2, 13, 5)]
    matrices = [matrix / np.linalg.norm(matrix, axis=1, keepdims=True) for matrix in matrices]
    return matrices[:2], matrices[2:]


def test_scores_are_those_recorded_from_pylate():
    queries, documents = vectors_for_pylate()
    # scores of PyLate 1.6.0, colbert_scores, of each query with each document, without padding
    recorded = [
        [0.501436, 2.028149, 1.968436, 0.739266, 1.757849, 1.614949],
        [0.54475, 0.502501, 0.941894, 0.168455, 1.349501, 0.575437],
    ]
    mine = [maxsim(query, *laid_end_to_end(documents)) for query in queries]
    np.testing.assert_allclose(mine, recorded, atol=1e-4)


def test_scores_are_those_of_pylate_where_it_is_installed():
    scores = pytest.importorskip("pylate.scores")
    queries, documents = vectors_for_pylate()
    for query in queries:
        theirs = [float(scores.colbert_scores(query[None], document[None])[0, 0]) for document in documents]
        np.testing.assert_allclose(maxsim(query, *laid_end_to_end(documents)), theirs, atol=1e-4)


# Exact search.


@few_examples
@given(LENGTHS, st.lists(st.integers(0, 4), max_size=3), st.integers(1, 12), SEEDS)
def test_search_equals_scoring_and_sorting_everything(lengths, query_lengths, k, seed):
    documents, queries = ragged(lengths, seed, 3), ragged(query_lengths, seed + 1, 3)
    index = filled(lambda: TokenIndex(3), documents)
    scores, ids = index.search(queries, k)
    assert scores.shape == ids.shape == (len(queries), k)
    assert (scores.dtype, ids.dtype) == (np.float32, np.int64)
    assert as_pairs((scores, ids)) == [naive_search(query, documents, k) for query in queries]


@few_examples
@given(LENGTHS, st.data(), st.integers(1, 12), SEEDS)
def test_rerank_scores_only_the_candidates_and_passes_over_minus_1(lengths, data, k, seed):
    documents, [query] = ragged(lengths, seed, 3), ragged([2], seed + 1, 3)
    candidates = data.draw(st.lists(st.sampled_from(range(len(documents))), unique=True))
    candidates = data.draw(st.permutations([*candidates, -1, -1]))
    index = filled(lambda: TokenIndex(3), documents)
    found = index.rerank([query, query], [np.array(candidates), None], k)
    expected = [naive_search(query, documents, k, candidates), naive_search(query, documents, k)]
    assert as_pairs(found) == expected


def test_a_candidate_named_twice_lends_its_id_to_no_other():
    documents = ragged([2, 2, 2])
    index = filled(KINDS["exact"], documents)
    scores, ids = index.rerank([documents[2]], [np.array([0, 0, 1])], 3)  # as many as there are documents
    exact = index.scores(documents[2])
    for score, i in zip(scores[0], ids[0], strict=True):
        assert score == (exact[i] if i >= 0 else -np.inf)
    assert 2 not in ids


@every_index
def test_scores_of_some_ids_come_in_their_order(make):
    index, ids = filled(make, [unit(n, n) for n in (3, 0, 5, 1, 4)]), np.array([4, 1, 0])
    some = index.scores(unit(2), ids)
    assert np.isneginf(some).tolist() == [False, True, False]
    np.testing.assert_allclose(some, index.scores(unit(2))[ids], rtol=1e-5)
    assert index.scores(unit(2), ids[:0]).shape == (0,)


# What both indexes do alike.


def documents_of(n, seed=0):
    return [unit(1 + i % 7, 1000 * seed + i) for i in range(n)]


@every_index
def test_a_document_finds_itself_when_it_is_the_query(make):
    documents = [unit(8, i) for i in range(60)]
    _, ids = filled(make, documents).search(documents, 3)
    assert np.mean(ids[:, 0] == np.arange(60)) > 0.9


@every_index
def test_in_portions_or_all_at_once(make):
    documents = documents_of(60)
    index = filled(make, documents[:40])  # what is learnt comes from the first
    index.add(documents[40:45])
    index.add([])
    for document in documents[45:]:
        index.add([document])
    other = filled(make, documents[:40])
    other.add(documents[40:])
    assert len(index) == len(other) == 60
    assert index.bytes_per_doc == other.bytes_per_doc
    assert_equal_results(index.search(documents[:9], 10), other.search(documents[:9], 10))


@every_index
def test_searching_between_additions_changes_nothing(make):
    documents = documents_of(60)
    index, other = filled(make, documents[:40]), filled(make, documents[:40])
    for rest in (documents[40:50], [unit(0)], documents[50:]):
        index.search(documents[:2], 3)
        for one in (index, other):
            one.add(rest)
    assert_equal_results(index.search(documents, 10), other.search(documents, 10))


@every_index
def test_documents_without_tokens_are_counted_but_never_found(make):
    index = filled(make, [unit(0), unit(3, 1), unit(0), unit(2, 2)])
    assert len(index) == 4
    scores, ids = index.search([unit(2)], 5)
    assert sorted(ids[0]) == [-1, -1, -1, 1, 3]
    assert np.isfinite(scores[0]).tolist() == [True, True, False, False, False]
    assert index.search([unit(0)], 3)[1].tolist() == [[1, 3, -1]]


@every_index
@pytest.mark.parametrize("documents", [[], [unit(0), unit(0)]], ids=["none", "without tokens"])
def test_an_index_without_tokens_finds_nothing_and_can_be_saved(make, documents, tmp_path):
    index = filled(make, documents)
    for _ in range(2):
        scores, ids = index.search([unit(2), unit(0)], 3)
        assert ids.tolist() == [[-1] * 3] * 2
        assert (scores == -np.inf).all()
        assert index.search([], 3)[1].shape == (0, 3)
        assert len(index) == len(documents)
        index.save(tmp_path / "empty")
        index = type(index).load(tmp_path / "empty")
    other = filled(make, documents)
    for one in (index, other):
        one.add(documents_of(50))
    assert_equal_results(index.search(documents_of(50), 4), other.search(documents_of(50), 4))


@every_index
def test_saved_loaded_and_added_to(make, tmp_path):
    documents = documents_of(80)
    index = filled(make, documents[:50])
    index.save(tmp_path / "index")
    loaded = type(index).load(tmp_path / "index")
    assert (len(loaded), loaded.bytes_per_doc) == (50, index.bytes_per_doc)
    assert_equal_results(loaded.search(documents, 9), index.search(documents, 9))
    for one in (index, loaded):
        one.add(documents[50:])
    assert_equal_results(loaded.search(documents, 9), index.search(documents, 9))


@every_index
def test_damaged_and_foreign_files_are_refused(make, tmp_path):
    index = filled(make, documents_of(9))
    index.save(tmp_path / "index")
    (tmp_path / "cut").write_bytes((tmp_path / "index").read_bytes()[:-5])
    with pytest.raises(StoreError, match="damaged"):
        type(index).load(tmp_path / "cut")
    with pytest.raises(StoreError, match="there is no file"):
        type(index).load(tmp_path / "nothing")
    other = TokenIndex if isinstance(index, ResidualIndex) else ResidualIndex
    with pytest.raises(StoreError, match=f"holds '{type(index).__name__}', not '{other.__name__}'"):
        other.load(tmp_path / "index")


@every_index
@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.ones((2, 3)), r"\(n, 10\), but got \(2, 3\)"),
        (np.ones(10), r"but got \(10,\)"),
        ([[1] * 10, [np.nan] * 10], "vector 1 holds NaN or infinity"),
        ([[np.inf] * 10], "vector 0 holds NaN or infinity"),
    ],
)
def test_bad_matrices_are_refused_and_leave_the_index_as_it_was(make, matrix, message):
    for index in (make(), filled(make, documents_of(9))):
        before = len(index), index.bytes_per_doc
        with pytest.raises(ValueError, match=message):
            index.add([matrix])
        assert (len(index), index.bytes_per_doc) == before
        with pytest.raises(ValueError, match=message):
            index.search([matrix], 1)
        with pytest.raises(ValueError, match="k must be at least 1, but is 0"):
            index.search([unit(1)], 0)


@pytest.mark.parametrize("kind", [TokenIndex, ResidualIndex])
def test_there_must_be_a_dimension(kind):
    with pytest.raises(ValueError, match="dims must be at least 1, but is 0"):
        kind(0)


def test_sizes_are_those_of_the_numbers():
    index = filled(KINDS["exact"], [unit(3), unit(0), unit(5)])
    assert index.bytes_per_vector == 4 * DIMS
    assert index.bytes_per_doc == index.tokens.nbytes / 3 + 8


# Residual codes.


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


def clustered(n, seed=0, dims=DIMS):
    """Vectors of length 1 around twenty directions, as tokens lie."""
    vectors = unit(20, 77, dims)[np.arange(n) % 20] + 0.4 * unit(n, seed, dims)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


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
    assert index.bytes_per_doc == 4 * index.bytes_per_vector + 8


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


# ColBERT.


TEXTS = ["sort(a)", "", "?!", "Return the sum, or 0.", " \n", "don't-stop", "x" * 90, "a b c d e f g h"]
PAIRS = [
    ("sort a list", "puts the elements of a sequence into ascending order"),
    ("cat", "a small animal that purrs and hunts mice"),
    ("income tax", "money that the state takes of what people earn"),
    ("matrix product", "multiplies rows with columns and adds them up"),
    ("heart attack", "the muscle that pumps blood gets no oxygen"),
    ("bake bread", "knead flour with water and yeast, then heat the dough"),
    ("read a file", "opens a path and returns the text on the disk"),
    ("moon landing", "Armstrong left the capsule and walked in the dust"),
]


@pytest.fixture(scope="module")
def embedder():
    return Embedder.load(dtype="float32")


@pytest.fixture(scope="module")
def projection():
    return np.random.default_rng(0).normal(size=(384, 12)).astype(np.float32)


@pytest.mark.parametrize("punctuation", [False, True])
@pytest.mark.parametrize("lead", [64, 5])
@pytest.mark.parametrize("projected", [False, True])
def test_vectors_are_those_of_the_encoder_filtered_projected_and_of_length_1(
    embedder, projection, projected, lead, punctuation
):
    model = ColBERT(embedder, projection if projected else None, lead=lead, punctuation=punctuation)
    assert model.dims == (12 if projected else 384)
    hidden = embedder.reading(lead).encode_tokens(TEXTS, on_long="cut")
    mine = model.encode_documents(TEXTS, show_progress=False)
    for text, matrix, full in zip(TEXTS, mine, hidden, strict=True):
        names = [embedder.tokenizer.tokens[i] for i in embedder.tokenizer.encode(text, max_length=lead)]
        kept = [punctuation or any(c.isalnum() for c in name) for name in names]
        expected = full[kept] @ projection if projected else full[kept]
        expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
        assert matrix.dtype == np.float32
        np.testing.assert_allclose(matrix, expected, atol=1e-5, err_msg=text)


def test_queries_keep_their_punctuation_and_are_read_beyond_the_lead(embedder):
    model, texts = ColBERT(embedder, lead=3), ["sort(a)!", "", "?", "a b c d"]
    assert [matrix.shape for matrix in model.encode_queries(texts)] == [
        (7, 384),
        (2, 384),
        (3, 384),
        (6, 384),
    ]
    assert len(model.query_ids(["word " * 900])[0]) == 512, "all that the model takes"
    assert model.encode_queries([]) == model.encode_documents([]) == []


@pytest.mark.parametrize("text", ["", " \t", "?", "(...) -- !!"])
@pytest.mark.parametrize("markers", [False, True])
def test_texts_without_words_keep_cls_and_sep(embedder, text, markers):
    model = ColBERT(embedder, markers=markers)
    [ids], [matrix] = model.document_ids([text]), model.encode_documents([text])
    names = np.array([embedder.tokenizer.tokens[i] for i in ids])[model.kept(ids)]
    assert [name for name in names if name != DOCUMENT_MARKER] == ["[CLS]", "[SEP]"]
    assert len(matrix) == len(names)
    assert np.isfinite(matrix).all()


@few_examples
@given(st.text("ab .(é", max_size=40), st.integers(3, 12))
def test_markers_add_one_token_behind_cls_and_stay_within_the_lead(embedder, text, lead):
    plain, marked = ColBERT(embedder, lead=lead), ColBERT(embedder, lead=lead, markers=True)
    vocabulary = embedder.tokenizer.vocabulary
    for method, marker in (("query_ids", QUERY_MARKER), ("document_ids", DOCUMENT_MARKER)):
        [before], [after] = (getattr(model, method)([text]) for model in (plain, marked))
        assert after[:2] == [embedder.tokenizer.cls, vocabulary[marker]]
        assert after[-1] == embedder.tokenizer.sep
        if len(before) < lead or method == "query_ids":
            assert after[:1] + after[2:] == before
        else:
            assert len(after) == lead
            assert after[2:-1] == before[1:-2], "the last word gives way"


def test_queries_are_filled_up_with_mask_and_never_cut(embedder):
    short, long = "sort an array", "a b c d e f g h i j k l"
    plain, model = ColBERT(embedder), ColBERT(embedder, query_length=8)
    assert model.query_ids([short, long]) == [
        plain.query_ids([short])[0] + [embedder.tokenizer.mask] * 3,
        plain.query_ids([long])[0],
    ]
    assert [len(matrix) for matrix in model.encode_queries([short, long])] == [8, 14]
    assert model.document_ids([short]) == plain.document_ids([short])
    marked = ColBERT(embedder, query_length=8, markers=True)
    assert [len(ids) for ids in marked.query_ids([short, long])] == [8, 15]


def test_one_string_or_what_is_none_is_refused(embedder):
    model = ColBERT(embedder)
    for encode in (model.encode_queries, model.encode_documents, model.query_ids, model.document_ids):
        with pytest.raises(TypeError, match=r"a list of strings, but got one string: pass \['sort'\]"):
            encode("sort")
        with pytest.raises(TypeError, match=r"texts\[1\] must be a string, but is int"):
            encode(["sort", 1])


@pytest.mark.parametrize("shape", [(383, 4), (384,), (4, 384), (384, 4, 1)])
def test_a_projection_of_wrong_shape_is_refused(embedder, shape):
    with pytest.raises(ValueError, match=r"the projection has shape \(.*, but the model 384 dimensions"):
        ColBERT(embedder, np.ones(shape, np.float32))


@pytest.mark.parametrize("lead", [1, 513])
def test_an_impossible_lead_is_refused(embedder, lead):
    with pytest.raises(ValueError, match=f"between 2 and 512, but is {lead}"):
        ColBERT(embedder, lead=lead)


OPTIONS = {"lead": 7, "markers": True, "query_length": 9, "punctuation": True}


@pytest.mark.parametrize("projected", [False, True])
def test_a_saved_model_gives_the_same_vectors(embedder, projection, projected, tmp_path):
    model = ColBERT(embedder, projection if projected else None, **OPTIONS)
    model.save(tmp_path / "model")
    loaded = ColBERT.load(tmp_path / "model", embedder)
    assert loaded.identity == model.identity
    assert_equal_results(loaded.encode_documents(TEXTS), model.encode_documents(TEXTS))
    assert_equal_results(loaded.encode_queries(TEXTS), model.encode_queries(TEXTS))


def test_whatever_changes_vectors_changes_the_identity(embedder, projection):
    models = [ColBERT(embedder), ColBERT(embedder, projection), ColBERT(embedder, -projection)]
    models += [ColBERT(embedder, **{name: value}) for name, value in OPTIONS.items()]
    identities = [str(model.identity) for model in models]
    assert len(set(identities)) == len(models)


def test_a_file_of_another_model_or_a_damaged_one_is_refused(embedder, projection, tmp_path):
    file, cut = tmp_path / "model", tmp_path / "cut"
    ColBERT(embedder, projection).save(file)
    other = copy.copy(embedder)
    other.encoder = copy.copy(embedder.encoder)
    other.encoder.sha256 = "f" * 64
    with pytest.raises(StoreError, match="but the embedder is ffffffffffff"):
        ColBERT.load(file, other)
    cut.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(StoreError, match="damaged"):
        ColBERT.load(cut, embedder)
    with pytest.raises(StoreError, match="there is no file"):
        ColBERT.load(tmp_path / "nothing", embedder)
    filled(KINDS["exact"], [unit(3)]).save(file)
    with pytest.raises(StoreError, match="holds 'TokenIndex', not 'ColBERT'"):
        ColBERT.load(file, embedder)


# Training.


def fitted(embedder, pairs=PAIRS, **options):
    options = {"dims": 4, "steps": 5, "batch_size": len(pairs), "learning_rate": 0.02} | options
    with threadpool_limits(1, user_api="blas"):  # on a busy machine, threads wait for each other
        return fit_projection(ColBERT(embedder), pairs, show_progress=False, **options)


def scores_of(model, pairs=PAIRS):
    """MaxSim of each query (row) with each document, divided by the query's tokens."""
    queries, documents = zip(*pairs, strict=True)
    tokens, offsets = laid_end_to_end(model.encode_documents(documents, show_progress=False))
    return np.array([maxsim(q, tokens, offsets) / len(q) for q in model.encode_queries(queries)])


def loss_of(scores, temperature=0.05):
    exponents = np.exp(scores / temperature)
    return -np.log(np.diag(exponents) / exponents.sum(axis=1)).mean()


def ndcg_of(scores):
    """Of one right document each: 1 / log2(rank + 1)."""
    ranks = (scores >= np.diag(scores)[:, None]).sum(axis=1)
    return (1 / np.log2(ranks + 1)).mean()


def test_training_lowers_the_loss_and_ranks_better(embedder):
    before = scores_of(fitted(embedder, dims=3, learning_rate=0.0))
    after = scores_of(fitted(embedder, dims=3, steps=10))
    assert loss_of(after) < 0.5 * loss_of(before)
    assert ndcg_of(after) > ndcg_of(before) + 0.1


def test_training_starts_from_random_directions_at_right_angles(embedder):
    one, other = (fitted(embedder, learning_rate=0.0, seed=seed).projection for seed in (0, 1))
    np.testing.assert_allclose(one.T @ one, np.eye(4), atol=1e-5)
    # In 384 dimensions, two random directions are nearly at right angles.
    assert np.abs(one.T @ other).max() < 0.5


def test_training_is_repeatable_and_follows_its_seed(embedder):
    first, second, other = (fitted(embedder, batch_size=3, seed=seed).projection for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert not np.allclose(first, other, atol=1e-3)


def test_training_keeps_the_options_of_the_model(embedder):
    model = ColBERT(embedder, **OPTIONS)
    trained = fit_projection(model, PAIRS, dims=3, steps=1, batch_size=2, show_progress=False)
    assert (trained.dims, model.dims) == (3, 384)
    changed = {"projection": trained.identity["projection"]}
    assert trained.identity == model.identity | changed


def test_a_pair_of_weight_0_is_never_drawn(embedder):
    weights = [1.0, 2.0, 3.0, 0.0]
    one, same = (
        fitted(embedder, [*PAIRS[:3], last], batch_size=2, weights=weights).projection
        for last in (PAIRS[3], PAIRS[4])
    )
    np.testing.assert_array_equal(one, same)
    even = fitted(embedder, PAIRS[:4], batch_size=2).projection
    assert not np.allclose(one, even, atol=1e-3)


def test_weights_may_be_whole_numbers(embedder):
    results = [fitted(embedder, batch_size=2, weights=kind([1, 2] * 4)) for kind in (np.float32, list)]
    np.testing.assert_array_equal(*(model.projection for model in results))


@pytest.mark.parametrize(("pairs", "weights"), [(PAIRS[:2], None), (PAIRS[:5], [1.0, 1.0, 1.0, 0.0, 0.0])])
def test_fewer_pairs_than_a_batch_are_enough(embedder, pairs, weights):
    model = fitted(embedder, pairs, steps=2, batch_size=32, weights=weights)
    assert np.isfinite(model.projection).all()


@pytest.mark.parametrize(
    ("pairs", "dims", "message"),
    [
        ([], 4, "need at least 2 pairs, but got 0"),
        (PAIRS[:1], 4, "need at least 2 pairs, but got 1"),
        (PAIRS, 0, "cannot project 384 dimensions to 0"),
        (PAIRS, 385, "cannot project 384 dimensions to 385"),
    ],
)
def test_impossible_trainings_are_refused(embedder, pairs, dims, message):
    with pytest.raises(ValueError, match=message):
        fitted(embedder, pairs, dims=dims)


def test_a_model_that_projects_already_is_not_trained_again(embedder, projection):
    with pytest.raises(ValueError, match="or a model that does already"):
        fit_projection(ColBERT(embedder, projection), PAIRS, dims=4)
