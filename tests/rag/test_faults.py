"""Faults: silent, confined to their stage, the same for a seed."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.chunking import chunk
from embedlab.rag import FAULTS, HIDDEN, Pipeline, faults, hidden, plant
from embedlab.rag.sentences import packaged_tokenizer


@pytest.mark.parametrize("name", [*FAULTS, *HIDDEN])
def test_a_fault_is_silent_and_leaves_the_pipeline_as_it_was(toy, planted, name):
    rows, vectors = toy.rows, toy.vectors.copy()
    broken = planted(name)
    assert broken.rows
    assert len(broken.rows) == len(broken.vectors)
    assert toy.rows == rows
    np.testing.assert_array_equal(toy.vectors, vectors)
    passages = broken.search("snow sells", "a")
    assert all(passage.text for passage in passages)
    again = planted(name)
    np.testing.assert_array_equal(broken.vectors, again.vectors)
    assert broken.rows == again.rows


@given(
    name=st.sampled_from(["recut", "tenant-filter", "stale-index", "foreign-scales"]), seed=st.integers(0, 99)
)
@settings(max_examples=20, deadline=None)
def test_half_a_fault_touches_less(toy, planted, name, seed):
    def touched(strength):
        broken = planted(name, strength, seed)
        same = {(row, vector.tobytes()) for row, vector in zip(broken.rows, broken.vectors, strict=True)}
        seen = [broken.seen[row.tenant][i] for i, row in enumerate(broken.rows)]
        before = [(row, vector.tobytes()) for row, vector in zip(toy.rows, toy.vectors, strict=True)]
        return sum(one not in same for one in before) + len(seen) - sum(seen)

    assert touched(0.3) <= touched(1.0)
    assert touched(1.0) > 0


def test_a_stale_index_is_version_1_cut_anew(toy, planted):
    stale = planted("stale-index")
    for number in (0, 1):
        old = toy.documents[number].before
        own = [row for row in stale.rows if row.document == number]
        places = chunk(old.text, size=128, tokenizer=packaged_tokenizer())
        assert [row.chunk for row in own] == places
        assert {row.source for row in own} == {old.hash} != {toy.documents[number].hash}
    assert [row for row in stale.rows if row.document > 1] == [row for row in toy.rows if row.document > 1]


def test_only_one_tenant_is_dropped(planted):
    broken = planted("tenant-filter", seed=1)
    assert (broken.search("snow", "b"), len(broken.search("snow", "a")) > 0) == ([], True)


def test_rows_that_are_cut_anew_keep_the_old_vectors(toy, planted):
    broken = planted("recut")
    assert {vector.tobytes() for vector in broken.vectors} <= {vector.tobytes() for vector in toy.vectors}
    assert not {row.text for row in broken.rows} & {row.text for row in toy.rows if "Use" in row.text}


def test_hidden_draws_one_of_the_others(toy, monkeypatch):
    monkeypatch.setattr(faults, "_raw", lambda texts: 3 * toy.declared(texts))
    drawn = {np.linalg.norm(hidden(toy, seed).vectors, axis=1).max() > 2 for seed in range(9)}
    assert drawn == {True, False}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fault": "magic"}, "there is no fault 'magic'; choose from query-model, truncation, recut"),
        ({"fault": "recut", "strength": 0}, "strength must be above 0 and at most 1, but is 0"),
    ],
)
def test_what_cannot_be_planted(toy, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        plant(toy, **arguments)


def test_a_pipeline_says_what_does_not_fit(toy):
    with pytest.raises(ValueError, match="rows of chunks, but 0 vectors"):
        Pipeline(toy.documents, (), toy.rows, toy.vectors[:0].copy(), toy.declared, toy.asked)
    with pytest.raises(ValueError, match="there is no tenant 'z'; choose from a, b"):
        toy.search("snow", "z")
    with pytest.raises(ValueError, match="2 texts, but 1 tenants"):
        toy.ranked(["snow", "rust"], ["a"])
    with pytest.raises(ValueError, match="read-only"):
        toy.vectors[0] = 0
