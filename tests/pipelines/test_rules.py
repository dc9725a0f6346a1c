"""Rules of the pipeline that need no database."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.pipelines import (
    CRASHES,
    POINTS,
    RAISES,
    Limits,
    WordTable,
    Write,
    backoff,
    check,
    checked,
    content_hash,
    encoder,
    fragile,
    hashed,
    next_page,
    share_within,
    shipped,
    short_texts,
    vector_hash,
    wins,
)

LIMITS = Limits()


@given(st.permutations(range(6)), st.lists(st.integers(0, 5), max_size=6))
def test_the_newest_version_stays_in_any_order_and_however_often(order, repeated):
    stored = None
    for version in [*order, *repeated]:
        if wins(version, stored):
            stored = version
    assert stored == 5


@given(st.integers(1, 5_000), st.floats(0, 10), st.floats(0, 1_000))
def test_a_page_stays_within_its_limits_and_shrinks_where_users_wait(page, live_age, query_ms):
    found = next_page(page, live_age, query_ms, LIMITS)
    assert LIMITS.smallest <= found <= LIMITS.largest
    if live_age > LIMITS.live_age or query_ms > LIMITS.query_ms:
        assert found <= max(LIMITS.smallest, page // 2)
    else:
        assert found >= min(page + 1, LIMITS.largest)


def test_a_page_is_never_larger_than_what_may_wait():
    assert next_page(1_000, 0.0, 0.0, Limits(waiting=500, largest=1_000)) == 500  # else it waits for ever


def test_a_page_recovers():
    page = LIMITS.smallest
    for _ in range(60):
        page = next_page(page, 0.0, 0.0, LIMITS)
    assert page == LIMITS.largest


def test_a_back_fill_can_stop():
    page = LIMITS.largest
    for _ in range(10):
        page = next_page(page, 9.0, 0.0, LIMITS)
    assert page == 0


@given(st.integers(1, 100))
def test_waiting_grows_and_is_bounded(attempts):
    assert 0 < backoff(attempts) <= backoff(attempts + 1) <= 60


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=5))
def test_a_hashed_vector_depends_on_its_text_alone(texts):
    together = hashed(texts, 8)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for text, vector in zip(texts, together, strict=True):
        assert vector_hash(hashed([text], 8)[0]) == vector_hash(vector)


def test_a_write_says_what_it_needs():
    known = content_hash("a cat")
    assert not Write(1, 2, "a cat", known).must_embed
    assert Write(1, 2, "a dog", known).must_embed
    assert Write(1, 2, "a cat").must_embed
    assert not Write(1, 2, None, known).must_embed


def test_vectors_that_are_not_finite_are_named():
    with pytest.raises(ValueError, match="vector 1 has a number that is not finite"):
        checked(np.float32([[1, 0], [np.inf, 0]]))


def test_word_table_is_the_mean_of_the_words():
    table = WordTable()
    cat, dog, both, empty = table(["cat", "dog", "dog cat", ""])
    mean = table.table[table.tokenizer.encode("dog cat")[1:-1]].mean(axis=0)
    assert np.allclose(both, mean / np.linalg.norm(mean), atol=1e-6)
    assert cat @ both > cat @ dog
    assert np.isfinite(empty).all()
    assert np.allclose(both, table(["dog cat"])[0], atol=1e-7)  # whatever else is in the batch


def test_a_fragile_encoder_raises_only_for_its_poison():
    encode = fragile(encoder("hashed"))
    assert len(encode(["a cat"])) == 1
    with pytest.raises(ValueError, match="refuses"):
        encode(["a cat", RAISES])
    assert CRASHES not in RAISES  # that one would end this process


def test_no_writes_is_no_success():
    with pytest.raises(ValueError, match="no ages"):
        share_within(np.array([]), 1.0)


@pytest.mark.slow
def test_a_hundred_thousand_texts_differ():
    texts = short_texts(100_000)
    assert len(set(texts)) == 100_000
    assert texts[:50] == short_texts(50)
    with pytest.raises(ValueError, match="there are"):
        short_texts(10_000_000)


@pytest.mark.parametrize("way", ["leased", "locked"])
def test_shipped_fifty_kills_left_nothing_wrong(way):
    outcome = shipped("chaos")["figures"][way]
    assert outcome["kills_of_workers"] + outcome["kills_of_database"] == 50
    assert outcome["clean"]
    assert outcome["within"] + outcome["dead"] == outcome["jobs"]
    assert outcome["outside_twice"] > 0  # what no transaction takes back was done twice


@pytest.mark.parametrize("name", ["chaos", "chaos_again"])
def test_shipped_kills_met_late_writes_and_without_the_fence_they_stay(name):
    fenced = shipped(name)["figures"]
    assert all(one["fenced"] and one["clean"] and one["late"] > 0 for one in fenced.values())
    for control in shipped("unfenced")["figures"].values():
        assert control["check"]["stale"] + control["check"]["ghosts"] > 0
        assert not control["fenced"]
        assert not control["clean"]


def test_shipped_kills_met_the_token_with_leases_only():
    runs = [shipped(name)["figures"] for name in ("chaos", "chaos_again")]
    assert sum(run["leased"]["lost"] for run in runs) > 0 == sum(run["locked"]["lost"] for run in runs)


def test_shipped_fail_points_double_what_was_made_before_the_point_and_not_with_the_job():
    found = {one["point"]: one for one in shipped("points")["figures"]}
    assert list(found) == list(POINTS)
    for number, one in enumerate(found.values()):
        each = one["kills"] * one["batch"]
        assert one["clean"]
        assert one["within_twice"] == 0
        assert one["outside_twice"] == (each if 2 <= number <= 4 else 0)
        assert one["apart_twice"] == (each if 3 <= number <= 4 else 0)


def test_check_counts_each_fault_once():
    class Rows:
        def execute(self, *_):
            vector, hash_ = hashed(["a"])[0], content_hash("a")
            return [
                (1, "a", 1, 1, hash_, vector),  # right
                (2, "a", 2, 1, hash_, vector),  # stale: an older version
                (3, "b", 1, 1, hash_, vector),  # stale: another text
                (4, "a", 1, 1, hash_, vector + 1),  # wrong numbers
                (5, "a", 1, None, None, None),  # missing
                (6, RAISES, 1, None, None, None),
                (7, None, None, 1, hash_, vector),  # a ghost
                (8, None, None, 1, None, None),  # a tombstone
            ]

    found = check(Rows(), "m", hashed)
    assert (found.documents, found.right, found.stale, found.wrong) == (6, 1, 2, 1)
    assert (found.missing, found.poison, found.ghosts) == (1, 1, 1)
    assert not found.clean
