"""The formula of chapter 06 that has no other test, against a real index."""

import numpy as np
import pytest

from embedlab.hnsw_index import HNSWIndex
from embedlab.study.formulas import FORMULAS


@pytest.mark.parametrize(("dims", "m"), [(384, 16), (768, 32)])
def test_hnsw_gb_is_what_a_real_index_holds(dims, m):
    index = HNSWIndex(dims, m=m)
    index.add(np.random.default_rng(0).normal(size=(2000, dims)).astype(np.float32))
    held = 2000 * index.bytes_per_vector / 1e9  # with upper layers and the lengths of the lists
    assert FORMULAS["hnsw_gb"](2000, dims, m) == pytest.approx(held, rel=0.02)
