"""Each formula of formulas_text, computed by another route."""

import ir_measures
import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from embedlab.encoder import attention
from embedlab.pooling import euclidean, l2_normalize
from embedlab.study.bank import FORMULAS
from embedlab.tokenizer import BytePairTokenizer, pad


@pytest.mark.parametrize(
    ("long_percent", "long", "short", "limit"), [(20, 800, 100, 256), (60, 1500, 300, 256)]
)
def test_unread_tokens_percent_counts_what_slicing_drops(long_percent, long, short, limit):
    documents = [["token"] * (long if i < long_percent else short) for i in range(100)]
    unread = sum(len(document[limit:]) for document in documents)
    expected = 100 * unread / sum(map(len, documents))
    assert FORMULAS["unread_tokens_percent"](long_percent, long, short, limit) == pytest.approx(expected)


@pytest.mark.parametrize(("merges", "characters_per_token"), [({}, 1), ({(97, 98): 256}, 2)])
def test_token_bill_dollars_adds_up_real_tokens(merges, characters_per_token):
    tokenizer, text, price = BytePairTokenizer(merges), "ab" * 20, 0.1
    bill = sum(price / 1e6 for _ in range(50) for _ in tokenizer.encode(text))
    assert FORMULAS["token_bill_dollars"](50, 40, characters_per_token, price) == pytest.approx(bill)


@pytest.mark.parametrize(("dims", "layers", "vocabulary"), [(384, 6, 30522), (768, 4, 50000)])
def test_encoder_parameters_millions_are_those_of_transformers(dims, layers, vocabulary):
    from transformers import BertConfig, BertModel

    config = BertConfig(
        hidden_size=dims,
        num_hidden_layers=layers,
        vocab_size=vocabulary,
        num_attention_heads=12,
        intermediate_size=4 * dims,
    )
    with torch.device("meta"):  # shapes without memory
        model = BertModel(config, add_pooling_layer=False)
    matrices = sum(layer.weight.numel() for layer in model.encoder.modules() if hasattr(layer, "in_features"))
    table = model.embeddings.word_embeddings.weight.numel()
    assert FORMULAS["encoder_parameters_millions"](dims, layers, vocabulary) == (matrices + table) / 1e6
    everything = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    assert (matrices + table) / 1e6 == pytest.approx(everything, rel=0.03)


@pytest.mark.parametrize(("tokens", "dims"), [(128, 96), (64, 192)])
def test_attention_operations_percent_is_what_torch_counts(tokens, dims):
    heads = torch.randn(1, 4, tokens, dims // 4)
    with FlopCounterMode(display=False) as counter:
        attention(heads, heads, heads, torch.ones(1, tokens))
    in_attention = counter.get_total_flops()
    x, square, up = torch.randn(tokens, dims), torch.randn(dims, dims), torch.randn(dims, 4 * dims)
    with FlopCounterMode(display=False) as counter:
        for _ in range(4):
            x @ square
        x @ up @ up.T
    share = 100 * in_attention / (in_attention + counter.get_total_flops())
    assert FORMULAS["attention_operations_percent"](tokens, dims) == pytest.approx(share)


@pytest.mark.parametrize(("texts", "short", "long"), [(16, 8, 64), (64, 12, 256)])
def test_padding_percent_counts_zeros_of_the_mask(texts, short, long):
    _, mask = pad([[1] * long] + [[1] * short] * (texts - 1))
    assert FORMULAS["padding_percent"](texts, short, long) == pytest.approx(100 * (mask == 0).mean())


def test_cosine_from_distance_agrees_with_vectors():
    vectors = l2_normalize(np.random.default_rng(0).normal(size=(20, 5)))
    for distance, product in zip(
        euclidean(vectors, vectors).ravel(), (vectors @ vectors.T).ravel(), strict=True
    ):
        assert FORMULAS["cosine_from_distance"](float(distance)) == pytest.approx(product, abs=1e-5)


def test_queries_for_half_width_by_drawing_queries_again_and_again():
    rng = np.random.default_rng(0)
    n, spread = 50, 0.3

    def half_width(queries):
        means = rng.normal(0, spread, (20_000, queries)).mean(axis=1)
        low, high = np.quantile(means, [0.025, 0.975])
        return (high - low) / 2

    more = int(FORMULAS["queries_for_half_width"](n, 0.03, 0.012))
    assert half_width(n) / half_width(more) == pytest.approx(0.03 / 0.012, rel=0.03)


@pytest.mark.parametrize(("before", "after"), [(2, 1), (10, 3), (25, 4), (11, 10)])
def test_ndcg_gained_agrees_with_ir_measures(before, after):
    def value(place):
        run = {"q": {("wanted" if i == place else f"other {i}"): float(-i) for i in range(1, 31)}}
        return ir_measures.calc_aggregate([ir_measures.nDCG @ 10], {"q": {"wanted": 1}}, run)[
            ir_measures.nDCG @ 10
        ]

    assert FORMULAS["ndcg_gained"](before, after) == pytest.approx(value(after) - value(before))
