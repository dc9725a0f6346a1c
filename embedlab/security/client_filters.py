"""A filter that the client sends, made a condition in SQL: known columns, plain values, no text of theirs."""

from __future__ import annotations

from collections.abc import Collection, Mapping


def where_clause(wanted: Mapping[str, object], columns: Collection[str]) -> tuple[str, list]:
    """Make a client's filter a condition and its parameters.

    Only the names of columns get into the text, and only such as are allowed. The tenant is not among them:
    it is no wish of the client's. (`psycopg.sql` quotes names; which are allowed it cannot know.)

    Parameters
    ----------
    wanted : mapping
        Names of columns to a str or int, or a list of them: any of these will do.
    columns : collection of str
        What may be filtered by; such as consist of letters, digits and ``_``.

    Returns
    -------
    condition : str
        In the order of the filter, joined by AND, each value a ``%s``; "true" where nothing is wanted.
    parameters : list
        One for each ``%s``.

    Raises
    ------
    ValueError
        If a column is not allowed, or a value is anything else: a dict would be an operator, and a bool is
        no int here.

    Examples
    --------
    >>> where_clause({"package": "numpy", "year": [2023, 2024]}, ("package", "year"))
    ('"package" = %s AND "year" = ANY(%s)', ['numpy', [2023, 2024]])
    >>> where_clause({"tenant": "other"}, ("package", "year"))
    Traceback (most recent call last):
    ValueError: nothing can be filtered by 'tenant': only by package, year
    """
    conditions, parameters = [], []
    for name, value in wanted.items():
        if name not in columns:
            raise ValueError(f"nothing can be filtered by {name!r}: only by {', '.join(columns)}")
        values = value if isinstance(value, list) else [value]
        if not all(type(one) in (str, int) for one in values):
            raise ValueError(f"{name} must be a str, an int or a list of these, but is {value!r}")
        conditions.append(f'"{name}" = ' + ("ANY(%s)" if isinstance(value, list) else "%s"))
        parameters.append(value)
    return " AND ".join(conditions) or "true", parameters
