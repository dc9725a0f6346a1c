"""Redaction: found spans are replaced before a text leaves, and put back in what returns."""

from __future__ import annotations

import hmac
import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from hashlib import sha256

from embedlab.security.spans import Span, joined

TOKEN = re.compile(r"<([A-Z_]+)_([0-9a-f]{12})>")
FIRST = (  # noqa: SIM905
    "Alma Bela Carl Dora Egon Flora Georg Hilda Ivan Jana Kasper Lotte Milan Nelly Oskar Paula Quirin Rosa "
    "Stella Theo Ulla Viola Wanda Xaver Yvette Zita Anton Berta Cecil Della Edgar Frida"
).split()
LAST = (  # noqa: SIM905
    "Abbott Barlow Carver Dalton Ellery Fenwick Garner Halloran Ingram Jarvis Kendrick Lowell Mercer Norwood "
    "Oakley Prescott Quigley Radley Sutton Thorne Upton Vickers Wexford Yardley Ashby Bexley Colby Denham "
    "Easton Farrow Godwin Hollis"
).split()


def replaced(text: str, spans: Sequence[Span], replacement: Callable[[Span, str], str]) -> str:
    """Replace spans of a text; those that overlap are joined first, so that nothing of either is left.

    Parameters
    ----------
    text : str
    spans : sequence of Span
        In any order.
    replacement : callable
        ``replacement(span, its text) -> str``.

    Raises
    ------
    ValueError
        If a span ends behind the text.

    Examples
    --------
    >>> spans = [Span(5, 8, "PERSON"), Span(12, 27, "EMAIL")]
    >>> replaced("Call Ana or ana@example.org now", spans, lambda span, _: f"<{span.kind}>")
    'Call <PERSON> or <EMAIL> now'
    """
    whole = joined(spans)
    if whole and whole[-1].end > len(text):
        raise ValueError(f"a span ends at {whole[-1].end}, but the text has {len(text)} characters")
    for span in reversed(whole):  # from the right: what stands before keeps its place
        text = text[: span.start] + replacement(span, text[span.start : span.end]) + text[span.end :]
    return text


def masked(text: str, spans: Sequence[Span]) -> str:
    """Replace each span by its kind: who it was is gone, also for whoever searches.

    Examples
    --------
    >>> masked("Ana asks Ana", [Span(0, 3, "PERSON"), Span(9, 12, "PERSON")])
    '<PERSON> asks <PERSON>'
    """
    return replaced(text, spans, lambda span, _: f"<{span.kind}>")


def canonical(kind: str, value: str) -> str:
    """Write a value in one form, so that spellings of the same get the same pseudonym.

    Examples
    --------
    >>> canonical("PERSON", "MARIA  Keller"), canonical("IBAN", "de89 3704")
    ('maria keller', 'DE893704')
    """
    value = unicodedata.normalize("NFKC", value)
    if kind in ("IBAN", "CARD", "PHONE", "NATIONAL_ID"):
        return re.sub(r"[\s().-]", "", value).upper()
    return " ".join(value.split()).casefold()


class Pseudonyms:
    """Replaces values by pseudonyms that are always the same under one key, and different under another.

    A pseudonym is an HMAC of the tenant, the kind and the value. A plain hash would not do: whoever has a
    list of names hashes the list (see `Pseudonyms.guessed`). Without the key nothing leads back; with it,
    the values seen so far do.

    Parameters
    ----------
    key : bytes
        At least 16 bytes, kept where the texts are not. To throw it away makes pseudonyms anonymous, as far
        as the rest of the text is.
    tenant : str
        The same person has another pseudonym for each tenant: two data sets cannot be joined by it.
    names : bool
        Whether a person becomes an invented name instead of ``<PERSON_...>``. There are 1,024 of them: people
        share them, sooner than one would think (birthdays), and then nothing tells them apart.

    Raises
    ------
    ValueError
        If the key is too short.

    Examples
    --------
    >>> hide = Pseudonyms(b"0123456789abcdef", "shop")
    >>> first = hide("Ana wrote.", [Span(0, 3, "PERSON")])
    >>> first == hide("ANA wrote.", [Span(0, 3, "PERSON")]), hide.restored(first)
    (True, 'Ana wrote.')
    """

    def __init__(self, key: bytes, tenant: str, *, names: bool = False):
        if len(key) < 16:
            raise ValueError(f"a key needs at least 16 bytes, but has {len(key)}")
        self._key, self.tenant, self.names = key, tenant, names
        self._seen: dict[str, str] = {}

    def forgetful(self) -> Pseudonyms:
        """Return the same under the same key that has seen no value yet."""
        return Pseudonyms(self._key, self.tenant, names=self.names)

    def of(self, kind: str, value: str) -> str:
        """Return the pseudonym of a value, and remember the value for `restored`."""
        message = json.dumps(
            [self.tenant, kind, canonical(kind, value)]
        ).encode()  # marks where each part ends
        digest = hmac.new(self._key, message, sha256).digest()
        made = f"<{kind}_{digest[:6].hex()}>"
        if self.names and kind == "PERSON":
            made = f"{FIRST[digest[0] % 32]} {LAST[digest[1] % 32]}"
        self._seen.setdefault(made, value)
        return made

    def __call__(self, text: str, spans: Sequence[Span]) -> str:
        """Replace the spans of a text."""
        return replaced(text, spans, lambda span, value: self.of(span.kind, value))

    def restored(self, text: str) -> str:
        """Put the values back that were replaced by this object; a pseudonym it never made stays."""
        return TOKEN.sub(lambda match: self._seen.get(match[0], match[0]), text)

    def guessed(self, made: str, candidates: Sequence[str], key: bytes) -> str | None:
        """Try candidates under a guessed key: the one whose pseudonym it is. That is an attack.

        Examples
        --------
        >>> hide = Pseudonyms(b"0123456789abcdef", "shop")
        >>> made = hide.of("PERSON", "Ana Reis")
        >>> names = ["Bo Ek", "Ana Reis"]
        >>> hide.guessed(made, names, b"another key, 16+"), hide.guessed(made, names, b"0123456789abcdef")
        (None, 'Ana Reis')
        """
        kind = made[1:-14] if TOKEN.fullmatch(made) else "PERSON"
        other = Pseudonyms(key, self.tenant, names=self.names)
        return next((one for one in candidates if other.of(kind, one) == made), None)
