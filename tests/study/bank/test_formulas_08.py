"""The formulas of the questions on chapter 08, each computed in another way."""

import numpy as np
import pytest
import torch

from embedlab.benchmark import ndcg
from embedlab.study.bank.formulas_chapters import cascade_ndcg, cores_for_reranking, listwise_loss


@pytest.mark.parametrize(
    ("rate", "depth", "each", "busy"), [(10, 20, 3, 60), (40, 50, 2, 70), (5, 100, 4, 50)]
)
def test_cores_for_reranking_adds_up_the_work_of_an_hour(rate, depth, each, busy):
    work = sum(each for _ in range(rate * 60) for _ in range(depth)) * 60  # milliseconds, in an hour
    one_core = 60 * 60 * 1000 * busy / 100
    assert cores_for_reranking(rate, depth, each, busy) == pytest.approx(work / one_core)


@pytest.mark.parametrize(("negatives", "lead", "scale"), [(7, 0.1, 20), (15, 0.2, 10), (3, 0.0, 20)])
def test_listwise_loss_is_what_torch_computes(negatives, lead, scale):
    cosines = torch.tensor([[0.5 + lead] + [0.5] * negatives], dtype=torch.float64)
    loss = torch.nn.functional.cross_entropy(scale * cosines, torch.tensor([0]))
    assert listwise_loss(negatives, lead, scale) == pytest.approx(float(loss))


@pytest.mark.parametrize(("recall", "first", "place"), [(80, 50, 3), (90, 60, 7), (70, 75, 2)])
def test_cascade_ndcg_is_the_mean_over_queries(recall, first, place):
    runs, relevant = {}, {}
    put_first = round(recall * 100 * first / 100)
    for i in range(10_000):  # only the first `recall` per cent of the queries hold the right document
        names = [f"wrong {j}" for j in range(20)]
        if i < recall * 100:
            names[0 if i < put_first else place - 1] = "right"
        runs[f"{i}"] = {name: 20.0 - j for j, name in enumerate(names)}
        relevant[f"{i}"] = {"right": 1}
    values = list(ndcg(relevant, runs, k=10).values())
    assert cascade_ndcg(recall, first, place) == pytest.approx(np.mean(values))
