"""Check digits and recognisers of personal data, on numbers made for the test."""

import itertools
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.security import KINDS, RECOGNISERS, labelled_sentences, recognised
from embedlab.security.checksums import entropy, iban_valid, ip_valid, luhn_valid, national_id_valid

DIGITS = st.text(string.digits, min_size=12, max_size=18)


def with_luhn(digits):
    (right,) = [one for one in string.digits if luhn_valid(digits + one)]
    return digits + right


@given(DIGITS)
def test_luhn_has_one_right_digit_and_sees_each_wrong_one(digits):
    number = with_luhn(digits)
    for place, old in enumerate(number):
        for new in set(string.digits) - {old}:
            assert not luhn_valid(number[:place] + new + number[place + 1 :])


@given(DIGITS)
def test_luhn_sees_swapped_neighbours_but_for_0_and_9(digits):
    number = with_luhn(digits)
    for i in range(len(number) - 1):
        a, b = number[i], number[i + 1]
        swapped = number[:i] + b + a + number[i + 2 :]
        assert luhn_valid(swapped) == (a == b or {a, b} == {"0", "9"})


@given(st.text(string.digits + string.ascii_uppercase, min_size=11, max_size=30), st.data())
def test_iban_sees_each_wrong_digit(account, data):
    number = int("".join(str(int(one, 36)) for one in account + "DE00"))
    iban = f"DE{98 - number % 97:02d}{account}"
    assert iban_valid(iban)
    place = data.draw(st.sampled_from([i for i, one in enumerate(iban) if one.isdigit()]))
    other = data.draw(st.sampled_from(sorted(set(string.digits) - {iban[place]})))
    assert not iban_valid(iban[:place] + other + iban[place + 1 :])


def test_one_random_number_in_ten_passes_luhn():
    assert sum(luhn_valid(f"{n:016d}") for n in range(10_000)) == 1000


@given(st.text(max_size=30))
def test_no_text_breaks_a_check(text):
    for valid in (luhn_valid, iban_valid, ip_valid, national_id_valid):
        assert valid(text) in (True, False)
    assert entropy(text) >= 0


@given(st.text(max_size=80))
def test_what_is_found_lies_in_the_text_and_apart(text):
    spans = recognised(text)
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))
    assert all(one.end <= len(text) for one in spans)


def test_there_is_a_recogniser_for_each_kind():
    assert set(RECOGNISERS) == set(KINDS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IBAN DE89 3704 0044 0532 0130 00 IN EUR", [("IBAN", "DE89 3704 0044 0532 0130 00")]),
        ("IBAN DE88370400440532013000", []),
        ("ping 127.0.0.1 and 0.0.0.0", []),
        ("release 1.2.3.4", []),
        ("from 192.0.2.1.", [("IP", "192.0.2.1")]),
        ("ssh git@git.example.com:a/b", []),
        ("mail a.b+c@example.org.", [("EMAIL", "a.b+c@example.org")]),
        ("password = getpass('x')", []),
        ("api_key=abcd-1234-WXYZ", [("SECRET", "abcd-1234-WXYZ")]),
        ("born on 3 May 1990", [("BIRTH_DATE", "3 May 1990")]),
        ("released on 3 May 1990", []),
        ("at 7 Mill Road, Leeds LS1 4AB", [("ADDRESS", "7 Mill Road, Leeds LS1 4AB")]),
    ],
)
def test_found_or_left(text, expected):
    assert [(one.kind, text[one.start : one.end]) for one in recognised(text)] == expected


def test_labelled_numbers_have_right_check_digits():
    """Else a recogniser would be blamed for a slip of the pen."""
    checks = {"IBAN": iban_valid, "CARD": luhn_valid, "IP": ip_valid}
    for one in labelled_sentences():
        for span in one.spans:
            value = one.text[span.start : span.end]
            assert checks.get(span.kind, bool)(value), value


def test_labelled_sentences_use_names_reserved_for_examples():
    for one in labelled_sentences():
        for span in one.spans:
            value = one.text[span.start : span.end]
            if span.kind == "EMAIL":
                assert "example" in value
            if span.kind == "IP":
                assert value.startswith(("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:", "10."))


def test_hard_sentences_hold_nothing_and_the_others_something():
    groups = {}
    for one in labelled_sentences():
        groups.setdefault(one.group, []).append(len(one.spans))
    assert len(groups["hard"]) == 100
    assert set(groups["hard"]) == {0}
    with_spans = sum(n > 0 for group, counts in groups.items() if group != "hard" for n in counts)
    assert with_spans > 210
    for split in ("dev", "test"):
        kinds = [span.kind for one in labelled_sentences(split) for span in one.spans]
        assert min(kinds.count(kind) for kind in KINDS) >= 7
