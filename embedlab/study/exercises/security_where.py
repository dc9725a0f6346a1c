"""Exercises of chapter 21: a client's filter that can widen nothing."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake

COLUMNS = ("package", "year")


def _filters(rng: np.random.Generator) -> list[tuple]:
    """List (wanted, columns): none, one, both orders, lists; what must be refused; then drawn ones."""
    wanted = [
        {},
        {"package": "numpy"},
        {"year": 2024},
        {"package": "numpy", "year": 2024},
        {"year": 2024, "package": "numpy"},
        {"package": ["numpy", "scipy"]},
        {"year": []},
        {"year": [2023], "package": "x' OR true --"},
        {"package": "%s"},
        {"package": ""},
        {"year": 0},
        {"tenant": "other"},
        {"package": "numpy", "tenant": "other"},
        {"Package": "numpy"},
        {"package = package OR package": "x"},
        {'package" = "package" --': "x"},
        {"year": {"$gt": 0}},
        {"year": True},
        {"package": None},
        {"year": 2024.0},
        {"package": [["numpy"]]},
        {"package": ["numpy", None]},
        {"year": [2024, True]},
        {"package": [{"$ne": ""}]},
    ]
    cases = [(one, COLUMNS) for one in wanted]
    cases += [({"tenant": "a"}, ("tenant",)), ({"package": "a"}, ()), ({}, ())]
    for _ in range(4):
        years = rng.integers(2000, 2030, 3).tolist()
        cases.append(({"package": str(rng.choice(["numpy", "scipy"])), "year": years}, COLUMNS))
    return cases


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _made(wanted, columns, *, allowed=True, types=(str, int), inner=True, strict=True, join=" AND "):
    """Make the condition in all steps, some of them left out."""
    conditions, parameters = [], []
    for name, value in wanted.items():
        if allowed and name not in columns:
            raise ValueError(name)
        values = value if isinstance(value, list) and inner else [value]
        if isinstance(value, list) and not inner:
            values = []
        right = (type(one) in types if strict else isinstance(one, types) for one in values)
        if types and not all(right):
            raise ValueError(value)
        conditions.append(f'"{name}" = ' + ("ANY(%s)" if isinstance(value, list) else "%s"))
        parameters.append(value)
    return join.join(conditions) or "true", parameters


def _pasted(wanted, columns):
    _made(wanted, columns)
    return " AND ".join(f"\"{name}\" = '{value}'" for name, value in wanted.items()) or "true", []


def _any_column(wanted, columns):
    return _made(wanted, columns, allowed=False)


def _dropped(wanted, columns):
    return _made({name: value for name, value in wanted.items() if name in columns}, columns)


def _any_value(wanted, columns):
    return _made(wanted, columns, types=())


def _bools(wanted, columns):
    return _made(wanted, columns, strict=False)


def _lists_unchecked(wanted, columns):
    return _made(wanted, columns, inner=False)


def _or(wanted, columns):
    return _made(wanted, columns, join=" OR ")


def _list_equals(wanted, columns):
    condition, parameters = _made(wanted, columns)
    return condition.replace("ANY(%s)", "%s"), parameters


def _nothing_is_false(wanted, columns):
    condition, parameters = _made(wanted, columns)
    return (condition, parameters) if wanted else ("", [])


EXERCISES = (
    Exercise(
        name="where_clause",
        chapter="21_security",
        task="A client sends a filter. wanted is a dict of names of columns to a str, an int, or a list of "
        "these; columns is a tuple of the names that may be filtered by. Return a tuple (condition, "
        "parameters): a str and a list. In the order of wanted, joined by ' AND ', write '\"name\" = %s' for "
        "a single value and '\"name\" = ANY(%s)' for a list, and append the value to the parameters as it "
        "is; an empty filter is 'true'. Raise ValueError for a name that is not in columns, and for any "
        "other value, in a list too (None, float, bool, dict).",
        reference="embedlab.security.client_filters:where_clause",
        cases=_filters,
        hints=(
            "Two things come from outside: names and values. Names are looked up in a list, values become "
            "parameters.",
            "Make every value a list of values first; then one check serves both cases.",
            "type(one) in (str, int) refuses True, which isinstance(True, int) lets pass.",
        ),
        mistakes=(
            Mistake(
                "values in the text",
                "A quote in the value ends the literal, and what follows is SQL. Values are parameters.",
                _pasted,
            ),
            Mistake(
                "any column",
                "A name is text of the client's in your statement; and 'tenant' is a name, too. Look it up.",
                _any_column,
            ),
            Mistake(
                "unknown names dropped",
                "A filter that is left out widens the result, and nobody notices. Refuse it.",
                _dropped,
            ),
            Mistake(
                "any value",
                "A dict is an operator to many a database, and None is never equal. Only str and int.",
                _any_value,
            ),
            Mistake("bools pass", "isinstance(True, int) holds. Compare the type itself.", _bools),
            Mistake(
                "lists unchecked",
                "What a list holds comes from the client as well: check each of its values.",
                _lists_unchecked,
            ),
            Mistake("joined by OR", "Each part of a filter narrows: AND.", _or),
            Mistake(
                "a list is equal to nothing",
                "A column is compared with one value by =; with any of a list by = ANY(%s).",
                _list_equals,
            ),
            Mistake(
                "nothing wanted",
                "An empty condition is no SQL after WHERE: write true.",
                _nothing_is_false,
            ),
        ),
        follow_up="The application now adds AND tenant = %s itself. Which attacks are left, and what does "
        "the "
        "database have to do about them?",
    ),
)
