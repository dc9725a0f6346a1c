"""Exercises of chapter 21: what a sealed text is bound to."""

import json
import struct

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _places(rng: np.random.Generator) -> list[tuple]:
    """List (tenant, document, version): empty, not ASCII, the ends of the range, what must be refused."""
    cases = [("", "", 0), ("a", "b", 1), ("ab", "c", 1), ("a", "bc", 1), ("a|b", "c", 1), ("é", "d", 3)]
    cases += [("", "abc", 1), ("abc", "", 1), ("a", "b", 258), ("a", "b", 2**64 - 1), ("文", "😀", 7)]
    cases += [("a", "b", -1), ("a", "b", 2**64), ("\0", "\0\0", 0), ("x" * 300, "y", 5)]
    for n in (1, 2, 3, 5):
        tenant, document = ("".join(rng.choice(list("ab|\0é"), n)) for _ in range(2))
        cases.append((tenant, document, int(rng.integers(2**40))))
    return cases


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _refused(version):
    if not 0 <= version < 1 << 64:
        raise ValueError(version)


def _joined(separator):
    def written(tenant, document, version):
        _refused(version)
        return separator.join([tenant, document, str(version)]).encode()

    return written


def _json(tenant, document, version):
    _refused(version)
    return json.dumps([tenant, document, version]).encode()


def _packed(order="big", length=lambda part: len(part.encode()), with_version=True, checked=True):
    def written(tenant, document, version):
        if checked:
            _refused(version)
        parts = [length(part).to_bytes(4, order) + part.encode() for part in (tenant, document)]
        return b"".join(parts) + (version % 2**64).to_bytes(8, order) * with_version

    return written


def _document_bare(tenant, document, version):
    _refused(version)
    return struct.pack(">I", len(tenant.encode())) + (tenant + document).encode() + struct.pack(">Q", version)


def _version_as_text(tenant, document, version):
    _refused(version)
    return _packed(with_version=False)(tenant, document, version) + str(version).encode()


EXERCISES = (
    Exercise(
        name="bound_to",
        chapter="21_security",
        task="A sealed text is bound to its place by bytes that are authenticated with it. tenant and "
        "document are str, version an int. Return bytes: for the tenant and then the document the length of "
        "its UTF-8 in 4 bytes, big-endian, and the UTF-8 itself; then the version in 8 bytes, big-endian. "
        "Raise ValueError for a version below 0 or from 2**64 on. No two places may give the same bytes.",
        reference="embedlab.security.envelope:bound_to",
        cases=_places,
        hints=(
            "Encode first: what counts is the length in bytes, not in characters.",
            "len(raw).to_bytes(4, 'big') + raw for each of the two.",
            "version.to_bytes(8, 'big') raises OverflowError outside of the range: check before.",
        ),
        mistakes=(
            Mistake(
                "simply joined",
                "('ab', 'c') and ('a', 'bc') give the same bytes: a text moves from one to the other.",
                _joined(""),
            ),
            Mistake(
                "joined by a separator",
                "A separator may stand in a name, and then two places are one. Lengths cannot.",
                _joined("|"),
            ),
            Mistake(
                "JSON",
                "Unambiguous, but one place has several spellings (spaces, \\u00e9 or é), and another "
                "program writes another one. Give the bytes of the task.",
                _json,
            ),
            Mistake(
                "length in characters",
                "é is one character and two bytes: the reader cuts in the wrong place.",
                _packed(length=len),
            ),
            Mistake("little-endian", "The highest byte comes first.", _packed(order="little")),
            Mistake(
                "the version left out",
                "Without it an older text of the same document opens in the place of the new one.",
                _packed(with_version=False),
            ),
            Mistake(
                "the version as digits",
                "Eight bytes, so that every version has the same length.",
                _version_as_text,
            ),
            Mistake(
                "one length for two parts",
                "Each part stands behind its own length.",
                _document_bare,
            ),
            Mistake("versions wrap around", "-1 and 2**64 - 1 would be one version.", _packed(checked=False)),
        ),
        follow_up="An attacker who can write to the storage puts yesterday's text back, with yesterday's "
        "version beside it. Why does it open, and what would notice?",
    ),
)
