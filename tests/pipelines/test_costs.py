"""Hours and dollars: proportions that must hold, and input that cannot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.pipelines import hours_and_dollars, lost_to_interruptions

positive = st.floats(0.1, 1e4)


@given(positive, positive, st.integers(1, 1000))
def test_more_machines_take_less_time_and_the_same_money(rate, price, machines):
    one, many = (hours_and_dollars(1e9, rate, n, price) for n in (1, machines))
    assert many.hours == pytest.approx(one.hours / machines)
    assert many.dollars == pytest.approx(one.dollars)


@given(positive, st.floats(0, 0.9))
def test_tokens_and_lost_work_cost_in_proportion(tokens, lost):
    plain = hours_and_dollars(1e6, 10, 1, 1, used=1)
    assert hours_and_dollars(1e6, 10, 1, 1, used=1, tokens=tokens, measured_tokens=tokens) == plain
    longer = hours_and_dollars(1e6, 10, 1, 1, used=1, tokens=256, lost=lost)
    assert longer.hours == pytest.approx(2 * plain.hours / (1 - lost))


def test_egress_is_paid_by_the_gigabyte():
    run = hours_and_dollars(1e9, 1000, 1, 0, egress_price=0.09)
    assert run.egress_gb == 1536
    assert run.dollars == pytest.approx(138.24)


@pytest.mark.parametrize(
    ("wrong", "named"), [({"rate": 0}, "rate"), ({"machines": -1}, "machines"), ({"lost": 1}, "lost is 1")]
)
def test_what_cannot_be_is_named(wrong, named):
    with pytest.raises(ValueError, match=named):
        hours_and_dollars(**({"documents": 1, "rate": 1, "machines": 1, "price": 1} | wrong))
    with pytest.raises(ValueError, match="per_hour=-1"):
        lost_to_interruptions(-1, 1, 1)
