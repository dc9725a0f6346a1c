"""The registry: what made a vector, who is refused, and that a change is there for all or none."""

import sqlite3

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab import drift
from embedlab.pipelines import hashed

CARDS = [drift.ModelCard(f"m{salt}", salt, "mean", 64, 8) for salt in "ab"]
ENCODERS = {card.id: lambda texts, salt=card.weights: hashed([salt + t for t in texts], 8) for card in CARDS}


@pytest.fixture
def db(tmp_path):
    connection = drift.connect(tmp_path / "registry.sqlite")
    yield connection
    connection.close()


def fill(db, index, **options):
    while drift.backfill(db, index, page=3) == 3:
        pass
    while drift.work(db, index, ENCODERS, **options):
        pass


def begun(db, documents=7):
    for document in range(1, documents + 1):
        drift.edit(db, document, f"text {document}")
    index = drift.new_index(db, CARDS[0], "whole", {})
    fill(db, index)
    drift.first_live(db, index)
    return index


def test_one_query_says_what_made_a_vector(db):
    index = begun(db)
    (row,) = drift.provenance(db, 3)
    assert (row["name"], row["weights"], row["chunker"], row["version"]) == ("ma", "a", "whole", 1)
    assert row["fresh"] == row["live"] == 1
    assert row["index_id"] == index
    drift.edit(db, 3, "another text")
    assert drift.provenance(db, 3)[0]["fresh"] == 0


def test_vectors_of_another_model_or_length_are_refused_by_name(db):
    index = begun(db)
    with pytest.raises(drift.WrongModelError, match=CARDS[1].id):
        drift.checked(db, index, CARDS[1].id, np.ones((1, 8), np.float32))
    with pytest.raises(drift.WrongModelError, match="8 dimensions"):
        drift.checked(db, index, CARDS[0].id, np.ones((1, 9), np.float32))
    with pytest.raises(ValueError, match="NaN"):
        drift.checked(db, index, CARDS[0].id, np.full((1, 8), np.nan, np.float32))


def test_the_database_itself_refuses_another_model(db):
    index = begun(db)
    with pytest.raises(sqlite3.IntegrityError, match="another model"), drift.writing(db):
        drift.store(db, index, CARDS[1].id, 1, 1, "by hand", [np.ones(8, np.float32)])
    assert len(drift.provenance(db, 1)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO vectors VALUES (1, 1, 9, :stranger, 1, '', x'00')",
        "INSERT OR REPLACE INTO vectors VALUES (1, 1, 0, :stranger, 1, '', x'00')",
        "INSERT INTO vectors VALUES (9, 1, 0, :stranger, 1, '', x'00')",  # there is no index 9
        "UPDATE vectors SET model = :stranger",
        "UPDATE vectors SET index_id = 2",
        "UPDATE indexes SET model = :stranger WHERE id = 1",
    ],
)
def test_a_connection_without_foreign_keys_is_refused_as_well(db, tmp_path, statement):
    begun(db)
    drift.new_index(db, CARDS[1], "whole", {})
    before = db.execute("SELECT * FROM vectors").fetchall()
    plain = sqlite3.connect(tmp_path / "registry.sqlite")
    assert plain.execute("PRAGMA foreign_keys").fetchone() == (0,)
    with pytest.raises(sqlite3.IntegrityError, match=r"another model|keeps its model"):
        plain.execute(statement, {"stranger": CARDS[1].id} if ":stranger" in statement else {})
    plain.close()
    assert db.execute("SELECT * FROM vectors").fetchall() == before


def test_a_document_with_chunks_counts_by_its_best(db):
    for document, text in ((1, "a b"), (2, "c d")):
        drift.edit(db, document, text)
    index = drift.new_index(db, CARDS[0], "words", {"separator": " "})
    fill(db, index, chop=str.split)
    drift.first_live(db, index)
    answer = drift.search(drift.snapshot(db), ENCODERS, ["d"], k=2)[0]
    assert answer.documents[0] == 2
    assert len(answer.documents) == 2


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from([None, "x", "y", "z"])), max_size=12))
@settings(max_examples=25, deadline=None)
def test_whatever_is_edited_during_a_migration_is_in_both_indexes(edits):
    db = drift.connect(":memory:")
    old = begun(db, documents=4)
    new = drift.new_index(db, CARDS[1], "whole", {})
    for number, (document, text) in enumerate(edits):
        drift.edit(db, document, text)
        if number == len(edits) // 2:
            drift.backfill(db, new, page=2)
    fill(db, new)
    while drift.work(db, old, ENCODERS):
        pass
    now = dict(db.execute("SELECT id, text FROM documents WHERE text IS NOT NULL"))
    for index, card in ((old, CARDS[0]), (new, CARDS[1])):
        rows = db.execute("SELECT document, vector FROM vectors WHERE index_id = ?", [index]).fetchall()
        assert {i for i, _ in rows} == set(now)
        assert all(v == ENCODERS[card.id]([now[i]])[0].tobytes() for i, v in rows)


def test_a_write_that_comes_late_is_left_for_the_next_one(db):
    index = begun(db)
    drift.edit(db, 1, "first")

    def slow(texts):
        drift.edit(db, 1, "second")  # while the model runs
        return ENCODERS[CARDS[0].id](texts)

    drift.work(db, index, {CARDS[0].id: slow})
    assert db.execute("SELECT document FROM pending").fetchall() == [(1,)]
    assert drift.provenance(db, 1)[0]["fresh"] == 0
    fill(db, index)
    assert drift.provenance(db, 1)[0]["fresh"] == 1


def test_a_page_of_the_backfill_is_all_or_nothing(db):
    begun(db)
    new = drift.new_index(db, CARDS[1], "whole", {})

    marks = "SELECT bookmark, (SELECT count(*) FROM pending WHERE index_id = ?) FROM indexes WHERE id = ?"

    def dies():
        with drift.writing(db):
            db.execute("INSERT INTO pending VALUES (?, 1, 1)", [new])
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        dies()
    assert db.execute(marks, (new, new)).fetchone() == (0, 0)
    assert drift.backfill(db, new, page=3) == 3
    assert db.execute(marks, (new, new)).fetchone() == (3, 3)


def test_a_reader_keeps_its_snapshot_through_a_switch(db, tmp_path):
    old = begun(db)
    new = drift.new_index(db, CARDS[1], "whole", {})
    fill(db, new)
    drift.to_shadow(db, new)
    drift.note_verdict(db, new, True, "a test")
    other = drift.connect(tmp_path / "registry.sqlite")
    with drift.reading(other):
        before = other.execute("SELECT index_id FROM answering").fetchone()
        drift.switch(db, new, "a test")
        assert other.execute("SELECT index_id FROM answering").fetchone() == before == (old,)
    assert drift.snapshot(other).index == new
    other.close()
