"""The lists of an inverted file: rows that stand together, and move as seldom as they can."""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Ints
from embedlab.machine import aligned

WAITING = 1 / 4  # of the rows: as many may wait before the lists are made anew without a search


class Lists:
    """Rows in the order of their lists, so that a list is read from front to back, as memory likes it.

    Rows of list j stand from ``starts[j]`` to ``starts[j + 1]``, in the order in which they came. What is
    appended waits until it is asked for: a few rows at a time would move all of them each time.

    Parameters
    ----------
    nlist : int
    empty : array (0, width)
        Says how rows look; float32 rows are aligned for `dot`, uint64 lie column by column (`rabitq_scan`).
    """

    def __init__(self, nlist: int, empty: NDArray):
        self._width = empty.shape[1]
        self._starts, self._ids = np.zeros(nlist + 1, np.int64), np.zeros(0, np.int32)
        self._rows = self._room(0, empty.dtype)
        self._waiting: list[tuple[Ints, NDArray]] = []
        self.given = 0  # ids given so far, to rows that are gone as well

    def __len__(self) -> int:
        return len(self.merged[2])

    def append(self, numbers: Ints, rows: NDArray) -> None:
        """Put each row (n, width) at the end of the list of its number (n,)."""
        self._waiting.append((numbers, rows))
        self.given += len(rows)
        if sum(len(waiting) for _, waiting in self._waiting) > WAITING * len(self._ids):
            self._merge()

    def remove(self, ids: Ints) -> None:
        """Take rows out of their lists; other ids stay as they are.

        Raises
        ------
        ValueError
            If an id has never been given.
        """
        wrong = ids[(ids < 0) | (ids >= self.given)]
        if len(wrong):
            raise ValueError(f"there is no vector {wrong[0]}: the index holds 0 to {self.given - 1}")
        starts, rows, held = self.merged
        stays = ~np.isin(held, ids)
        before = np.concatenate([[0], np.cumsum(stays)])  # how many stay of the rows up to each
        self._starts, self._ids = before[starts], held[stays]
        self._rows = self._room(len(self._ids), rows.dtype)
        self._rows[:] = rows[stays]

    @property
    def merged(self) -> tuple[Ints, NDArray, NDArray[np.int32]]:
        """All of it: starts (nlist + 1,), rows (n, width), ids (n,)."""
        self._merge()
        return self._starts, self._rows, self._ids

    @property
    def sizes(self) -> Ints:
        """Rows in each list."""
        return np.diff(self.merged[0])

    @property
    def bytes_used(self) -> int:
        """Memory for rows, ids and starts."""
        return sum(part.nbytes for part in self.merged)

    def places(self, ids: Ints) -> Ints:
        """Say at which rows these ids stand; ValueError if one is gone, or has never been given."""
        ids, found = np.asarray(ids, np.int64), np.full(self.given, -1)
        found[self.merged[2]] = np.arange(len(self))
        wrong = ids[(ids < 0) | (ids >= self.given) | (found[np.clip(ids, 0, self.given - 1)] < 0)]
        if len(wrong):
            raise ValueError(f"there is no vector {wrong[0]}")
        return found[ids]

    def _room(self, n: int, dtype) -> NDArray:
        if dtype == np.float32:
            return aligned(n, self._width, dtype)
        return np.zeros((n, self._width), dtype, order="F" if dtype == np.uint64 else "C")

    def _merge(self) -> None:
        if not self._waiting:
            return
        numbers = np.concatenate([numbers for numbers, _ in self._waiting])
        before, added = np.diff(self._starts), np.bincount(numbers, minlength=len(self._starts) - 1)
        starts = np.concatenate([[0], np.cumsum(before + added)])
        old = np.arange(len(self._ids)) + np.repeat(starts[:-1] - self._starts[:-1], before)
        order, new = np.argsort(numbers, kind="stable"), np.empty(len(numbers), np.int64)
        nth = np.arange(len(numbers)) - np.repeat(np.cumsum(added) - added, added)  # within its list
        new[order] = (starts[:-1] + before)[numbers[order]] + nth
        count = len(old) + len(new)
        rows, ids = self._room(count, self._rows.dtype), np.empty(count, np.int32)
        rows[old], ids[old] = self._rows, self._ids
        ids[new] = np.arange(self.given - len(new), self.given)
        at = 0
        for _, waiting in self._waiting:
            rows[new[at : at + len(waiting)], : self._width] = waiting
            at += len(waiting)
        self._starts, self._rows, self._ids, self._waiting = starts, rows, ids, []

    def state(self) -> dict[str, NDArray]:
        """Return what is saved."""
        _, rows, ids = self.merged
        return {"rows": np.ascontiguousarray(rows[:, : self._width]), "ids": ids, "sizes": self.sizes}

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray], given: int) -> "Lists":
        """Make the lists from their `state`; ValueError where they hold an id twice, or one not given."""
        rows, ids, sizes = arrays["rows"], arrays["ids"], arrays["sizes"]
        known = ((ids >= 0) & (ids < given)).all() and len(np.unique(ids)) == len(ids)
        if not known or not len(rows) == len(ids) == sizes.sum() or (sizes < 0).any():
            raise ValueError("the lists do not hold each vector once")
        lists = cls(len(sizes), rows[:0])
        lists._starts, lists._ids = np.concatenate([[0], np.cumsum(sizes)]), ids.astype(np.int32)
        lists._rows, lists.given = lists._room(len(rows), rows.dtype), given
        lists._rows[:, : rows.shape[1]] = rows
        return lists
