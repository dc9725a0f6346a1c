"""BM25: the formula, the library bm25s, growing, saving, and bad input."""

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import bm25s
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core import event

from embedlab.benchmark import docsearch
from embedlab.hybrid import BM25Index, compiled, idf
from embedlab.hybrid.bm25 import MANY, find_best
from embedlab.machine import StoreError, files

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


def test_a_shared_word_is_found_though_its_idf_is_0():
    index = filled(["a b", "a c", "d e", "f g"], idf_kind="robertson")  # half of them hold "a"
    assert index.search(["a"], 3)[1].tolist() == [[0, 1, -1]]
    assert index.search(["a b"], 3)[1].tolist() == [[0, 1, -1]]
    assert index.scores("a").max() < 1e-30


def test_one_query_needs_neither_numba_nor_torch():
    code = """import sys
from embedlab.hybrid import BM25Index
index = BM25Index()
index.add(["a cat", "a dog"])
assert index.search(["cats"], 1)[1] == [[0]]
assert not {"torch", "numba"} & set(sys.modules)"""
    subprocess.run([sys.executable, "-c", code], check=True)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 300), st.integers(1, 40), st.integers(0, 9), st.sampled_from(["lucene", "robertson"]))
def test_compiled_and_plain_search_find_the_same(n, k, seed, kind):
    rng = np.random.default_rng(seed)
    words = [f"w{i}" for i in range(12)]
    texts = [" ".join(rng.choice(words, rng.integers(4))) for _ in range(n)]  # short: many scores tie
    index = filled(texts, idf_kind=kind)
    queries = [" ".join(rng.choice(words, 4)) for _ in range(5)]  # some have a word twice
    plain, fast = [], []
    for query in queries:
        for results, find in ((plain, find_best), (fast, compiled.find_best)):
            scores, ids = np.full(k, -np.inf, np.float32), np.full(k, -1)
            find(*index._postings(query), scores, ids)
            results.append((scores, ids))
    np.testing.assert_array_equal(fast, plain)  # to the last bit: added in the same order


def test_an_index_that_is_asked_often_still_finds_the_same(monkeypatch):
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice([f"w{i}" for i in range(40)], 20)) for _ in range(300)]
    index, new = filled(texts), filled(texts)
    install, listened = event.install_listener, []
    monkeypatch.setattr(event, "install_listener", lambda *given: listened.append(given) or install(*given))
    scores, ids = index.search(texts, 7)
    assert len(listened) == 1, "it says so where it has to compile"
    assert index._asked >= MANY
    for i in range(len(texts)):  # one at a time: the first by the plain loop, the later ones compiled
        alone = new.search(texts[i : i + 1], 7)
        np.testing.assert_array_equal(alone[0], scores[i : i + 1])
        np.testing.assert_array_equal(alone[1], ids[i : i + 1])


@settings(max_examples=40, deadline=None)
@given(st.lists(WORDS, max_size=8), st.integers(0, 8))
def test_documents_added_in_two_parts_make_the_same_index(texts, cut):
    whole, parts = filled(texts), filled(texts[:cut])
    parts.add(texts[cut:])
    assert list(parts.vocabulary) == list(dict.fromkeys(" ".join(texts).split()))
    for name in ("terms", "documents", "counts", "lengths", "weights"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
    counted = Counter((t, d) for d, text in enumerate(texts) for t in text.split())
    words = list(parts.vocabulary)
    found = zip([words[t] for t in parts.terms], parts.documents.tolist(), strict=True)
    assert dict(zip(found, parts.counts.tolist(), strict=True)) == counted


@pytest.mark.parametrize("document", [-1, 2])
def test_a_file_that_names_a_document_that_is_not_there_is_refused(tmp_path, document):
    index = filled(["a cat", "a dog"])
    index.documents = np.full_like(index.documents, document)
    index.save(tmp_path / "index")
    with pytest.raises(StoreError, match="holds no whole BM25 index"):
        BM25Index.load(tmp_path / "index")


def test_a_file_of_version_1_loads_unless_its_words_are_cut_otherwise():
    saved = Path(__file__).parent / "saved"
    loaded = BM25Index.load(saved / "version-1-ascii.safetensors")
    now = BM25Index(k1=0.9)
    now.add(["the cat sat on the mat", "read_csv of a KMeans cat"])
    for query in ("cats", "read the csv", "kmeans"):
        np.testing.assert_array_equal(loaded.scores(query), now.scores(query))
    with pytest.raises(StoreError, match=r"version 1 of its analyzers, now 2\): build the index again"):
        BM25Index.load(saved / "version-1-other.safetensors")


@pytest.mark.parametrize(
    ("arrays", "about"), [({}, {}), ({"vocabulary": np.frombuffer(b"[]", np.uint8)}, {}), ({}, {"k1": "x"})]
)
def test_a_whole_file_that_holds_something_else_is_refused(tmp_path, arrays, about):
    files.save(tmp_path / "index", "BM25Index", arrays, about)
    with pytest.raises(StoreError, match="holds no whole BM25 index"):
        BM25Index.load(tmp_path / "index")


@pytest.mark.parametrize(
    "change",
    [
        {"documents": np.int64([0, 1, 0, 1])},
        {"documents": np.uint32([0, 1, 0, 1])},
        {"lengths": np.float32([2, 2])},
        {"counts": np.int32([1, 1, 1])},
        {"terms": np.int32([[0, 0, 1, 2]])},
        {"counts": np.int32(1)},
        {"vocabulary": np.frombuffer(b'["a", "a", "dog"]', np.uint8)},
    ],
)
def test_a_file_whose_arrays_do_not_fit_together_is_refused(tmp_path, change):
    filled(["a cat", "a dog"]).save(tmp_path / "index")
    arrays, about = files.load(tmp_path / "index", "BM25Index")
    files.save(tmp_path / "index", "BM25Index", arrays | change, about)
    with pytest.raises(StoreError, match="holds no whole BM25 index"):
        BM25Index.load(tmp_path / "index")


@pytest.mark.slow
def test_all_of_docsearch_is_loaded_and_searched_at_once(tmp_path):
    index = BM25Index()
    index.add(docsearch().documents)
    index.save(tmp_path / "index")
    start = time.process_time()
    BM25Index.load(tmp_path / "index").search(["replace missing values"], 10)
    assert time.process_time() - start < 0.15


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
