"""Exercises of chapter 19: a name that can do no harm."""

import re

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _names(rng: np.random.Generator) -> list[tuple]:
    """List (name,): plain ones, quotes, hostile ones, the limit in bytes from both sides; then drawn ones."""
    names = ["docs", "Docs", "a", "select", 'a"b', '"', '""', "o'neill", "two words", "a\\b", "tab\tle"]
    names += ['docs"; DROP TABLE docs; --', "docs; DROP TABLE docs", "naïve", " ", "", "\t\n", "\0", "a\0b"]
    names += ["x" * 63, "x" * 64, "é" * 31, "é" * 32, "文" * 21, "文" * 22, "é" * 63, '"' * 63, '"' * 64]
    for n in (3, 5, 8, 12):
        names.append("".join(rng.choice(list("ab_\"' ;\\"), n)) + "z")
    return [(name,) for name in names]


def quote_name(name):
    """Quote the name of a table or column, so that it stands in SQL as nothing but a name.

    PostgreSQL 18, section 4.1.1. `embedlab.vector_databases.name_of` does it by psycopg's Identifier.

    Parameters
    ----------
    name : str

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If it is blank, holds a zero byte, or has more than 63 bytes in UTF-8.

    Examples
    --------
    >>> print(quote_name('docs"; DROP TABLE docs; --'))
    "docs""; DROP TABLE docs; --"
    """
    if not name.strip() or "\0" in name or len(name.encode()) > 63:
        raise ValueError(f"a name must have 1 to 63 bytes and no zero byte, but is {name!r}")
    return '"' + name.replace('"', '""') + '"'


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _refused(name, length=lambda name: len(name.encode())):
    """Raise what has to be raised, the length being measured in another way."""
    if not name.strip() or "\0" in name or length(name) > 63:
        raise ValueError(name)


def _quoted(quote):
    """Refuse what has to be refused, and quote the rest in another way."""

    def written(name):
        _refused(name)
        return quote(name)

    return written


def _characters(name):
    _refused(name, len)
    return '"' + name.replace('"', '""') + '"'


def _cut(name):
    _refused(name, lambda name: 0)
    return quote_name(name.encode()[:63].decode(errors="ignore"))


def _length_only(name):
    if len(name.encode()) > 63:
        raise ValueError(name)
    return '"' + name.replace('"', '""') + '"'


EXERCISES = (
    Exercise(
        name="quote_name",
        chapter="19_vector_databases",
        task="A table is named by a tenant. name is a str. Return it as a quoted SQL identifier (str): "
        "between double quotes, every double quote in it doubled, all other characters as they are. Raise "
        "ValueError if PostgreSQL could not keep the name: if it is empty or only white space, holds a zero "
        "byte ('\\0'), or has more than 63 bytes in UTF-8, quotes not counted twice. Quote always, also a "
        "name that seems to need no quotes.",
        reference="embedlab.study.exercises.vector_databases:quote_name",
        cases=_names,
        hints=(
            "What in a name could end the quotes? Nothing else needs care.",
            "Refuse first, by the name as it is given; then replace, then put it between quotes.",
            "len(name.encode()) counts bytes; str.strip() leaves nothing of white space.",
        ),
        mistakes=(
            Mistake(
                "quotes not doubled",
                "A double quote in the name ends it, and what follows is read as SQL: double it.",
                _quoted(lambda name: f'"{name}"'),
            ),
            Mistake(
                "escaped by a backslash",
                "In an SQL identifier a backslash is a character like any other: the quote after it still "
                "ends the name. Double the quote.",
                _quoted(lambda name: '"' + name.replace('"', '\\"') + '"'),
            ),
            Mistake(
                "single quotes",
                "Single quotes make a value, not a name: SELECT 'docs' is a text.",
                _quoted(lambda name: "'" + name.replace("'", "''") + "'"),
            ),
            Mistake(
                "dangerous characters removed",
                "Two tenants 'a-b' and 'ab' would share a table. Inside quotes no character is dangerous but "
                "the double quote: keep them all.",
                _quoted(lambda name: '"' + re.sub(r"\W", "", name) + '"'),
            ),
            Mistake(
                "quoted only where it seems to be needed",
                "Without quotes, Docs becomes docs, and select is a keyword: quote always.",
                _quoted(lambda name: name if name.isidentifier() else quote_name(name)),
            ),
            Mistake(
                "characters counted",
                "63 is a number of bytes, and 'é' has two of them in UTF-8: count name.encode().",
                _characters,
            ),
            Mistake(
                "cut instead of refused",
                "PostgreSQL would cut it, too, with a mere notice, and two long names become one table. "
                "Raise ValueError.",
                _cut,
            ),
            Mistake(
                "only the length checked",
                "A blank name, or one with a zero byte, is to be refused as well.",
                _length_only,
            ),
        ),
        follow_up="The id of the tenant goes into WHERE, too. Why is that a parameter and no quoted text? "
        "Why can the name of a table not be a parameter? What would you choose instead of a table a tenant?",
    ),
)
