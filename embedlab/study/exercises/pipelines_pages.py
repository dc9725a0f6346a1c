"""Exercises of chapter 18: the pages of a back-fill."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _tables(rng: np.random.Generator) -> list[tuple]:
    """List (ids, after, size): empty, full and part pages, gaps, no order, the end; then drawn ones."""
    cases = [([], 0, 2), ([], 7, 2), ([1], 0, 1), ([1], 0, 2), ([1], 1, 2), ([5], 0, 2), ([5], 4, 2)]
    cases += [([1, 2], 0, 2), ([2, 1], 0, 1), ([1, 2, 3], 1, 1), ([1, 2, 3], 1, 2), ([3, 2, 1], 1, 3)]
    cases += [([10, 30, 20], 0, 2), ([10, 30, 20], 20, 2), ([10, 30, 20], 30, 2), ([10, 30, 20], 25, 1)]
    cases += [([4, 9, 6, 2], 4, 2), ([4, 9, 6, 2], 5, 2), ([8, 9], 5, 3)]
    for n in (4, 5, 6, 8, 10):
        ids = (1 + rng.choice(3 * n, n, replace=False)).tolist()
        cases.append((ids, int(rng.integers(0, 2 * n)), int(rng.integers(2, 5))))
    return cases


def page_after(ids, after, size):
    """Return the next page of a back-fill, by key: the smallest ids behind a bookmark.

    `embedlab.pipelines.put_page` does the same in one statement.

    Parameters
    ----------
    ids : list of int
        All that are in the table now, in no order.
    after : int
        The bookmark: the last id of the page before; 0 at first.
    size : int
        Ids to a page, 1 or more.

    Returns
    -------
    page : list of int
    after : int
        The bookmark of the next page.
    finished : bool
        Whether the page is not full, so that there is none behind it.

    Examples
    --------
    >>> page_after([30, 10, 20, 40], after=10, size=2)
    ([20, 30], 30, False)
    >>> page_after([30, 10, 20, 40], after=30, size=2)
    ([40], 40, True)
    """
    page = sorted(id for id in ids if id > after)[:size]
    return page, max(page, default=after), len(page) < size


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _offset(ids, after, size):
    page = sorted(ids)[after : after + size]
    return page, after + len(page), len(page) < size


def _unordered(ids, after, size):
    page = [id for id in ids if id > after][:size]
    return page, max(page, default=after), len(page) < size


def _repeated(ids, after, size):
    return page_after(ids, after - 1, size) if after in ids else page_after(ids, after, size)


def _by_size(ids, after, size):
    page, _, finished = page_after(ids, after, size)
    return page, after + size, finished


def _from_the_start(ids, after, size):
    page, _, finished = page_after(ids, after, size)
    return page, max(page, default=0), finished


def _when_empty(ids, after, size):
    page, after, _ = page_after(ids, after, size)
    return page, after, not page


def _looked_ahead(ids, after, size):
    page, new, _ = page_after(ids, after, size)
    return page, new, not any(id > new for id in ids)


def _ids_between(ids, after, size):
    page = sorted(id for id in ids if after < id <= after + size)
    return page, after + size, len(page) < size


EXERCISES = (
    Exercise(
        name="page_after",
        chapter="18_pipelines",
        task="Which documents come next in a back-fill? ids is a list of distinct ints, 1 or more, the keys "
        "in the table now, in no order and with gaps; after is the bookmark, an int; size an int, 1 or "
        "more. Return a tuple: the page, a list of the smallest ids above after, ascending, at most size; "
        "the new bookmark, the last id of the page, or after if it is empty; and a bool, finished: whether "
        "the page has fewer than size ids.",
        reference="embedlab.study.exercises.pipelines_pages:page_after",
        cases=_tables,
        hints=(
            "SQL says it as WHERE id > after ORDER BY id LIMIT size. In which order does it do the three?",
            "The bookmark is an id, not a number of rows: compare with it, do not slice by it.",
            "max(page, default=after) is right for an empty page, too.",
        ),
        mistakes=(
            Mistake(
                "an offset",
                "A number of rows is no place: while the back-fill runs rows are deleted, and those behind "
                "move up and are never read. Compare ids with the bookmark.",
                _offset,
            ),
            Mistake(
                "not sorted",
                "A table has no order. If the page is not the smallest ids, the bookmark jumps over others.",
                _unordered,
            ),
            Mistake(
                "the last one again",
                "The bookmark is the last id that was read: the page begins above it.",
                _repeated,
            ),
            Mistake(
                "the bookmark moved by the size",
                "Ids have gaps: the bookmark is the last id of the page, and not after + size.",
                _by_size,
            ),
            Mistake(
                "a range of ids",
                "Between after and after + size there may be no id at all, and many behind: a page is a "
                "number of rows, not of ids.",
                _ids_between,
            ),
            Mistake(
                "from the start again",
                "An empty page leaves the bookmark where it is. At 0, the next run would do all again.",
                _from_the_start,
            ),
            Mistake(
                "finished on an empty page only",
                "A page that is not full is the last one: there is nothing behind it.",
                _when_empty,
            ),
            Mistake(
                "looked behind the page",
                "LIMIT reads no further: of a full page nobody knows whether it is the last. The next one, "
                "empty, will tell.",
                _looked_ahead,
            ),
        ),
        follow_up="While it runs, a document is inserted with an id below the bookmark, and another is "
        "edited above it. Who embeds each, and how often? What does page 10,000 cost with OFFSET?",
    ),
)
