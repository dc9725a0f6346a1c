"""The exercises of pipelines: the package does the same, or keeps the promise that they make."""

import itertools
import sqlite3
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from study.exercises.alternatives import pipelines as written

import embedlab.pipelines as package
from embedlab.pipelines.broker import EFFECT, EFFECTS
from embedlab.study.exercises import exercises
from embedlab.study.exercises.pipelines_content import vector_keys
from embedlab.study.exercises.pipelines_late import apply_write
from embedlab.study.exercises.pipelines_listed import plan_changes
from embedlab.study.exercises.pipelines_pages import page_after
from embedlab.study.exercises.pipelines_poison import fate
from embedlab.study.exercises.pipelines_redelivered import times_done
from embedlab.study.exercises.pipelines_slo import fresh_share

EIGHTHS = st.integers(0, 80).map(lambda n: n / 8)
NAMES = st.sampled_from("abcd")
TEXTS = st.sampled_from(["", "x", "y", "x\ny"])
VECTORS = st.none() | st.just([1.0, 0.0])
WRITES = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 6), VECTORS), max_size=8)
CHUNKS = st.fixed_dictionaries(
    {
        "document": st.integers(1, 2),
        "place": st.integers(0, 1),
        "model": st.sampled_from(["m", "m1"]),
        "title": st.sampled_from(["", "1", "x"]),
        "text": TEXTS,
    }
)


def test_they_come_in_the_order_of_the_chapter():
    own = [one.name for one in exercises().values() if one.chapter == "18_pipelines"]
    assert own == [
        "claim_jobs",
        "lease_step",
        "vector_keys",
        "apply_write",
        "plan_changes",
        "page_after",
        "fate",
        "times_done",
        "fresh_share",
    ]


@given(st.lists(CHUNKS, max_size=5))
def test_keys_are_equal_where_model_and_hash_of_the_package_are(chunks):
    read = [(one["model"], package.content_hash(f"{one['title']}\n{one['text']}")) for one in chunks]
    for function in vector_keys, written.vector_keys:
        keys = function(chunks)
        for (a, b), (c, d) in zip(
            itertools.combinations(keys, 2), itertools.combinations(read, 2), strict=True
        ):
            assert (a == b) == (c == d)


@given(WRITES, st.randoms(use_true_random=False))
def test_writes_win_as_in_the_package_and_in_any_order(writes, dice):
    # A version of a document is one write: draws that contradict each other are not made.
    writes = list({one[:2]: one for one in writes}.values())
    rows = {}
    for document, version, vector in writes:
        old = rows[document][0] if document in rows else None
        after = apply_write(rows, document, version, vector)
        assert (after != rows) == package.wins(version, old)
        assert after == written.apply_write(rows, document, version, vector)
        rows = after
    again = [*writes, *writes]
    dice.shuffle(again)
    mixed = {}
    for one in again:
        mixed = apply_write(mixed, *one)
    assert mixed == rows


@given(
    st.dictionaries(NAMES, TEXTS),
    st.dictionaries(NAMES, st.tuples(st.sampled_from(["m", "old"]), st.none() | TEXTS)),
)
def test_plans_embed_what_the_package_would(texts, stored):
    hashed = {name: package.content_hash(text).hex() for name, text in texts.items()}
    known = {
        name: (model, text if text is None else package.content_hash(text).hex())
        for name, (model, text) in stored.items()
    }
    embed, delete, keep = plan_changes(hashed, known, "m")
    assert (embed, delete, keep) == written.plan_changes(hashed, known, "m")
    for name, text in texts.items():
        model, was = stored.get(name, (None, None))
        made_of = package.content_hash(was) if model == "m" and was is not None else None
        assert package.Write(1, 1, text, made_of).must_embed == (name in embed)
    assert sorted([*embed, *keep]) == sorted(texts)
    assert {name for name, (_, text) in stored.items() if text is not None} - set(texts) == set(delete)


@given(st.sets(st.integers(1, 40)), st.integers(1, 6), st.randoms(use_true_random=False))
def test_pages_meet_all_that_stay(ids, size, dice):
    """Whatever is deleted or inserted meanwhile: what is there all the time comes once."""
    now, stay, seen, after, finished = set(ids), set(ids), [], 0, False
    while not finished:
        order = dice.sample(sorted(now), len(now))
        other = written.page_after(order, after, size)
        page, after, finished = page_after(order, after, size)
        assert (page, after, finished) == other
        seen += page
        gone = {id for id in now if dice.random() < 0.1}
        stay -= gone
        now = (now - gone) | {dice.randint(1, 40)}
    assert len(seen) == len(set(seen))
    assert stay <= set(seen)


@given(st.integers(1, 30))
def test_waits_are_those_of_the_package(attempts):
    assert fate("raised", attempts, 99) == pytest.approx(package.backoff(attempts))
    assert written.fate("raised", attempts, 99) == pytest.approx(package.backoff(attempts))


@given(st.integers(0, 9), st.integers(1, 4), st.lists(st.integers(0, 12), max_size=4))
def test_effects_come_at_least_once_and_with_the_package_s_key_once(messages, batch, kills):
    counts = times_done(messages, batch, kills)
    assert counts == written.times_done(messages, batch, kills)
    assert all(1 <= count <= 1 + len(kills) for count in counts)
    assert sum(counts) - messages <= batch * len(kills)  # a kill repeats a batch at the most
    for keyed in True, False:
        with closing(sqlite3.connect(":memory:")) as effects:
            effects.execute(EFFECTS[keyed])
            for message, count in enumerate(counts):
                effects.executemany(EFFECT, [(message,)] * count)
            (made,) = effects.execute("SELECT count(*) FROM effects").fetchone()
        assert made == (messages if keyed else sum(counts))


@given(st.lists(st.tuples(EIGHTHS, st.none() | EIGHTHS)), EIGHTHS)
def test_shares_are_those_of_the_package_once_all_is_decided(writes, objective):
    now = 10.0
    writes = [(start, None if age is None or start + age > now else start + age) for start, age in writes]
    share = fresh_share(writes, now, objective)
    assert share == pytest.approx(written.fresh_share(writes, now, objective))
    ages = [((now if found is None else found) - start, found) for start, found in writes]
    decided = [age for age, found in ages if found is not None or age > objective]
    if decided:
        assert share == pytest.approx(package.share_within(np.array(decided), objective))
    else:
        assert share is None
