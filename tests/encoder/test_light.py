"""The encoder in NumPy gives what the one in torch gives, and loads no torch for a query."""

import subprocess
import sys

import numpy as np
import pytest

from embedlab.encoder import BertEncoder, LazyEncoder, LightEncoder, PackedEncoder
from embedlab.machine import model_folder


@pytest.fixture(scope="module")
def light():
    return LightEncoder.load(model_folder())


@pytest.mark.slow
@pytest.mark.parametrize("tokens", [1, 2, 9, 64, 512])
def test_equals_torch(light, tokens):
    import torch

    rng = np.random.default_rng(tokens)
    ids = rng.integers(1000, 30_000, tokens).tolist()
    segments = rng.integers(0, 2, tokens).tolist()
    packed = PackedEncoder(BertEncoder.load(), torch.float32)
    for kinds in (None, segments):
        ours = light(ids, kinds)
        theirs = packed([ids], [kinds] if kinds else None)[0].numpy()
        cosines = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
        assert ours.dtype == np.float32
        assert cosines.min() > 0.99999
        # Six layers of sums over up to 1,536 numbers: some hundred roundings of the largest value.
        assert np.abs(ours - theirs).max() < 200 * np.finfo(np.float32).eps * np.abs(theirs).max()


@pytest.mark.parametrize("ids", [[], [101] * 513])
def test_refuses_what_has_no_position(light, ids):
    with pytest.raises(ValueError, match=f"a sequence of {len(ids)} tokens: the model takes 1 to 512"):
        light(ids)


@pytest.mark.slow
def test_a_query_needs_no_torch():
    code = (
        "import sys; from embedlab.embedder import Embedder; e = Embedder.load()\n"
        "e.encode(['a query']); assert 'torch' not in sys.modules\n"
        "e.encode(['many words'] * 40); assert 'torch' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_both_ways_are_one_space():
    encoder = LazyEncoder()
    ids = [[101, 7592, 2088, 102]]
    by_torch, by_numpy = encoder.packed.run(ids), [(0, encoder.light(ids[0]))]
    for (_, a), (_, b) in zip(by_torch, by_numpy, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
