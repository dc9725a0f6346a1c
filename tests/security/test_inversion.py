"""Guesses that are embedded: edits, correction, records from lists, scores that tell a vector; shipped."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.embedder import Embedder
from embedlab.pooling import l2_normalize
from embedlab.security import (
    OTHER_FORM,
    Defence,
    Memory,
    Noise,
    Record,
    Rotation,
    Signs,
    WordDecoder,
    attacked_texts,
    best_scores,
    closest,
    corrected,
    edits,
    f1_of,
    guessed_records,
    kept_quality,
    make_records,
    nearest_texts,
    public_texts,
    shipped_inversion,
    text_f1,
    vector_from_scores,
    words_of,
)
from embedlab.security.inversion_measured import DEFENCES, FITTED

LETTERS = "abcdefghijklmnopqrstuvwxyz "


def by_letters(texts):
    """Embed a text as its bag of letters: an encoder whose inversion is easily checked."""
    return l2_normalize(np.array([[text.count(one) for one in LETTERS] for text in texts], np.float32) + 1e-6)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), st.lists(st.sampled_from("xy"), max_size=2))
def test_every_edit_is_one_word_away(words, proposals):
    made = edits(words, proposals)
    assert len({tuple(one) for one in made}) == len(made)
    for one in made:
        assert one != words
        if len(one) == len(words):
            changed = [i for i in range(len(words)) if one[i] != words[i]]
            assert len(changed) == 1 or (
                len(changed) == 2 and changed[1] - changed[0] == 1 and sorted(one) == sorted(words)
            )
        else:
            long, short = (one, words) if len(one) > len(words) else (words, one)
            assert any(long[:i] + long[i + 1 :] == short for i in range(len(long)))


def test_correction_finds_a_text_one_edit_at_a_time():
    target = by_letters(["zebra quiz jumps"])[0]
    found = corrected(target, "zebra", ["quiz", "jumps", "the"], by_letters)
    assert set(found.text.split()) == {"zebra", "quiz", "jumps"}
    assert list(found.cosines) == sorted(found.cosines)
    assert found.cosines[-1] == pytest.approx(1, abs=1e-4)


def test_the_closest_needs_a_guess():
    assert closest(by_letters(["ab"])[0], ["ba", "cd"], by_letters)[0] == "ba"
    with pytest.raises(ValueError, match="no text"):
        closest(np.zeros(27), [], by_letters)


def test_nearest_texts_are_those_of_sorting():
    rng = np.random.default_rng(0)
    public, vectors = l2_normalize(rng.normal(size=(20, 4))), l2_normalize(rng.normal(size=(5, 4)))
    names = [str(i) for i in range(20)]
    found = nearest_texts(vectors, public, names)
    assert found == [names[np.argsort(-(public @ v))[0]] for v in vectors]


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(0, 6))
def test_enough_scores_give_the_vector_and_few_its_projection(seed, d, more):
    rng = np.random.default_rng(seed)
    queries, vector = rng.normal(size=(d + more, d)), rng.normal(size=d)
    found = vector_from_scores(queries, queries @ vector)
    assert np.allclose(queries @ found, queries @ vector, atol=1e-2)
    few = vector_from_scores(queries[:1], queries[:1] @ vector)
    assert np.linalg.norm(few) <= np.linalg.norm(vector) + 1e-3


def test_scores_and_queries_go_together():
    with pytest.raises(ValueError, match="2 queries need as many scores, but got 3"):
        vector_from_scores(np.eye(2), np.zeros(3))


def test_members_score_one_and_rounding_blurs_it():
    rng = np.random.default_rng(0)
    vectors = l2_normalize(rng.normal(size=(60, 16)).astype(np.float32))
    there, away = best_scores(vectors[:30], vectors[:30]), best_scores(vectors[:30], vectors[30:])
    assert there.min() > 0.9999 > away.max()
    assert set(best_scores(vectors[:30], vectors, digits=0)) <= {0.0, 1.0}


@pytest.fixture(scope="module")
def encode():
    return Memory(Embedder.load())


def test_records_are_read_from_lists_in_another_form(encode):
    records = make_records(3, seed=4)
    stored = encode([one.text() for one in records])
    guessed = guessed_records(stored, encode, OTHER_FORM, width=2, rounds=1)
    assert sum(a == b for a, b in zip(guessed, records, strict=True)) >= 2


def test_a_rotation_keeps_records_from_who_has_no_key(encode):
    records = make_records(2, seed=4)
    rotation = Rotation(key=3)
    stored = rotation.stored(encode([one.text() for one in records]))
    blind = guessed_records(stored, encode, OTHER_FORM, width=1, rounds=1)
    assert not any(a == b for a, b in zip(blind, records, strict=True))
    seeing = guessed_records(stored, encode, OTHER_FORM, defence=rotation, width=1, rounds=1)
    assert seeing != blind


def test_no_person_has_two_records():
    people = [(one.given, one.family) for one in make_records(200)]
    assert len(set(people)) == 200
    assert Record("Ana", "Reis", "asthma").text() == "Ana Reis was diagnosed with asthma."


@given(st.text("ab ", max_size=12), st.text("ab ", max_size=12))
def test_token_f1_is_symmetric_and_1_for_the_same_words(a, b):
    assert text_f1(a, b) == text_f1(b, a)
    if words_of(a):
        shuffled = random.Random(0).sample(words_of(a), len(words_of(a)))
        assert text_f1(" ".join(shuffled), a) == 1


def test_the_memory_embeds_a_text_once():
    class Counting:
        embedded = 0

        def encode(self, texts, show_progress, cache):
            self.embedded += len(texts)
            return np.eye(5, dtype=np.float32)[: len(texts)]

    one = Counting()
    memory = Memory(one)
    assert np.array_equal(memory(["a", "b", "a"])[0], memory(["a"])[0])
    assert one.embedded == 2


@pytest.mark.parametrize("defence", [Defence(), Signs(), Noise(1.0)], ids=lambda one: one.name)
def test_shipped_quality_comes_out_again(defence):
    shipped = shipped_inversion()["defences"][defence.name]
    assert {one.name for one in DEFENCES} | {"pairs", "clouds", "packages"} == set(
        shipped_inversion()["defences"]
    )
    again = kept_quality(defence, Embedder.load(), "dev")
    # In another precision, documents that nearly tie change places: for a few queries.
    assert np.mean(np.abs(again - shipped["dev"]) > 1e-3) < 0.05


@pytest.mark.slow
def test_shipped_reading_comes_out_again_from_fewer_public_texts():
    """A tenth of the public texts reads less, but the same texts well: the figures go together."""
    texts = public_texts()[: FITTED // 5]
    embedder = Embedder.load()
    decoder = WordDecoder.fit(embedder.encode(texts, cache=True, on_long="cut"), texts)
    own = attacked_texts()["8 words"]
    again = np.array(f1_of(decoder.guesses(embedder.encode(own, cache=True)), own))
    shipped = np.array(shipped_inversion()["defences"]["none"]["adaptive"][: len(own)])
    assert 0.5 < again.mean() / shipped.mean() < 1.1
    assert np.corrcoef(again, shipped)[0, 1] > 0.4
