"""The encoder that serves: batches, order, errors, and what it does not load."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.embedder import Embedder
from embedlab.machine import ModelError
from embedlab.serving import OnnxEncoder, onnx_file, padded_batches
from embedlab.serving import onnx_encoder as module
from embedlab.tokenizer import WordPieceTokenizer

TEXTS = ["a cat sat on a mat", "", "tax law", "fill missing values " * 80, "naïve [SEP] 漢字 🙂"]


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(1, 2000), st.integers(1, 16))
def test_batches_hold_each_text_once_within_the_room(lengths, room, size):
    dealt = list(padded_batches(lengths, room, size))
    assert sorted(i for batch in dealt for i in batch) == list(range(len(lengths)))
    for batch in dealt:
        assert len(batch) <= size
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= room
    flat = [lengths[i] for batch in dealt for i in batch]
    assert flat == sorted(lengths, reverse=True)


def counting(ids, mask):
    """Stand in for a graph: a vector that says how many tokens there were."""
    made = np.zeros((len(ids), 384), np.float32)
    made[np.arange(len(ids)), mask.sum(1)] = 1
    return made


def test_vectors_come_in_the_order_of_the_texts():
    encoder = OnnxEncoder(counting, WordPieceTokenizer.load(), max_length=16)
    tokens = encoder.encode(TEXTS).argmax(1)
    assert tokens.tolist() == [min(16, len(ids)) for ids in encoder.tokenizer.encode_batch(TEXTS)]
    assert encoder.encode([]).shape == (0, 384)


def test_bad_input_is_named():
    encoder = OnnxEncoder(counting, WordPieceTokenizer.load())
    with pytest.raises(TypeError, match="one string"):
        encoder.encode("a cat")
    with pytest.raises(TypeError, match=r"texts\[1\]"):
        encoder.encode(["a", 3])
    with pytest.raises(ValueError, match="513"):
        OnnxEncoder(counting, WordPieceTokenizer.load(), max_length=513)
    with pytest.raises(ValueError, match="'tensorrt'"):
        OnnxEncoder.load(runtime="tensorrt")


def test_a_damaged_file_is_named(tmp_path, monkeypatch):
    file = tmp_path / "half.onnx"
    file.write_bytes(b"\x08\x0a half a file")
    monkeypatch.setattr(module, "onnx_file", lambda precision, output: file)
    with pytest.raises(ModelError, match=r"half\.onnx cannot be run"):
        OnnxEncoder.load()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "lowest"),
    [
        ({}, 0.99999),
        ({"pooled": False}, 0.99999),
        ({"runtime": "openvino"}, 0.9999),
        ({"precision": "int8"}, 0.95),
    ],
)
def test_vectors_are_those_of_the_embedder(options, lowest):
    expected = Embedder.load(dtype="float32").encode(TEXTS, on_long="cut")
    vectors = OnnxEncoder.load(threads=1, **options).encode(TEXTS)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert (vectors * expected).sum(1).min() > lowest


@pytest.mark.slow
def test_threads_that_sleep_compute_the_same():
    busy, asleep = (OnnxEncoder.load(threads=2, spins=spins).encode(TEXTS) for spins in (True, False))
    np.testing.assert_array_equal(busy, asleep)


@pytest.mark.slow
def test_neither_torch_nor_transformers_is_loaded():
    onnx_file("int8")
    code = (
        "import sys; from embedlab.serving import OnnxEncoder; OnnxEncoder.load('int8').encode(['a cat']);"
        "print(sorted({'torch', 'transformers', 'tokenizers', 'onnx', 'onnxscript'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr
