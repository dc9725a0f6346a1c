"""A text as a recogniser should see it: look-alike letters, invisible characters and encodings undone."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

# Letters of other scripts that look like Latin ones: the commonest of Unicode's confusables (UTS 39).
LOOK_ALIKES = str.maketrans(
    "АВЕКМНОРСТУХІЈЅавекморстухіјѕԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧαεικνορτυχ",
    "ABEKMHOPCTYXIJSabekmopctyxijsdqwABEZHIKMNOPTYXaeikvoptux",
)
DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
HEX = re.compile(r"(?:[0-9a-fA-F]{2}){8,}")


def plain(text: str) -> str:
    """Bring a text into the form that patterns are written for.

    Compatibility forms become plain ones (NFKC: full-width digits, ligatures), invisible characters (category
    Cf: zero-width spaces, soft hyphens, direction marks) go, digits of all scripts become ASCII, dashes one
    dash, and common look-alikes from Greek and Cyrillic become Latin, in words that hold Latin letters or
    digits besides: a Russian word stays Russian.

    Examples
    --------
    >>> plain("ＤＥ89\\u200b3704"), plain("аnа@example.org"), plain("Москва")
    ('DE893704', 'ana@example.org', 'Москва')
    """
    text = unicodedata.normalize("NFKC", text)
    text = "".join(one for one in text if unicodedata.category(one) != "Cf")
    text = "".join(str(unicodedata.digit(one)) if one.isdigit() else one for one in text)
    text = DASHES.sub("-", text)
    mixed = re.compile(r"\S*[A-Za-z0-9]\S*")
    return mixed.sub(lambda match: match[0].translate(LOOK_ALIKES), text)


def decoded(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield what is written in base64, in hexadecimal digits, or with percent signs: (start, end, decoded).

    Only what decodes to printable text counts; a random key does not.

    Examples
    --------
    >>> list(decoded("x=YW5hQGV4YW1wbGUub3Jn"))
    [(2, 22, 'ana@example.org')]
    """
    for match in re.finditer(r"\S*%[0-9A-Fa-f]{2}\S*", text):
        yield *match.span(), unquote(match[0])
    for pattern, decode in ((HEX, bytes.fromhex), (BASE64, _from_base64)):
        for match in pattern.finditer(text):
            try:
                inside = decode(match[0]).decode("utf-8")
            except (binascii.Error, ValueError):
                continue
            if all(one.isprintable() or one.isspace() for one in inside):
                yield *match.span(), inside


def _from_base64(text: str) -> bytes:
    """Decode either alphabet of RFC 4648, with or without padding."""
    text = text.rstrip("=").translate(str.maketrans("-_", "+/"))
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
