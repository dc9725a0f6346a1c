"""The checker finds what is there, and each step of a deletion removes what the chapter says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import unit

from embedlab.security.traces import carve, traces

DIMS = 48


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=40), st.sampled_from(["<f4", ">f4", "<f2", ">f2"]), st.binary(max_size=40))
def test_a_vector_is_found_in_every_form(before, order, after):
    vector = unit(1, dims=DIMS)[0]
    found = traces(before + vector.astype(order).tobytes() + after, "planted text", vector)
    assert found == {"float32" if order.endswith("4") else "float16"}


def test_text_signs_and_nothing():
    vector = unit(1, dims=DIMS)[0]
    raw = np.packbits(vector > 0).tobytes() + "größte Not".encode()
    assert traces(raw, "größte", vector) == {"text", "signs"}
    assert traces(raw[1:], "Größte", vector) == set()
    assert traces(b"", "text", vector) == set()
    for text, empty in (("", vector), ("a", vector[:0])):
        with pytest.raises(ValueError, match="not empty"):
            traces(raw, text, empty)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=60), min_size=2, max_size=5), st.integers(0, 9))
def test_carving_finds_all_vectors_whatever_lies_between(between, seed):
    vectors = unit(len(between), dims=DIMS, seed=seed)
    raw, right = b"", []
    for filler, vector in zip(between, vectors, strict=True):
        raw += filler + b"\xff" * (-len(filler) % 4)
        right.append(len(raw))
        raw += vector.tobytes()
    offsets, found = carve(raw, DIMS)
    assert set(right) <= set(offsets)
    assert all(vector in found for vector in vectors)


def test_carving_finds_nothing_in_noise():
    noise = np.random.default_rng(0).integers(0, 256, 400_000, dtype=np.uint8).tobytes()
    assert carve(noise, 384)[0] == []
    assert carve(b"abc", 384)[1].shape == (0, 384)


@pytest.fixture(scope="module")
def left():
    pytest.importorskip("psycopg", reason="the extra production is not installed")
    from embedlab.security.forgetting import forget

    vectors = unit(301, dims=DIMS)
    return {sealed: forget(vectors[:300], vectors[300], sealed=sealed) for sealed in (False, True)}


@pytest.mark.slow
def test_a_deletion_leaves_nearly_everything(left):
    before, deleted = left[False]["before"], left[False]["deleted"]
    assert all(before.values())
    for place in ("graph in the database", "graph of our own"):
        assert before[place] - deleted[place] == {"found"}
    assert all(deleted.values())


@pytest.mark.slow
def test_each_step_removes_its_part(left):
    gone = {}
    for step, places in left[False].items():
        for place, found in places.items():
            if not found:
                gone.setdefault(place, step)
    assert gone == {
        "cache of answers": "caches cleared",
        "log of requests": "caches cleared",
        "graph in the database": gone["graph in the database"],
        "table of sources": "rebuilt",
        "table of vectors": gone["table of vectors"],  # as the page was filled: by the vacuum, or rebuilt
        "graph of our own": "rebuilt",
        "codes of one bit": "rebuilt",
        "write-ahead log": "log renewed",
        "backup": "backup expired",
    }
    # VACUUM leaves indexes alone where few pages have dead rows; in a table of a few pages one is many
    assert gone["graph in the database"] in ("vacuumed", "indexes vacuumed")


@pytest.mark.slow
def test_shredding_ends_texts_and_no_vector(left):
    """But for what was opened to answer: cache and log of requests, in plain, until they are cleared."""
    for step, places in left[True].items():
        for place, found in places.items():
            opened = place in ("cache of answers", "log of requests")
            derived = set() if opened else {"text", "word"}
            assert found == left[False][step][place] - derived, (step, place)
            assert "text" not in found or step in ("before", "deleted")


@pytest.mark.slow
def test_a_long_text_hides_from_the_checker(connection):
    """PostgreSQL compresses rows over 2 kB: the bytes of the text are there in another form."""
    text = "Ottilie Brandauer owes 4711 crowns. " * 200
    row = "SELECT pg_column_compression(t), pg_column_size(t) FROM (SELECT t FROM long) x"
    connection.execute("CREATE TEMP TABLE long (t text)")
    connection.execute("INSERT INTO long VALUES (%s)", (text,))
    compression, size = connection.execute(row).fetchone()
    assert compression == "pglz"
    assert size < len(text) / 10
