"""Napkin arithmetic: formulas are safe, units come back, bands are bands."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.system_design import band, dimension, evaluate, in_base, parse_quantity, shown
from embedlab.system_design.estimates import UNITS

positive = st.floats(1e-6, 1e12)
units = st.sampled_from([*UNITS, "machines", "cores"])


@given(positive, st.floats(1 / 2 + 1e-9, 2 - 1e-9))
def test_within_a_factor_of_two_is_right(value, factor):
    assert band(value * factor, value) == "right"


@given(positive, st.floats(2 + 1e-9, 5 - 1e-9), st.booleans())
def test_within_five_is_close_and_beyond_far(value, factor, below):
    assert band(value / factor if below else value * factor, value) == "close"
    assert band(value / (3 * factor) if below else value * 3 * factor, value) == "far"


@given(positive, positive)
def test_bands_are_symmetric(given_, value):
    assert band(given_, value) == band(value, given_)


@given(positive, positive, st.floats(1e-3, 1e3))
def test_bands_do_not_depend_on_the_unit(given_, value, factor):
    assert band(given_, value) == band(given_ * factor, value * factor) or math.isclose(
        max(given_ / value, value / given_), round(max(given_ / value, value / given_)), rel_tol=1e-9
    )


@given(st.floats(1e-3, 999_999), units)
def test_what_is_shown_is_read_again_to_three_digits(number, unit):
    value = in_base(number, unit)
    again = parse_quantity(shown(value, unit), unit)
    assert again == pytest.approx(value, rel=0.006)


@given(units, units)
def test_units_of_another_dimension_are_refused(one, other):
    if one == "$" and other.startswith("$"):  # who types $40 means the unit that is asked for
        assert parse_quantity("$3", other) == in_base(3, other)
    elif dimension(one) == dimension(other):
        assert parse_quantity(shown(in_base(3, one), one), other) == pytest.approx(in_base(3, one))
    else:
        with pytest.raises(ValueError, match=r"asked for|not known"):
            parse_quantity(shown(in_base(3, one), one), other)


@pytest.mark.parametrize(
    ("typed", "unit", "value"),
    [
        ("1.5 TB", "GB", 1.5e12),
        ("7", "GB", 7e9),
        ("~7gb", "GB", 7e9),
        ("64 GiB", "GB", 64 * 2**30),
        ("20 ms", "ms", 0.02),
        ("0.3 seconds", "ms", 0.3),
        ("2 h", "min", 7200),
        ("$300/month", "$/month", 300),
        ("$300 a month", "$/month", 300),
        ("300", "$/month", 300),
        ("$ 2.5k per month", "$/month", 2500),
        ("1 $/hour", "$/month", 730),
        ("$3.6k/year", "$/month", 300),
        ("$40", "$/month", 40),
        ("500 qps", "/s", 500),
        ("20 per second", "/s", 20),
        ("5M", "tickets", 5e6),
        ("5 million tickets", "tickets", 5e6),
        ("3 machine", "machines", 3),
        ("2k", "machines", 2000),
        ("12,500 passages", "passages", 12500),
        ("15 %", "%", 0.15),
        ("1e9", "B", 1e9),
    ],
)
def test_quantities_as_people_type_them(typed, unit, value):
    assert parse_quantity(typed, unit) == pytest.approx(value)


@pytest.mark.parametrize(
    ("typed", "unit", "message"),
    [
        ("many", "GB", "'many' is no number with a unit; such as '12 GB'"),
        ("", "ms", "is no number"),
        ("20 ms", "GB", "is time, but bytes are asked for, such as '12 GB'"),
        ("3 parsecs", "GB", "the unit 'parsecs' .* is not known here"),
        ("3 GB", "machines", "is bytes, but machines are asked for"),
        ("4 --", "GB", "not known"),
    ],
)
def test_what_cannot_be_read_says_what_to_type(typed, unit, message):
    with pytest.raises(ValueError, match=message):
        parse_quantity(typed, unit)


@given(st.floats(-1e6, 1e6), st.floats(1, 1e6))
def test_formulas_compute_what_python_does(a, b):
    numbers = {"a": a, "b": b}
    assert evaluate("(a + 2) * -b / 3 - a", numbers) == pytest.approx((a + 2) * -b / 3 - a)
    assert evaluate("max(ceil(b), sqrt(b))", numbers) == max(math.ceil(b), math.sqrt(b))


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("__import__('os').getcwd()", "holds"),
        ("a.real", "holds 'a.real'"),
        ("[a for a in (1,)]", "holds"),
        ("'x' * 9", "holds"),
        ("True + 1", "holds 'True'"),
        ("open(1)", "holds 'open"),
        ("max(a, key=1)", "holds"),
        ("a +", "is no formula"),
        ("a / 0", "has no value"),
        ("9.0 ** 9999", "has no value"),
        ("(0 - 8) ** 0.5", "no finite value"),
        ("sqrt(1, 2)", "has no value"),
        ("b", "names 'b', which has no number here"),
    ],
)
def test_nothing_but_arithmetic_is_computed(formula, message):
    with pytest.raises(ValueError, match=message):
        evaluate(formula, {"a": 1.0})
