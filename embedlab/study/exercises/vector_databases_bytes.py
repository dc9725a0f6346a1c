"""Exercises of chapter 19: what a table of vectors takes on disk."""

import math

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _tables(rng: np.random.Generator) -> list[tuple]:
    """List (n, dims, width): none, one, around a full page, sizes of real models; then drawn ones."""
    cases = [(0, 384, 4), (1, 384, 4), (5, 384, 4), (6, 384, 4), (10, 384, 2), (11, 384, 2)]
    cases += [(2, 1000, 4), (2, 1024, 4), (2, 1024, 2), (3, 768, 4), (7, 1536, 4), (9, 1536, 2)]
    cases += [(100, 3, 4), (1000, 1, 4), (1000, 1, 2), (500, 5, 2), (500, 17, 4), (400, 33, 2), (400, 61, 4)]
    # In some of these one row more would fit without the pointer, the page's own bytes, or rounding.
    cases += [
        (300, 81, 4),
        (300, 121, 2),
        (300, 78, 4),
        (99, 159, 4),
        (90, 215, 4),
        (60, 330, 4),
        (60, 329, 4),
    ]
    cases += [
        (60, 397, 4),
        (60, 498, 4),
        (60, 499, 4),
        (60, 669, 4),
        (60, 672, 4),
        (60, 1010, 4),
        (60, 1012, 4),
    ]
    cases += [
        (90, 432, 2),
        (90, 657, 2),
        (90, 793, 2),
        (90, 998, 2),
        (90, 1337, 2),
        (60, 384, 4),
        (90, 385, 2),
    ]
    for _ in range(8):
        cases.append((int(rng.integers(1, 5000)), int(rng.integers(2, 1900)), int(rng.choice([2, 4]))))
    return cases


def table_bytes(n, dims, width):
    """Return what a table of an id and a vector takes on disk, without indexes.

    PostgreSQL 18, "Database Page Layout". The vector is stored in the row itself, as the
    course's tables do by STORAGE PLAIN.

    Parameters
    ----------
    n : int
        Rows.
    dims : int
        Numbers in a vector, so few that a row fits into a page.
    width : {4, 2}
        Bytes of a number: 4 in a vector, 2 in a halfvec.

    Returns
    -------
    int

    Examples
    --------
    >>> table_bytes(100_000, 384, 4), table_bytes(100_000, 384, 2)
    (163840000, 81920000)
    """
    row = math.ceil((24 + 8 + 8 + dims * width) / 8) * 8
    rows_per_page = (8192 - 24) // (row + 4)
    return math.ceil(n / rows_per_page) * 8192


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _with(head=24, pointer=4, page=8168, step=8, pages=lambda n, fit: math.ceil(n / fit), size=8192):
    """Count with other numbers."""

    def count(n, dims, width):
        row = math.ceil((head + 16 + dims * width) / step) * step
        return pages(n, page // (row + pointer)) * size

    return count


def _split(n, dims, width):
    row = math.ceil((40 + dims * width) / 8) * 8
    return math.ceil(n * (row + 4) / 8168) * 8192


EXERCISES = (
    Exercise(
        name="table_bytes",
        chapter="19_vector_databases",
        task="How many bytes does PostgreSQL need for n rows of an id and a vector of dims numbers, width "
        "bytes each (2 in a halfvec)? A row has 24 bytes of its own, 8 of the id, 8 of the vector's head, "
        "and its numbers; the sum is rounded up to a multiple of 8. A page has 8192 bytes: 24 of its own, "
        "then for each row 4 of a pointer and the row. A row lies whole on one page. All are int; return an "
        "int.",
        reference="embedlab.study.exercises.vector_databases_bytes:table_bytes",
        cases=_tables,
        hints=(
            "Count the bytes of one row, then how many rows fit into a page, then the pages.",
            "8168 // (row + 4) rows fit. What is left of the page stays empty.",
            "Round up by -(-x // 8) * 8 or math.ceil; the last page is a whole one, too.",
        ),
        mistakes=(
            Mistake(
                "numbers only",
                "That is the size of a NumPy array. A row has heads and a pointer, and a page is never full.",
                lambda n, dims, width: n * dims * width,
            ),
            Mistake(
                "rows split over pages",
                "A row lies whole on one page: how many fit is rounded down, and what is left stays empty.",
                _split,
            ),
            Mistake(
                "head of the row forgotten",
                "Each row has 24 bytes of its own: which transactions made and deleted it stands there.",
                _with(head=0),
            ),
            Mistake(
                "pointer forgotten",
                "For each row the page holds a pointer of 4 bytes, too: divide by row + 4.",
                _with(pointer=0),
            ),
            Mistake(
                "head of the page forgotten",
                "24 of the 8192 bytes are the page's own: 8168 are left for rows.",
                _with(page=8192),
            ),
            Mistake(
                "not rounded up to 8",
                "A row begins at a multiple of 8: round its size up before you divide.",
                _with(step=1),
            ),
            Mistake(
                "last page forgotten",
                "A page that is not full takes 8192 bytes as well: round the number of pages up.",
                _with(pages=lambda n, fit: n // fit),
            ),
            Mistake("pages returned", "Bytes are asked for: 8192 for each page.", _with(size=1)),
        ),
        follow_up="A model gives 1,000 numbers, its successor 1,024. What happens to the table, and which "
        "ways out are there? How much more will the graph take?",
    ),
)
