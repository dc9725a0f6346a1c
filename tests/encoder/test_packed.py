"""How texts are dealt into batches."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from embedlab.encoder import BertEncoder, PackedEncoder, batches, shares
from embedlab.encoder.packed import LEAST


@given(st.lists(st.integers(1, 50)), st.integers(1, 100))
def test_batches_hold_every_text_once_within_the_budget(lengths, budget):
    dealt = list(batches(lengths, budget))
    assert sorted(i for batch in dealt for i in batch) == list(range(len(lengths)))
    assert all(sum(lengths[i] for i in batch) <= budget or len(batch) == 1 for batch in dealt)


@given(st.lists(st.integers(1, 50)), st.integers(1, 5))
def test_shares_deal_every_text_once_and_evenly(lengths, parts):
    dealt = shares(lengths, parts)
    assert sorted(i for rows in dealt for i in rows) == list(range(len(lengths)))
    tokens = [sum(lengths[i] for i in rows) for rows in dealt]
    assert all(dealt)
    assert max(tokens, default=0) - min(tokens, default=0) <= max(lengths, default=0)


@pytest.mark.parametrize(("tokens", "dealt"), [(1, 1), (LEAST, 1), (2 * LEAST - 1, 1), (2 * LEAST, 2)])
def test_no_share_has_less_than_the_least(tokens, dealt, monkeypatch):
    calls = []
    monkeypatch.setattr(PackedEncoder, "__init__", lambda self: None)
    monkeypatch.setattr(
        PackedEncoder, "__call__", lambda self, texts, _: calls.append(texts) or [torch.ones(1)] * len(texts)
    )
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    found = list(PackedEncoder().run([[1]] * tokens))
    assert sorted(i for i, _ in found) == list(range(tokens))
    assert len(calls) == dealt


@pytest.mark.slow
def test_texts_without_tokens_are_refused():
    packed = PackedEncoder(BertEncoder.load())
    with pytest.raises(ValueError, match="a sequence of 0 tokens: the model takes 1 to 512"):
        list(packed.run([[]]))
    assert list(packed.run([])) == []
