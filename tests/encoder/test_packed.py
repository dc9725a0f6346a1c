"""How texts are dealt into batches."""

from hypothesis import given
from hypothesis import strategies as st

from embedlab.encoder import batches, shares


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
