"""Exercises of chapter 21: replace what was found."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _found(rng: np.random.Generator) -> list[tuple]:
    """List (text, spans): none, one, equal values, overlaps, neighbours, any order; then drawn ones."""
    cases = [
        ("", []),
        ("hello", []),
        ("Ana", [(0, 3, "PERSON")]),
        ("Ana asks", [(0, 3, "PERSON")]),
        ("to Ana", [(3, 6, "PERSON")]),
        ("Bo met Al", [(0, 2, "PERSON"), (7, 9, "PERSON")]),
        ("Bo met Al", [(7, 9, "PERSON"), (0, 2, "PERSON")]),
        ("Ana, Bo, Ana", [(0, 3, "PERSON"), (5, 7, "PERSON"), (9, 12, "PERSON")]),
        ("Ana, ana", [(0, 3, "PERSON"), (5, 8, "PERSON")]),
        ("a@b.org Ana", [(0, 7, "EMAIL"), (8, 11, "PERSON")]),
        ("Ana 12 Bo 34", [(0, 3, "PERSON"), (4, 6, "PHONE"), (7, 9, "PERSON"), (10, 12, "PHONE")]),
        ("May 1 and May", [(0, 3, "PERSON"), (10, 13, "BIRTH_DATE")]),
        ("ana@b.org", [(0, 3, "PERSON"), (0, 9, "EMAIL")]),
        ("ana@b.org", [(0, 9, "EMAIL"), (0, 3, "PERSON")]),
        ("Rua Ana 7", [(0, 7, "ADDRESS"), (4, 9, "PERSON")]),
        ("Rua Ana Bo", [(0, 7, "ADDRESS"), (4, 10, "PERSON")]),
        ("abcdefgh", [(0, 4, "PHONE"), (3, 6, "CARD"), (5, 8, "PHONE")]),
        ("AnaBo", [(0, 3, "PERSON"), (3, 5, "PERSON")]),
        ("Ana Ana", [(0, 3, "PERSON"), (4, 7, "PERSON"), (4, 7, "PERSON")]),
    ]
    for n in (6, 8, 10, 12, 14, 16):
        text = "".join(rng.choice(list("ab "), n))
        spans = []
        for _ in range(3):
            start = int(rng.integers(0, n - 1))
            spans.append((start, int(rng.integers(start + 1, n + 1)), str(rng.choice(["PERSON", "PHONE"]))))
        cases.append((text, spans))
    return cases


def _groups(spans):
    """Join overlapping spans: (start, end, kind of the longest, of equals the first by start, end, kind)."""
    groups = []
    for span in sorted(spans):
        if groups and span[0] < groups[-1][1]:
            start, end, best = groups[-1]
            longer = span[1] - span[0] > best[1] - best[0]
            groups[-1] = (start, max(end, span[1]), span if longer else best)
        else:
            groups.append((span[0], span[1], span))
    return [(start, end, best[2]) for start, end, best in groups]


def _written(text, groups, number):
    """Write the text with the replacement of each group."""
    out, read = "", 0
    for start, end, kind in groups:
        out += text[read:start] + f"<{kind}_{number(kind, text[start:end])}>"
        read = end
    return out + text[read:]


def redact(text, spans):
    """Replace what was found in a text by its kind and a number: equal values get equal numbers.

    Parameters
    ----------
    text : str
    spans : list of (start, end, kind)
        In any order. Those that share a character are joined into one, of the longest one's kind; of equally
        long ones, that of the smallest (start, end, kind).

    Returns
    -------
    str
        Numbers count from 1 for each kind, in the order of the text.

    Examples
    --------
    >>> redact("Bo met Al, Bo left", [(11, 13, "PERSON"), (0, 2, "PERSON"), (7, 9, "PERSON")])
    '<PERSON_1> met <PERSON_2>, <PERSON_1> left'
    """
    known = {}

    def number(kind, value):
        values = known.setdefault(kind, {})
        return values.setdefault(value, len(values) + 1)

    return _written(text, _groups(spans), number)


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _always_new():
    count = {}

    def number(kind, value):
        count[kind] = count.get(kind, 0) + 1
        return count[kind]

    return number


def _numbers_run_on(text, spans):
    known = {}
    return _written(text, _groups(spans), lambda kind, value: known.setdefault((kind, value), len(known) + 1))


def _kinds_share(text, spans):
    known = {}
    return _written(text, _groups(spans), lambda kind, value: known.setdefault(value, len(known) + 1))


def _not_shifted(text, spans):
    known = {}
    for start, end, kind in _groups(spans):
        values = known.setdefault(kind, {})
        text = text[:start] + f"<{kind}_{values.setdefault(text[start:end], len(values) + 1)}>" + text[end:]
    return text


def _from_the_right(text, spans):
    known, number = {}, {}
    for start, end, kind in reversed(_groups(spans)):
        values = known.setdefault(kind, {})
        number[start] = values.setdefault(text[start:end], len(values) + 1)
    starts = iter(sorted(number))
    return _written(text, _groups(spans), lambda kind, value: number[next(starts)])


def _every_place(text, spans):
    known = {}
    for start, end, kind in _groups(spans):
        values = known.setdefault(kind, {})
        values.setdefault(text[start:end], len(values) + 1)
    for kind, values in known.items():
        for value, n in values.items():
            text = text.replace(value, f"<{kind}_{n}>")
    return text


def _first_wins(text, spans):
    kept = []
    for span in sorted(spans):
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return redact(text, kept)


def _kind_of_the_first(text, spans):
    firsts = {start: min(one for one in spans if one[0] >= start)[2] for start, _, _ in _groups(spans)}
    groups = [(start, end, firsts[start]) for start, end, _ in _groups(spans)]
    known = {}

    def number(kind, value):
        values = known.setdefault(kind, {})
        return values.setdefault(value, len(values) + 1)

    return _written(text, groups, number)


EXERCISES = (
    Exercise(
        name="redact",
        chapter="21_security",
        task="Replace what was found in a text. text is a str; spans is a list of tuples (start, end, "
        "kind) in any order, end not included. Spans that share a character are joined into one: from the "
        "first start to the last end, with the kind of the longest (of equals, of the smallest tuple). "
        "Replace each by <KIND_n>: n counts the different values of a kind from 1, in the order of the "
        "text, and an equal value (same characters, same kind) gets the same n. Return the str.",
        reference="embedlab.study.exercises.security_redact:redact",
        cases=_found,
        hints=(
            "Join first: sort the spans, and compare each start with the end of what is open.",
            "Then build a new text from left to right: what lies between, a replacement, and so on.",
            "A dict of dicts: values = known.setdefault(kind, {}); values.setdefault(value, len(values) + "
            "1).",
        ),
        mistakes=(
            Mistake(
                "places not shifted",
                "After the first replacement the text is longer, and all later places are off: build a new "
                "text, or replace from the right.",
                _not_shifted,
            ),
            Mistake(
                "a new number each time",
                "The same person twice is <PERSON_1> twice: else nobody can tell who answers whom.",
                lambda text, spans: _written(text, _groups(spans), _always_new()),
            ),
            Mistake(
                "one count for all kinds",
                "Each kind counts from 1 by itself.",
                _numbers_run_on,
            ),
            Mistake(
                "kinds share their values",
                "May, the person, and May, the date, are two values: a number belongs to a kind.",
                _kinds_share,
            ),
            Mistake(
                "numbered from the right",
                "Replacing from the right keeps the places, but numbers go by the order of the text.",
                _from_the_right,
            ),
            Mistake(
                "every occurrence",
                "str.replace also hits what was not found, and parts of words: 'Al' in 'Also'. Use the "
                "places.",
                _every_place,
            ),
            Mistake(
                "the first span wins",
                "Of two that overlap the second is dropped, and its rest stays in the text: half a name "
                "leaks.",
                _first_wins,
            ),
            Mistake(
                "kind of the first",
                "What was joined takes the kind of the longest span, not of the one that starts first.",
                _kind_of_the_first,
            ),
        ),
        follow_up="<PERSON_1> is another person in the next text. What do you need so that a search finds "
        "all tickets of one person, and what can a thief of these tickets then count?",
    ),
)
