"""Turns sent where they belong, and searched in case of doubt."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.embedder import Embedder
from embedlab.rag import ROUTES, Router, by_rule, turns
from embedlab.rag.routing import LEAST

EXAMPLES = {"search": ["east", "east by north"], "chat": ["north"], "compute": ["west"]}
PLACES = {
    "east": (1, 0),
    "east by north": (0.8, 0.6),
    "north": (0, 1),
    "west": (-1, 0),
    "between": (0.48, 0.877),
}


class Compass:
    """An embedder of a few words, to the directions that they mean."""

    def encode(self, texts):
        return np.array([PLACES[text] for text in texts], np.float32)


def router(**options):
    pairs = [(text, label) for label, texts in EXAMPLES.items() for text in texts]
    return Router(*zip(*pairs, strict=True), Compass(), **options)


def test_the_nearest_mean_wins():
    labels, margins = router(least=0).route(["east", "north", "west", "between"])
    assert labels == ["search", "chat", "compute", "chat"]
    assert margins.shape == (4,)
    mean = np.array([1.8, 0.6]) / np.hypot(1.8, 0.6)
    assert margins[3] == pytest.approx(0.877 - mean @ [0.48, 0.877], abs=1e-6)


def test_a_small_margin_is_searched():
    margin = router().route(["between"])[1][0]
    assert router(least=margin + 0.01).route(["between", "west"])[0] == ["search", "compute"]
    assert router(least=margin - 0.01).route(["between", "west"])[0] == ["chat", "compute"]


def test_no_turns_no_labels():
    labels, margins = router().route([])
    assert (labels, margins.shape) == ([], (0,))


@given(st.text())
def test_the_rule_labels_any_text(text):
    assert by_rule(text) in ROUTES


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("12 + 7", "compute"),
        ("what's 15% of 80?", "compute"),
        ("How many feet are 30 m?", "compute"),
        ("How many ounces are in a pound?", "compute"),
        ("How many days are between 3 May and 9 June?", "compute"),
        ("Good morning!", "chat"),
        ("Can you say that again, but shorter?", "chat"),
        ("What did you just say about snow?", "chat"),
        ("Thanks, but when was it built?", "search"),
        ("How many provinces does Canada have?", "search"),
        ("How long is a blue whale?", "search"),
        ("", "search"),
    ],
)
def test_the_rule_knows_the_common_forms(text, label):
    assert by_rule(text) == label


def test_the_rule_takes_no_long_time():
    begin = time.perf_counter()
    for text in ("how many days " * 9999, "you " * 9999, "1 " * 9999):
        by_rule(text)
    assert time.perf_counter() - begin < 1


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        ([], [], "needs examples, each with a label: 0 texts, 0 labels"),
        (["east"], ["search", "chat"], "1 texts, 2 labels"),
        (["east", "west"], ["search", "serach"], "no label 'serach'; choose from search, chat, compute"),
        (["east", "west"], ["chat", "chat"], "all examples are 'chat'"),
    ],
)
def test_examples_that_teach_nothing_are_refused(texts, labels, message):
    with pytest.raises(ValueError, match=message):
        Router(texts, labels, Compass())


@pytest.mark.slow
def test_the_figures_that_are_named():
    dev = [one for one in turns() if one.split == "dev"]
    vectors = dict(
        zip([one.text for one in dev], Embedder.load().encode([one.text for one in dev]), strict=True)
    )

    class Kept:
        def encode(self, texts):
            return np.stack([vectors[text] for text in texts])

    def counted(least):
        right = missed = 0
        for one in dev:
            others = [(other.text, other.label) for other in dev if other is not one]
            [label] = Router(*zip(*others, strict=True), Kept(), least=least).route([one.text])[0]
            right += label == one.label
            missed += one.label == "search" != label
        return right, missed

    assert [counted(least) for least in (LEAST, 0, 0.1)] == [(52, 3), (50, 6), (45, 2)]
