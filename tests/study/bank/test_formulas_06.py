"""Formulas of chapter 06 that have no other test, against a real index and by trying all numbers."""

import numpy as np
import pytest

from embedlab.hnsw import HNSWIndex
from embedlab.study.bank import FORMULAS


@pytest.mark.parametrize(("dims", "m"), [(384, 16), (768, 32)])
def test_hnsw_gb_is_what_a_real_index_holds(dims, m):
    index = HNSWIndex(dims, m=m)
    index.add(np.random.default_rng(0).normal(size=(2000, dims)).astype(np.float32))
    held = 2000 * index.bytes_per_vector / 1e9  # with upper layers and the lengths of the lists
    assert FORMULAS["hnsw_gb"](2000, dims, m) == pytest.approx(held, rel=0.02)


@pytest.mark.parametrize(("n", "wanted", "per_place"), [(1_000_000, 40, 10), (250_000, 64, 16)])
def test_allowed_where_exact_is_as_cheap_is_where_the_costs_cross(n, wanted, per_place):
    allowed = np.arange(1, n + 1)
    walk = per_place * n * wanted / allowed
    last_cheaper = allowed[allowed <= walk].max()  # by trying every number
    assert FORMULAS["allowed_where_exact_is_as_cheap"](n, wanted, per_place) == pytest.approx(
        last_cheaper, rel=0.001
    )


@pytest.mark.parametrize(("factor", "walks"), [(0.97, False), (1.03, True)])
def test_the_index_itself_changes_over_at_that_number(factor, walks, monkeypatch):
    n, ef, m = 2000, 20, 16
    index = HNSWIndex(8, m=m)
    index.add(np.random.default_rng(0).normal(size=(n, 8)).astype(np.float32))
    allowed = round(factor * FORMULAS["allowed_where_exact_is_as_cheap"](n, ef, m))
    walked = []
    walk = index._walk
    monkeypatch.setattr(index, "_walk", lambda *given: walked.append(1) or walk(*given))
    index.search(np.ones((1, 8), np.float32), 10, ef=ef, mask=np.arange(n) < allowed)
    assert bool(walked) == walks
