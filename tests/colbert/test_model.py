"""Token vectors against what the encoder gives; files of a model."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from token_matrices import KINDS, assert_equal_results, few_examples, filled, unit

from embedlab.colbert import DOCUMENT_MARKER, QUERY_MARKER, ColBERT
from embedlab.embedder import Embedder
from embedlab.machine import StoreError, files

TEXTS = ["sort(a)", "", "?!", "Return the sum, or 0.", " \n", "don't-stop", "x" * 90, "a b c d e f g h"]


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
        with pytest.raises(TypeError, match=r"a list of strings, but is one string: pass \['sort'\]"):
            encode("sort")
        with pytest.raises(TypeError, match=r"texts\[1\] must be a string, but is int"):
            encode(["sort", 1])


@pytest.mark.parametrize("shape", [(383, 4), (384,), (4, 384), (384, 4, 1)])
def test_a_projection_of_wrong_shape_is_refused(embedder, shape):
    with pytest.raises(ValueError, match=r"the projection has shape \(.*, but the model 384 dimensions"):
        ColBERT(embedder, np.ones(shape, np.float32))


@pytest.mark.parametrize("length", [-1, 513])
def test_an_impossible_length_of_queries_is_refused(embedder, length):
    with pytest.raises(ValueError, match=f"query_length must be between 0 and 512, but is {length}"):
        ColBERT(embedder, query_length=length)


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


def test_a_file_without_its_options_or_of_a_wrong_shape(embedder, tmp_path):
    about = {"model": embedder.encoder.sha256}
    files.save(tmp_path / "bare", "ColBERT", {}, about)
    assert ColBERT.load(tmp_path / "bare", embedder).options == ColBERT(embedder).options
    files.save(tmp_path / "wrong", "ColBERT", {"projection": np.ones((4, 2), np.float32)}, about)
    with pytest.raises(StoreError, match=r"shape \(4, 2\), but the model 384"):
        ColBERT.load(tmp_path / "wrong", embedder)
    files.save(tmp_path / "nothing", "ColBERT", {}, {})
    with pytest.raises(StoreError, match="was made for the model None"):
        ColBERT.load(tmp_path / "nothing", embedder)
