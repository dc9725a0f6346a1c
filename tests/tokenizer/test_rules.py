"""Merges by each rule: those of the library's trainer for counts, and by hand for the others."""

import json

import pytest
from tokenizers import Tokenizer, models, trainers

from embedlab.tokenizer import first_merges

WORDS = {"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}


def test_counting_makes_the_merges_of_a_bpe_trainer():
    trainer = trainers.BpeTrainer(vocab_size=100, continuing_subword_prefix="##", show_progress=False)
    theirs = Tokenizer(models.BPE(continuing_subword_prefix="##"))
    theirs.train_from_iterator((word for word, times in WORDS.items() for _ in range(times)), trainer)
    merges = json.loads(theirs.to_str())["model"]["merges"]
    learned = [a + b.removeprefix("##") for a, b in merges]
    assert first_merges(WORDS, 3) == learned[:3]
    assert sorted(first_merges(WORDS, len(merges))) == sorted(learned)  # equally frequent ones in any order


def test_the_ratio_is_that_of_hugging_faces_course():
    """The course's example: ("##g", "##s") comes first, with 5 / (20 * 5)."""
    assert first_merges(WORDS, 1, "ratio") == ["##gs"]


def test_by_likelihood_rare_pairs_do_not_come_first():
    words = {"qx": 1, "then": 500, "them": 300, "cat": 200}
    assert first_merges(words, 1, "ratio") == ["qx"]
    assert first_merges(words, 1, "likelihood") != ["qx"]


def test_ends_where_nothing_is_left_and_refuses_unknown_rules():
    assert first_merges({"ab": 1, "": 3}, 10) == ["ab"]
    assert first_merges({}, 10) == []
    with pytest.raises(ValueError, match="no rule 'max'"):
        first_merges({"ab": 1}, 1, "max")
