"""The pieces that chapter 02 has written anew are those of the encoder, and agree with torch's own."""

import pytest
import torch
import torch.nn.functional as F

from embedlab.encoder import (
    BertEncoder,
    causal_attention,
    count_parameters,
    embed,
    forward,
    layer,
    softmax,
)


@pytest.fixture(scope="module")
def encoder():
    return BertEncoder.load()


@pytest.fixture(scope="module")
def batch():
    ids = torch.tensor([[101, 7592, 2088, 2003, 102], [101, 7592, 102, 0, 0]])
    return ids, (ids != 0).long()


def test_embed_layer_and_forward_are_those_of_the_encoder(encoder, batch):
    ids, mask = batch
    whole = encoder.forward(ids, mask)
    assert torch.equal(embed(ids, encoder.weights), whole.hidden[0])
    for i in range(6):
        torch.testing.assert_close(
            layer(whole.hidden[i], mask, encoder.weights, i, 12), whole.hidden[i + 1], rtol=0, atol=1e-5
        )
    torch.testing.assert_close(
        forward(ids, mask, encoder.weights, 6, 12), whole.hidden[-1], rtol=0, atol=1e-5
    )


def test_softmax_equals_torch_where_exponentials_overflow():
    x = torch.tensor([[1000.0, 999.0, -float("inf")], [-1000.0, -1000.0, -2000.0], [0.5, 0.25, 0.0]])
    torch.testing.assert_close(softmax(x), x.softmax(-1))


def test_causal_attention_equals_torch():
    q, k, v = torch.randn(3, 2, 3, 7, 8, generator=torch.Generator().manual_seed(0))
    context, weights = causal_attention(q, k, v)
    torch.testing.assert_close(context, F.scaled_dot_product_attention(q, k, v, is_causal=True))
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 7))
    assert not weights.triu(1).any()


def test_parameters_are_counted_as_the_weights_hold_them(encoder):
    stored = {name: w for name, w in encoder.weights.items() if not name.startswith("pooler")}
    stored = sum(w.numel() for name, w in stored.items() if not name.endswith("position_ids"))
    assert count_parameters(30_522, 512, 384, 6) == stored
