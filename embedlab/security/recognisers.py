"""Recognisers of our own: a pattern proposes, a check digit, a context or the entropy decides."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator

from embedlab.security.checksums import entropy, iban_valid, ip_valid, luhn_valid, national_id_valid
from embedlab.security.spans import Span, resolved

MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*"
DATE = rf"\d{{4}}-\d\d-\d\d|\d{{1,2}}[./]\d{{1,2}}[./]\d{{4}}|\d{{1,2}} {MONTH} \d{{4}}|\b\d{{8}}\b"
STREET = (
    r"street|lane|road|avenue|crescent|square|drive|court|\w*stra(?:ß|ss)e|\w*str\.?|\w+straat|\w+weg|"
    r"\w+gracht|\w+allee|\w+platz|\w+vejen|\w+gate|\w+gade|\w+gatan"
)
STREET_FIRST = r"rue|via|calle|avenida|avenue|rua|ul\.|ulica|place|piazza|plaza|boulevard"

EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+(?![\w.-]*:\w)")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{1,4}){3,8}\b")
CARD = re.compile(r"(?<![\w-])[3-6](?:[ -]?\d){12,18}(?![\w-])")
IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\w)")
IPV6 = re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{1,4}|:)(?:[0-9a-fA-F]{0,4}:){1,7}[0-9a-fA-F]{1,4}(?![\w:])")
VERSION = re.compile(r"\b(?:version|upgrade|release)\b", re.IGNORECASE)
PHONE = re.compile(
    r"(?<![\w.+-])(?:(?:\+|00)\d(?:[ .()-]{0,2}\d){7,14}"
    r"|0\d(?:[ .]\d\d){4}|0\d{1,4}[ -]\d{3,4}(?:[ -]?\d{2,4}){1,3}"
    r"|\(?\d{3}\)?[ -]\d{3}-\d{4}|555-01\d\d)(?![\w-])"
)
NATIONAL_ID = re.compile(
    r"(?<![\w.-])(?:\d{8}[A-Z]|\d{3}-\d\d-\d{4}|\d{3}(?:\.\d{3}){2}-\d\d|\d{9}|\d{11})(?![\w-])"
)
PASSPORT = re.compile(r"\bpassport\b[^.\d]{0,20}?\b((?=[A-Z0-9]*\d)[A-Z0-9]{7,9})\b", re.IGNORECASE)
BIRTH_DATE = re.compile(rf"\b(?:born|birth|birthday|dob)\b\W*(?:\w+ ){{0,2}}\W*({DATE})", re.IGNORECASE)
ADDRESS = re.compile(
    rf"\b(?:flat \w+, )?(?:\d+\w? (?:[A-Z][\w'’]+ ){{1,2}}(?:{STREET})|(?:[A-Z]\w+ )?(?:{STREET}) \d+\w?"
    rf"|(?:\d+ )?(?:{STREET_FIRST}) (?:[\w'’]+ ){{0,3}}[\w'’]+(?: \d[\w/]*)?)"
    r"(?:,? [\w-]+){0,2}?,? (?:[A-Z]{1,2}\d\w? \d[A-Z]{2}|"
    r"(?:[A-Z]{1,2}[ -]?)?\d[\w-]{3,8})\b(?: [A-Z]{2}\b)?(?: [A-Z]\w+)?",
    re.IGNORECASE,
)
NAMED_SECRET = re.compile(
    r"(?:key|token|secret|password|passphrase|bearer|session|sig)\b\W{1,5}([^\s\"',;&]{8,})", re.IGNORECASE
)
URL_PASSWORD = re.compile(r"://[^\s:/@]+:([^\s@/]+)@")
LONG_TOKEN = re.compile(r"(?<![\w./-])[A-Za-z0-9_.-]{20,}(?![\w/-])")
SALUTATION = re.compile(
    r"\b(?:my name is|i am|this is|mr\.?|mrs\.?|ms\.?|miss|dr\.?|regards,|dear|user|welcome)"
    r" \"?((?:[A-Z][\w'’-]+\.? ?){1,3})\b(?<! )"
)
Found = Iterator[tuple[int, int]]


def _whole(pattern: re.Pattern, holds: Callable[[str], bool] = bool) -> Callable[[str], Found]:
    """Propose what a pattern matches (its group, where it has one), and keep what holds."""

    def find(text: str) -> Found:
        for match in pattern.finditer(text):
            if holds(match[match.re.groups]):
                yield match.span(match.re.groups)

    return find


def ibans(text: str) -> Found:
    """Find IBANs: of each candidate the longest beginning whose check digits are right."""
    for match in IBAN.finditer(text):
        ends = [place.end() for place in re.finditer(r"\w\b", match[0])][::-1]
        end = next((end for end in ends if iban_valid(match[0][:end])), None)
        if end:
            yield match.start(), match.start() + end


def addresses_of_machines(text: str) -> Found:
    """Find IP addresses, but no loopback, no 0.0.0.0, and no versions of software."""
    for pattern in (IPV4, IPV6):
        for match in pattern.finditer(text):
            if not ip_valid(match[0]) or (pattern is IPV4 and VERSION.search(text[: match.start()])):
                continue
            address = ipaddress.ip_address(match[0])
            if not address.is_loopback and not address.is_unspecified:
                yield match.span()


def secrets(text: str) -> Found:
    """Find keys: what is called one, what stands as a password in a URL, and long random tokens."""
    yield from _whole(NAMED_SECRET, lambda value: entropy(value) > 2.9 and re.search(r"\d", value))(text)
    yield from _whole(URL_PASSWORD)(text)
    yield from _whole(LONG_TOKEN, _random)(text)


def _random(value: str) -> bool:
    """Tell whether a long token looks drawn: capitals, small letters and digits, mixed, no plain hash."""
    mixed = all(re.search(one, value) for one in ("[a-z]", "[A-Z]", r"\d"))
    return (mixed and entropy(value) > 3.8 and value.count(".") < 3) or bool(
        re.match(r"AKIA[A-Z0-9]{16}$", value)
    )


# Of each kind, how its spans are found, and how sure a find is: a check digit says more than a pattern.
RECOGNISERS: dict[str, tuple[Callable[[str], Found], float]] = {
    "IBAN": (ibans, 1.0),
    "CARD": (_whole(CARD, luhn_valid), 0.98),
    "EMAIL": (_whole(EMAIL), 0.97),
    "SECRET": (secrets, 0.95),
    "IP": (addresses_of_machines, 0.9),
    "NATIONAL_ID": (_whole(NATIONAL_ID, national_id_valid), 0.85),
    "BIRTH_DATE": (_whole(BIRTH_DATE), 0.8),
    "ADDRESS": (_whole(ADDRESS), 0.7),
    "PHONE": (_whole(PHONE), 0.6),
    "PERSON": (_whole(SALUTATION), 0.5),
}


def recognised(text: str) -> list[Span]:
    """Find personal data and secrets by patterns and check digits; names only where a word says so.

    Returns
    -------
    list of Span
        In order, none overlapping.

    Examples
    --------
    >>> text = "Card 4111 1111 1111 1111 or 4111 1111 1111 1112, from 192.0.2.7"
    >>> [(one.kind, text[one.start : one.end]) for one in recognised(text)]
    [('CARD', '4111 1111 1111 1111'), ('IP', '192.0.2.7')]
    """
    found = [Span(*place, kind, score) for kind, (find, score) in RECOGNISERS.items() for place in find(text)]
    found += [Span(*place, "NATIONAL_ID", 0.85) for place in _whole(PASSPORT)(text)]
    return resolved(found)
