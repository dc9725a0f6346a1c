"""Each formula of chapter 05, computed by another route."""

import numpy as np
import pytest

from embedlab.quantization import BinaryIndex, Float16Index, Int8Index
from embedlab.study.bank import FORMULAS


@pytest.mark.parametrize(
    ("make", "bits", "dims", "gigabytes"),
    [
        (BinaryIndex, 1, 384, 2),
        (BinaryIndex, 1, 768, 16),
        (Int8Index, 8, 384, 8),
        (Float16Index, 16, 128, 32),
    ],
)
def test_millions_of_vectors_is_what_real_indexes_would_hold(make, bits, dims, gigabytes):
    index = make(dims)
    index.add(np.random.default_rng(0).normal(size=(50, dims)).astype(np.float32))
    held = gigabytes * 10**9 // int(index.bytes_per_vector)
    assert FORMULAS["millions_of_vectors"](gigabytes, dims, bits) == pytest.approx(held / 1e6, rel=1e-6)


@pytest.mark.parametrize(("dims", "gigabytes"), [(384, 1), (1024, 4)])
def test_millions_of_vectors_of_four_bits_fill_the_memory(dims, gigabytes):
    levels = np.random.default_rng(0).integers(0, 16, (100, dims)).astype(np.uint8)
    packed = levels[:, ::2] << 4 | levels[:, 1::2]  # two numbers of four bits in a byte
    fitting = FORMULAS["millions_of_vectors"](gigabytes, dims, 4) * 1e6
    assert packed.nbytes / 100 * fitting == pytest.approx(gigabytes * 1e9)
