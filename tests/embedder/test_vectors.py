"""Vectors are found again by their text, computed once, and never taken from a damaged place."""

import sqlite3
import warnings

import numpy as np
import pytest

from embedlab.embedder import Embedder, vectors
from embedlab.embedder.vectors import VectorStore

DIMS = 384


class Spy:
    """Counts the texts that reach the encoder; interrupts at the given call."""

    def __init__(self, encoder, stop_at=None):
        self.encoder, self.calls, self.stop_at = encoder, [], stop_at

    def run(self, sequences):
        self.calls.append(len(sequences))
        if len(self.calls) == self.stop_at:
            raise KeyboardInterrupt
        return self.encoder.run(sequences)

    def __getattr__(self, name):
        return getattr(self.encoder, name)


@pytest.fixture
def embedder(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    monkeypatch.setattr("embedlab.embedder.model.CACHE_CHUNK", 2)
    loaded = Embedder.load(dtype="float32")
    loaded.encoder = Spy(loaded.encoder)
    return loaded


def test_only_new_texts_are_embedded(embedder):
    first = embedder.encode(["one", "two", "three"], cache=True)
    assert embedder.encoder.calls == [2, 1]
    again = embedder.encode(["three", "four", "one"], cache=True)
    assert embedder.encoder.calls == [2, 1, 1]
    np.testing.assert_array_equal(again[[2, 0]], first[[0, 2]])


def test_other_settings_are_another_space(embedder):
    embedder.encode(["one two three"], cache=True)
    embedder.reading(4).encode(["one two three"], cache=True)
    assert embedder.encoder.calls == [1, 1]


def test_an_interrupted_run_keeps_what_is_done(embedder):
    embedder.encoder.stop_at = 2
    with pytest.raises(KeyboardInterrupt):
        embedder.encode(["one", "two", "three"], cache=True)
    embedder.encode(["one", "two", "three"], cache=True)
    assert embedder.encoder.calls == [2, 1, 1]


def test_a_damaged_database_is_built_again(embedder, tmp_path):
    first = embedder.encode(["one", "two"], cache=True)
    for database in tmp_path.rglob("*.sqlite"):
        database.write_bytes(b"no database" * 1000)
    with pytest.warns(UserWarning, match="is damaged"):
        np.testing.assert_array_equal(embedder.encode(["one", "two"], cache=True), first)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        embedder.encode(["one", "two"], cache=True)
    assert embedder.encoder.calls == [2, 2]


@pytest.mark.parametrize("row", [bytes(4 * DIMS), np.full(DIMS, np.nan, np.float32).tobytes(), b"cut short"])
def test_zeros_nan_and_cut_rows_are_not_used(embedder, tmp_path, row):
    first = embedder.encode(["one"], cache=True)
    (file,) = tmp_path.rglob("*.sqlite")
    with sqlite3.connect(file) as database:
        database.execute("UPDATE vectors SET vector = ?", (row,))
    np.testing.assert_array_equal(embedder.encode(["one"], cache=True), first)
    assert embedder.encoder.calls == [1, 1]


def test_half_a_surrogate_pair_is_a_text_like_any_other(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    store = VectorStore("space", dims=2)
    store.put(["\ud800"], np.float32([[1, 2]]))
    assert store.get(["\ud800", "x"])[1] == [1]


def test_where_nothing_can_be_kept_it_says_so_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    store = VectorStore("space", dims=2)
    store.path.mkdir()  # stands where the database would be
    with pytest.warns(UserWarning, match="vectors cannot be kept"):
        store.put(["x"], np.float32([[1, 2]]))


def test_shipped_vectors_are_found_by_text(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    shipped = {vectors.text_key("b"): 0, vectors.text_key("a"): 1}, np.float16([[1, 2], [3, 4]])
    monkeypatch.setattr(vectors, "shipped_vectors", lambda space: shipped)
    found, missing = VectorStore("space", dims=2).get(["a", "c", "b"])
    assert found.tolist() == [[3, 4], [0, 0], [1, 2]]
    assert missing == [1]
    assert VectorStore("space", dims=2, shipped=False).get(["a", "b"])[1] == [0, 1]
