"""Times beside dense: ratios, not this machine's milliseconds."""

import time

import pytest

from embedlab.benchmark import latency
from embedlab.course import ms_beside_dense


def _sleeps(seconds):
    return lambda texts, k: time.sleep(seconds)


def test_an_engine_that_takes_twice_as_long_gets_twice_the_time():
    times = ms_beside_dense({"dense": _sleeps(0.02), "slow": _sleeps(0.04)}, ["a", "b", "c"])
    dense = latency()["ms"]["dense"]
    assert times["dense"] == dense
    assert 1.5 < times["slow"] / dense < 2.5


def test_each_text_is_searched_alone_and_the_first_once_more():
    seen = []
    ms_beside_dense({"dense": lambda texts, k: seen.append((texts, k))}, ["a", "b"], k=5)
    assert seen == [(["a"], 5), (["a"], 5), (["b"], 5)]


@pytest.mark.parametrize(
    ("ranks", "texts", "named"), [({"bm25": None}, ["a"], "bm25"), ({"dense": None}, [], "empty")]
)
def test_what_is_missing_is_named(ranks, texts, named):
    with pytest.raises(ValueError, match=named):
        ms_beside_dense(ranks, texts)
