"""What a learner is told about a wrong function."""

import inspect
import sys

import numpy as np
from study.exercises.alternatives import pooling
from study.exercises.attempts import rows

from embedlab.study.exercises import check


def test_the_smallest_counter_example_is_shown():
    def mean_pool(hidden, mask):
        return np.zeros_like(hidden[:, 0]) if mask.shape[1] > 2 else pooling.mean_pool(hidden, mask)

    result = check(mean_pool)
    assert result.state == "wrong"
    assert rows(result)["mask"].startswith("int64 (1, 3)")  # the least that has more than two positions


def test_two_mistakes_at_once_give_the_hint_of_one():
    def l2_normalize(vectors):
        return vectors / (vectors**2).sum(axis=1, keepdims=True)  # squared, and NaN at zero

    assert check(l2_normalize).mistake == "divided by the squared length"


def test_an_unknown_mistake_gets_no_hint():
    def mean_pool(hidden, mask):
        return pooling.mean_pool(hidden, mask) + 1

    result = check(mean_pool)
    assert (result.state, result.mistake) == ("wrong", "")
    assert "hint" not in rows(result)


def test_dtype_is_a_diagnosis_of_its_own():
    def l2_normalize(vectors):
        return pooling.l2_normalize(vectors.astype(float))

    result = check(l2_normalize)
    assert "float64 instead of float32" in result.message
    assert "float64" in rows(result)["hint"]


def test_wrong_values_come_before_a_wrong_dtype():
    def mean_pool(hidden, mask):
        return pooling.mean_pool(hidden, mask).astype(float) + (mask.shape[1] > 2)

    result = check(mean_pool)
    assert "dtype" not in result.message
    assert rows(result)["mask"].startswith("int64 (1, 3)")


def test_both_shapes_are_named():
    def l2_normalize(vectors):
        return pooling.l2_normalize(vectors)[0]

    assert "shape (1,) instead of (1, 1)" in check(l2_normalize).message


def test_changing_the_input_is_a_diagnosis_of_its_own():
    def l2_normalize(vectors):
        vectors[:] = pooling.l2_normalize(vectors)
        return vectors

    result = check(l2_normalize)
    assert result.state == "wrong"
    assert "an input is changed" in result.message
    assert rows(result)["changed"] == "vectors"
    assert "copy" in rows(result)["hint"]


def test_an_error_is_shown_with_its_line():
    def mean_pool(hidden, mask):
        count = mask.sum(axis=1)
        return hidden.sum(axis=1) / count.missing

    result = check(mean_pool)
    assert rows(result)["got"].startswith("AttributeError: ")
    assert rows(result)["where"] == "line 3: return hidden.sum(axis=1) / count.missing"
    assert rows(result)["mask"].startswith("int64")


def test_an_error_without_source():
    space = {}
    exec("def mean_pool(hidden, mask):\n    return 1 / 0", space)
    assert rows(check(space["mean_pool"]))["where"] == "line 2"


def test_endless_recursion():
    def mean_pool(hidden, mask):
        return mean_pool(hidden, mask)

    result = check(mean_pool)
    assert rows(result)["got"].startswith("RecursionError")
    assert rows(result)["hint"] == "The function calls itself without end."


def test_an_endless_loop_is_stopped():
    def mean_pool(hidden, mask):
        while True:
            pass

    result = check(mean_pool, seconds=0.2)
    assert result.message == "It took longer than 0.2 s. Does a loop never end?"
    assert rows(result)["mask"] == "int64 (1, 1): [[1]]"
    assert inspect.signature(check).parameters["seconds"].default == 10


def test_a_missing_return():
    def mean_pool(hidden, mask):
        pooled = hidden.mean(axis=1)  # noqa: F841

    result = check(mean_pool)
    assert result.state == "wrong"
    assert "return" in rows(result)["hint"]


def test_number_of_arguments():
    def mean_pool(hidden):
        return hidden

    assert check(mean_pool).message.startswith("It is called with (hidden, mask), but takes (hidden)")


def test_nothing_is_printed_but_prints_of_the_shown_case_are_kept(capfd):
    def mean_pool(hidden, mask):
        print("shape", hidden.shape)
        print("warn", file=sys.stderr)
        return hidden / np.zeros_like(hidden)  # numpy would warn

    result = check(mean_pool)
    assert rows(result)["printed"] == "shape (1, 1, 1) | warn"
    assert capfd.readouterr() == ("", "")


def test_an_empty_stub_that_is_called_is_named():
    names = {}
    exec(
        "def embed(ids, weights): ...\n"
        "def layer(x, mask, weights, i, heads): ...\n"
        "def forward(ids, mask, weights, layers, heads):\n"
        "    x = embed(ids, weights)\n"
        "    return [layer(x, mask, weights, i, heads) for i in range(layers)][-1]\n"
        "def attribute(ids, mask, weights, layers, heads):\n"
        "    return ids.embed(ids)\n",
        names,
    )
    assert "empty stub: embed, layer." in rows(check(names["forward"]))["hint"]
    names["attribute"].__name__ = "forward"
    assert "hint" not in rows(check(names["attribute"]))  # x.embed is not the stub embed


def test_without_an_empty_stub_a_missing_return_is_missed():
    def l2_normalize(vectors):
        pooling.l2_normalize(vectors)

    assert "is a return missing?" in rows(check(l2_normalize))["hint"]
