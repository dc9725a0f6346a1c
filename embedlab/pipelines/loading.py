"""Documents into the database, as they are before the pipeline comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg import Connection


def load(connection: Connection, texts: Sequence[str], *, first: int = 1) -> None:
    """Copy texts into `documents`, with ids from ``first``; before `capture`, so that they leave no jobs.

    Raises
    ------
    ValueError
        If a text holds the character NUL, which PostgreSQL cannot store.

    Examples
    --------
    >>> load(None, ["a", "b\\0"])
    Traceback (most recent call last):
    ValueError: text 1 holds the character NUL, which PostgreSQL cannot store
    """
    for i, text in enumerate(texts):
        if "\0" in text:
            raise ValueError(f"text {i} holds the character NUL, which PostgreSQL cannot store")
    with connection.cursor().copy("COPY documents (id, text, version) FROM STDIN") as copy:
        for i, text in enumerate(texts, start=first):
            copy.write_row((i, text, 0))
    connection.execute("ANALYZE documents")
