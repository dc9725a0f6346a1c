"""Each formula of formulas_ranking, computed by another route."""

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from embedlab.benchmark import ndcg
from embedlab.hybrid import BM25Index, convex, idf, reciprocal_rank
from embedlab.study.bank import FORMULAS


@pytest.mark.parametrize(
    ("query_tokens", "document_tokens", "dims", "candidates"), [(12, 80, 64, 100), (8, 60, 384, 5)]
)
def test_maxsim_millions_counted_by_torch(query_tokens, document_tokens, dims, candidates):
    query, documents = torch.zeros(query_tokens, dims), torch.zeros(dims, candidates * document_tokens)
    with FlopCounterMode(display=False) as counter:
        _ = query @ documents
    counted = counter.get_total_flops() / 2 / 1e6  # it counts the additions as well
    millions = FORMULAS["maxsim_millions"](query_tokens, document_tokens, dims, candidates)
    assert millions == pytest.approx(counted)


@pytest.mark.parametrize(
    ("tokens", "kept_percent", "bits", "dims"), [(200, 70, 2, 128), (80, 60, 1, 64), (40, 100, 4, 96)]
)
def test_residual_bytes_of_packed_arrays(tokens, kept_percent, bits, dims):
    kept = tokens * kept_percent // 100
    numbers = np.zeros(kept, dtype=np.uint16)
    codes = np.packbits(np.zeros((kept, dims * bits), dtype=bool), axis=1)
    assert FORMULAS["residual_bytes"](tokens, kept_percent, bits, dims) == numbers.nbytes + codes.nbytes


@pytest.mark.parametrize(
    ("rate", "depth", "each", "busy"), [(10, 20, 3, 60), (40, 50, 2, 70), (5, 100, 4, 50)]
)
def test_cores_for_reranking_adds_up_the_work_of_an_hour(rate, depth, each, busy):
    work = sum(each for _ in range(rate * 60) for _ in range(depth)) * 60  # milliseconds, in an hour
    one_core = 60 * 60 * 1000 * busy / 100
    assert FORMULAS["cores_for_reranking"](rate, depth, each, busy) == pytest.approx(work / one_core)


@pytest.mark.parametrize(("negatives", "lead", "scale"), [(7, 0.1, 20), (15, 0.2, 10), (3, 0.0, 20)])
def test_listwise_loss_is_what_torch_computes(negatives, lead, scale):
    cosines = torch.tensor([[0.5 + lead] + [0.5] * negatives], dtype=torch.float64)
    loss = torch.nn.functional.cross_entropy(scale * cosines, torch.tensor([0]))
    assert FORMULAS["listwise_loss"](negatives, lead, scale) == pytest.approx(float(loss))


@pytest.mark.slow
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
    assert FORMULAS["cascade_ndcg"](recall, first, place) == pytest.approx(np.mean(values))


@pytest.mark.parametrize(("count", "length"), [(1, 50), (3, 100), (10, 400)])
def test_bm25_term_against_an_index_of_real_texts(count, length):
    """Fill the collection up so that the mean length is 100, and search for the word."""
    document = " ".join(["needle"] * count + ["hay"] * (length - count))
    others = [" ".join(["hay"] * size) for size in np.diff(np.linspace(0, 500 - length, 5).astype(int))]
    index = BM25Index(analyzer="words", k1=1.2, b=0.75)
    index.add([document, *others])
    expected = index.scores("needle")[0]
    assert FORMULAS["bm25_term"](count, length, idf(1, 5)) == pytest.approx(expected, rel=1e-5)


def test_bm25_term_orders_words_by_rarity_before_repetition():
    words = [(9000, 10), (1000, 1), (1000, 5), (3, 2)]  # documents with the word, times here
    added = [FORMULAS["bm25_term"](count, 100, idf(held_by, 10_000)) for held_by, count in words]
    assert added == sorted(added)


@pytest.mark.parametrize(("first", "second"), [(1, 3), (10, 20), (2, 100)])
def test_rrf_thousandths_by_the_package(first, second):
    """Put document 7 at these places of two lists, which hold no other document in common."""
    lists = []
    for place, start in ((first, 1000), (second, 2000)):
        ids = np.arange(start, start + 120)
        ids[place - 1] = 7
        lists.append((np.zeros((1, 120), np.float32), ids[None]))
    scores, ids = reciprocal_rank(lists, 240)
    expected = 1000 * float(scores[0, list(ids[0]).index(7)])
    assert FORMULAS["rrf_thousandths"](first, second) == pytest.approx(expected, rel=1e-5)


def test_min_max_separates_two_documents_whose_places_tie():
    words = np.float32([[20, 12, 10]]), np.array([[0, 1, 2]])  # A, B, C
    vectors = np.float32([[0.60, 0.58, 0.40]]), np.array([[1, 0, 3]])  # B, A, D
    scores, ids = reciprocal_rank([words, vectors], 2)
    assert set(ids[0]) == {0, 1}
    assert scores[0, 0] == pytest.approx(scores[0, 1])
    scores, ids = convex([words, vectors], [1, 1], 2, scale="min-max")
    assert list(ids[0]) == [0, 1]
    assert scores[0, 0] - scores[0, 1] == pytest.approx(0.7, abs=1e-5)
