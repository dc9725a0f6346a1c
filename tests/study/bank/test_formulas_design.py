"""The formulas of system design, each by another route."""

import pytest

from embedlab.study.bank import FORMULAS


@pytest.mark.parametrize("peak", [120, 300, 700, 1500])
@pytest.mark.parametrize("milliseconds", [8, 15, 40])
@pytest.mark.parametrize("busy", [50, 60, 70])
@pytest.mark.parametrize("zones", [2, 3, 4])
def test_replicas_over_zones(peak, milliseconds, busy, zones):
    """Add a replica to each zone until the peak is carried with one zone taken away."""
    in_zone = 1
    while 1000 * busy * in_zone * (zones - 1) < 100 * peak * milliseconds:  # in whole numbers
        in_zone += 1
    found = FORMULAS["replicas_over_zones"](peak=peak, milliseconds=milliseconds, busy=busy, zones=zones)
    assert found == in_zone * zones


@pytest.mark.parametrize("readable", [0.2, 0.5, 2, 4, 10])
@pytest.mark.parametrize("wanted", [10, 20, 50])
def test_candidates_behind_a_filter(readable, wanted):
    fetched = FORMULAS["candidates_behind_a_filter"](readable=readable, wanted=wanted)
    assert fetched * readable / 100 == pytest.approx(wanted)


@pytest.mark.parametrize("machines", [4, 12, 30])
@pytest.mark.parametrize("percent", [20, 30, 40])
def test_cents_a_thousand_searches(machines, percent):
    """Let a month go by, and divide the bill by the searches."""
    searches, bill = 0.0, 0.0
    for _ in range(730):
        bill += machines * 0.5
        searches += 3600 * 1000 * percent / 100
    found = FORMULAS["cents_a_thousand_searches"](machines=machines, hourly=0.5, peak=1000, percent=percent)
    assert found == pytest.approx(100 * bill / (searches / 1000))
