"""Encoders in processes of their own: rows, errors, and nothing left behind."""

import pytest

from embedlab.machine import data_path
from embedlab.speed import bench_serving, shipped_speed, texts_of_length, write_speed
from embedlab.speed.serving import COUNTS, LENGTHS, SHIPPED, answer, compared, engine_process
from embedlab.tokenizer import WordPieceTokenizer


def test_ratios_are_those_of_the_same_round():
    base, fast = compared({"torch": [1.0, 3.0, 2.0], "fast": [0.5, 1.0, 2.0]}, {"texts": 8})
    assert (base["ms"], base["ratio"]) == (2000, 1)
    assert (fast["texts"], fast["ms"], fast["ratio"]) == (8, 1000, 2)
    assert fast["low"] <= fast["ratio"] <= fast["high"]
    assert compared({"torch": [1.0], "fast": [0.5]}, {})[1]["high"] == 2


def test_texts_have_the_length_that_was_asked_for():
    tokenizer = WordPieceTokenizer.load()
    for low, high in LENGTHS.values():
        texts = texts_of_length(low, high, max(COUNTS))
        assert len(set(texts)) == 32
        assert all(low <= len(ids) <= high for ids in tokenizer.encode_batch(texts))
    with pytest.raises(ValueError, match="but 32 were asked for"):
        texts_of_length(3, 3, 32)


def test_an_engine_that_there_is_not():
    with pytest.raises(ValueError, match="'onnx'"):
        bench_serving(engines=["onnx"])


@pytest.mark.slow
def test_a_process_that_fails_says_why_and_is_gone():
    with engine_process("nothing", 1) as process, pytest.raises(RuntimeError, match=r"'nothing'.*KeyError"):
        answer(process)
    assert process.poll() is not None


@pytest.mark.slow
def test_a_small_measurement(tmp_path):
    engines = ("packed", "onnxruntime int8")
    found = bench_serving(engines=engines, counts=(1, 3), lengths=(8,), rounds=1, threads=1)
    assert [(row["texts"], row["engine"]) for row in found["rows"]] == [
        (count, engine) for count in (1, 3) for engine in engines
    ]
    assert all(row["ms"] > 0 and row["ratio"] > 0 for row in found["rows"])
    write_speed(found, tmp_path / "data" / "speed.json")
    assert (tmp_path / "data" / "speed.json").read_text().startswith('{\n "command"')


@pytest.mark.skipif(not data_path(SHIPPED).exists(), reason="not measured yet")
def test_what_comes_with_the_course():
    rows = shipped_speed()["rows"]
    assert {(row["texts"], row["tokens"]) for row in rows} == {(n, t) for n in COUNTS for t in LENGTHS}
    assert all(row["low"] <= row["ratio"] <= row["high"] for row in rows)
