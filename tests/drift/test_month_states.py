"""The shipped month: a small part of it measured anew."""

import numpy as np
import pytest

from embedlab import drift
from embedlab.benchmark import docsearch
from embedlab.drift.month_states import found, right_rows
from embedlab.embedder import Embedder
from embedlab.index import FlatIndex


@pytest.mark.slow
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_the_canaries_of_a_state_are_found_as_shipped(pooling):
    benchmark, shipped = docsearch(), drift.shipped_month()
    documents = Embedder.load().encode(benchmark.documents, cache=True, on_long="cut")
    flat = FlatIndex(documents.shape[1])
    flat.add(documents)
    chosen = shipped["canaries"][:40]
    vectors = Embedder.load(pooling=pooling).encode([benchmark.queries[i] for i in chosen], cache=True)
    hits, *_ = found(flat, vectors, right_rows(benchmark, chosen))
    state = shipped["states"]["healthy" if pooling == "mean" else "other pooling"]
    assert np.not_equal(hits, state["found"][:40]).sum() <= 1  # the graph may miss one
    cosine = (vectors * Embedder.load().encode([benchmark.queries[i] for i in chosen], cache=True)).sum(
        axis=1
    )
    assert cosine.min() >= state["cosine"] - 1e-3


def test_healthy_canaries_all_pass_and_lost_documents_cost_some():
    states = drift.shipped_month()["states"]
    passed = [
        sum(states[name]["found"]) for name in ("healthy", "lost, day 1", "lost, day 5", "other pooling")
    ]
    assert passed[0] == 100 > passed[1] > passed[2] > passed[3]
