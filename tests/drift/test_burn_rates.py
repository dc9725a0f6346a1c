"""Burn rates against their definition, and the windows against what the SRE workbook promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.drift import WINDOWS, burn_rate, burning, held, kept_firing

COUNTS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=40)


@given(COUNTS, st.integers(1, 50), st.floats(0.5, 0.999))
def test_a_burn_rate_is_the_share_over_the_budget(counts, window, slo):
    errors = [min(pair) for pair in counts]
    events = [max(pair) for pair in counts]
    for i, rate in enumerate(burn_rate(errors, events, window, slo)):
        start = max(0, i + 1 - window)
        asked = sum(events[start : i + 1])
        share = sum(errors[start : i + 1]) / asked if asked else 0
        assert rate == pytest.approx(share / (1 - slo))


def test_a_budget_that_burns_once_lasts_as_long_as_the_period():
    month = 30 * 24 * 12
    assert burn_rate([0.5] * month, [50] * month, month, 0.99)[-1] == pytest.approx(1)


def test_the_windows_spend_what_the_workbook_says():
    spent = [minutes * rate / (30 * 24 * 60) for minutes, _, rate, _ in WINDOWS]
    np.testing.assert_allclose(spent, [0.02, 0.05, 0.1], rtol=1e-9)


def test_the_short_window_ends_the_page_soon_after_the_trouble():
    errors = [0] * 1000 + [50] * 36 + [0] * 200
    page = burning(errors, [50] * len(errors), 0.99)["page"]
    assert page[1010]
    assert page[1035]
    assert not page[1036 + 7 :].any()  # half an hour; by the 6 h window alone it would go on for hours


@pytest.mark.parametrize(("slo", "window"), [(1.0, 5), (0.0, 5), (0.99, 0)])
def test_impossible_settings_are_refused(slo, window):
    with pytest.raises(ValueError, match=f"{slo} and {window}"):
        burn_rate([1], [1], window, slo)


@given(st.lists(st.booleans(), max_size=30), st.integers(1, 6))
def test_held_and_kept_against_their_definitions(beyond, steps):
    for i, (waited, kept) in enumerate(zip(held(beyond, steps), kept_firing(beyond, steps), strict=True)):
        assert waited == (i + 1 >= steps and all(beyond[i + 1 - steps : i + 1]))
        assert kept == any(beyond[max(0, i - steps) : i + 1])
