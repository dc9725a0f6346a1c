"""The wire: what is taken, what is refused, and vectors that survive the way."""

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError

from embedlab.serving import EmbeddingsRequest, as_base64, embeddings_response, shortened, texts_of


@pytest.mark.parametrize("given", ["a", ["a", "b"], [1, 2], [[1], [2, 3]]])
def test_four_forms_of_input(given):
    assert EmbeddingsRequest(input=given, model="m").input == given


@pytest.mark.parametrize("given", ["", [], [""], [1.5], [True], ["a", 1], [[]], [-1], None, {"a": 1}, 5])
def test_other_forms_are_refused(given):
    with pytest.raises(ValidationError):
        EmbeddingsRequest(input=given, model="m")


def test_ids_need_a_decoder():
    assert texts_of([[1], [2, 3]], decode=lambda ids: "-".join(map(str, ids))) == ["1", "2-3"]
    with pytest.raises(ValueError, match="not token ids"):
        texts_of([1, 2])


@given(arrays(np.float32, st.integers(1, 50), elements=st.floats(-1e6, 1e6, width=32)))
def test_base64_returns_the_same_bits(vector):
    back = np.frombuffer(base64.b64decode(as_base64(vector)), "<f4")
    np.testing.assert_array_equal(back, vector)


@given(arrays(np.float32, (3, 8), elements=st.floats(-10, 10, width=32)), st.integers(1, 8))
def test_shortened_vectors_have_length_one(vectors, dimensions):
    short = shortened(vectors, dimensions)
    assert short.shape == (3, dimensions)
    lengths = np.linalg.norm(short, axis=1)
    long_enough = np.linalg.norm(vectors[:, :dimensions], axis=1) > 1e-6
    np.testing.assert_allclose(lengths[long_enough], 1, rtol=1e-5)


def test_too_many_dimensions_name_both_numbers():
    with pytest.raises(ValueError, match="9, but a vector of this model has 8"):
        shortened(np.ones((1, 8), np.float32), 9)


def test_response_counts_tokens_and_keeps_the_order():
    vectors = np.eye(3, dtype=np.float32)
    answer = embeddings_response(vectors, [4, 5, 6], EmbeddingsRequest(input=["a", "b", "c"], model="m"))
    assert [row.index for row in answer.data] == [0, 1, 2]
    assert [row.embedding for row in answer.data] == vectors.tolist()
    assert answer.usage.total_tokens == 15
