"""BM25: the formula, the library bm25s, growing, saving, and bad input."""

import bm25s
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.hybrid import ANALYZERS, BM25Index, code_words, idf
from embedlab.machine import StoreError

TEXTS = ["the cat sat on the mat", "the dog ate the bone", "cats and dogs", "", "a mat for the cat, a mat!"]
WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), max_size=6).map(" ".join)


def filled(texts=TEXTS, **options):
    index = BM25Index(**{"analyzer": "words", **options})
    index.add(texts)
    return index


def by_hand(query, texts, k1, b, kind):
    documents = [text.lower().split() for text in texts]
    mean = sum(map(len, documents)) / len(documents)
    scores = []
    for document in documents:
        total = 0.0
        for word in query.split():
            f = document.count(word)
            if f:
                rarity = idf(sum(word in other for other in documents), len(documents), kind)
                total += rarity * f / (f + k1 * (1 - b + b * len(document) / mean))
        scores.append(total)
    return np.array(scores)


@settings(max_examples=40, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=8), WORDS, st.sampled_from([(1.2, 0.75), (0, 0), (2, 1)]))
def test_scores_follow_the_formula(texts, query, constants):
    k1, b = constants
    if not any(texts):
        return
    for kind in ("lucene", "robertson"):
        index = filled(texts, k1=k1, b=b, idf_kind=kind)
        np.testing.assert_allclose(index.scores(query), by_hand(query, texts, k1, b, kind), atol=1e-5)


@pytest.mark.parametrize("method", ["lucene", "robertson"])
@pytest.mark.parametrize(("k1", "b"), [(1.2, 0.75), (0.6, 0.3)])
def test_scores_are_those_of_bm25s(method, k1, b):
    rng = np.random.default_rng(0)
    words = np.array([f"w{i}" for i in range(60)])
    chances = 1 / np.arange(1, 61)
    texts = [" ".join(rng.choice(words, rng.integers(3, 30), p=chances / chances.sum())) for _ in range(80)]
    library = bm25s.BM25(k1=k1, b=b, method=method)
    library.index([text.split() for text in texts], show_progress=False)
    ours = filled(texts, k1=k1, b=b, idf_kind=method)
    for query in ("w3 w17 w40", "w1 w1 w2", "w59"):
        np.testing.assert_allclose(ours.scores(query), library.get_scores(query.split()), atol=1e-5)


def test_adding_in_portions_is_adding_at_once():
    at_once, grown = filled(), filled(TEXTS[:2])
    grown.add(TEXTS[2:])
    grown.add([])
    for query in ("cat mat", "dogs", "the"):
        np.testing.assert_array_equal(at_once.scores(query), grown.scores(query))


def test_a_saved_index_finds_the_same(tmp_path):
    index = filled(analyzer="stemmed", k1=0.9, idf_kind="robertson")
    index.save(tmp_path / "index")
    loaded = BM25Index.load(tmp_path / "index")
    np.testing.assert_array_equal(loaded.search(["cats"], 3)[0], index.search(["cats"], 3)[0])
    loaded.add(["one more cat"])
    assert len(loaded) == len(TEXTS) + 1
    (tmp_path / "cut").write_bytes((tmp_path / "index").read_bytes()[:100])
    with pytest.raises(StoreError):
        BM25Index.load(tmp_path / "cut")


@pytest.mark.parametrize("query", ["", "!?", "unknown words only"])
def test_a_query_without_known_words_finds_nothing(query):
    scores, ids = filled().search([query], 3)
    assert (ids == -1).all()
    assert np.isneginf(scores).all()


def test_fewer_documents_than_asked_and_ties_by_id():
    scores, ids = filled(["same words", "other", "same words"]).search(["same"], 5)
    assert ids.tolist() == [[0, 2, -1, -1, -1]]
    assert scores[0, 0] == scores[0, 1]
    assert filled(["alone"]).search(["alone"], 1)[1].tolist() == [[0]]
    assert filled([]).search(["x"], 2)[1].tolist() == [[-1, -1]]
    assert filled().search([], 4)[0].shape == (0, 4)


def test_analyzers_cut_identifiers():
    assert code_words("read_csv HTTPServer2 naïveWert") == [
        *["read_csv", "read", "csv"],
        *["httpserver2", "http", "server", "2"],
        *code_words("naïveWert"),
    ]
    assert ANALYZERS["stemmed"]("Replacing values") == ["replac", "valu"]
    assert ANALYZERS["words"]("Größe 12") == ["größe", "12"]


def test_bad_settings_and_input_are_refused():
    with pytest.raises(ValueError, match="k1 must be at least 0"):
        BM25Index(k1=-1)
    with pytest.raises(ValueError, match="b between 0 and 1"):
        BM25Index(b=1.5)
    with pytest.raises(ValueError, match="'tf'"):
        BM25Index(idf_kind="tf")
    with pytest.raises(ValueError, match="no analyzer 'german'"):
        BM25Index(analyzer="german")
    with pytest.raises(ValueError, match="k must be at least 1"):
        filled().search(["cat"], 0)
    with pytest.raises(TypeError, match="one string"):
        filled().search("cat", 1)
    with pytest.raises(TypeError, match="text 1 must be a string, but is int"):
        BM25Index().add(["a", 3])
