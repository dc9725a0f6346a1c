"""Envelope encryption: what was sealed opens in its place only, and master keys change without the texts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("cryptography")
from embedlab.security.envelope import NONCE, Keys, Sealed, SealError, bound_to

PLACES = st.tuples(st.text(max_size=6), st.text(max_size=6), st.integers(0, 2**64 - 1))


@given(PLACES, PLACES)
def test_two_places_never_have_the_same_bytes(one, other):
    assert (bound_to(*one) == bound_to(*other)) == (one == other)


def test_parts_do_not_run_into_each_other():
    assert bound_to("ab", "c", 1) != bound_to("a", "bc", 1)
    with pytest.raises(ValueError, match="is -1"):
        bound_to("a", "b", -1)


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=300), PLACES)
def test_a_text_comes_back(text, place):
    keys = Keys()
    sealed = keys.seal(text, "ann", *place)
    assert keys.open(sealed, *place) == text
    assert len(sealed.body) == len(text) + 16


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_changed_bit_is_noticed(data):
    keys = Keys()
    sealed = keys.seal(b"pay 10 to Bo", "ann", "shop", "d", 1)
    bit = data.draw(st.integers(0, 8 * (len(sealed.body) + NONCE) - 1))
    raw = bytearray(sealed.nonce + sealed.body)
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealError):
        keys.open(Sealed("ann", bytes(raw[:NONCE]), bytes(raw[NONCE:])), "shop", "d", 1)


@pytest.mark.parametrize("place", [("shop2", "d", 1), ("shop", "e", 1), ("shop", "d", 2), ("sho", "pd", 1)])
def test_a_text_does_not_open_elsewhere(place):
    keys = Keys()
    sealed = keys.seal(b"text", "ann", "shop", "d", 1)
    with pytest.raises(SealError, match="tenant, document and version"):
        keys.open(sealed, *place)


def test_rotation_leaves_the_texts_as_they_are():
    keys = Keys()
    sealed = {owner: keys.seal(owner.encode(), owner, "t", "d", 1) for owner in ("ann", "bo")}
    before, master = dict(keys.wrapped), keys.masters[1]
    assert keys.rotate() == 2
    assert {owner: keys.open(one, "t", "d", 1) for owner, one in sealed.items()} == {
        "ann": b"ann",
        "bo": b"bo",
    }
    assert all(keys.wrapped[owner] != before[owner] for owner in before)
    assert master not in keys.masters.values()
    with pytest.raises(SealError, match="master key 1, which was destroyed"):
        Keys(keys.masters, before).open(sealed["ann"], "t", "d", 1)


def test_shredding_ends_one_owner_unless_a_key_was_kept():
    keys = Keys()
    ann, bo = (keys.seal(b"text", owner, "t", "d", 1) for owner in ("ann", "bo"))
    kept = dict(keys.wrapped)
    keys.shred("ann")
    with pytest.raises(SealError, match="no key of 'ann'"):
        keys.open(ann, "t", "d", 1)
    assert keys.open(bo, "t", "d", 1) == b"text"
    assert Keys(keys.masters, kept).open(ann, "t", "d", 1) == b"text"  # a backup of the wrapped keys
    keys.seal(b"new", "ann", "t", "d", 2)
    with pytest.raises(SealError):  # a new key of the same owner does not bring it back
        keys.open(ann, "t", "d", 1)


def test_a_wrapped_key_is_its_owners():
    keys = Keys()
    ann = keys.seal(b"text", "ann", "t", "d", 1)
    keys.wrapped["bo"] = keys.wrapped["ann"]
    with pytest.raises(SealError):
        keys.open(Sealed("bo", ann.nonce, ann.body), "t", "d", 1)


def test_no_nonce_comes_twice_and_equal_texts_differ():
    keys = Keys()
    sealed = [keys.seal(b"text", "ann", "t", "d", 1) for _ in range(200)]
    assert len({one.nonce for one in sealed}) == len({one.body for one in sealed}) == 200
