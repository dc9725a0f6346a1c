"""Documents in folders that are shared with groups, and a user in many groups: who sees what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
USER = 0  # the one who asks


@dataclass(frozen=True)
class Folders:
    """Who may read what.

    Attributes
    ----------
    folder : int array (n,)
        The folder of each document; it decides who reads it.
    entries : list of sorted int arrays
        Of each folder, the groups that may read it: its access control list (ACL).
    mine : sorted int array
        The groups of the user.
    """

    folder: NDArray[np.int64]
    entries: list[NDArray[np.int64]]
    mine: NDArray[np.int64]

    @property
    def open_folders(self) -> NDArray[np.int64]:
        """The folders that the user may read."""
        return np.array([i for i, groups in enumerate(self.entries) if may_read(groups, self.mine)], np.int64)

    @property
    def visible(self) -> Bools:
        """Of each document, whether the user may read it: (n,)."""
        return np.isin(self.folder, self.open_folders)


def may_read(groups: NDArray[np.int64], mine: NDArray[np.int64]) -> bool:
    """Tell whether one of the user's groups is in the list.

    Examples
    --------
    >>> may_read(np.array([3, 5]), np.array([1, 5])), may_read(np.array([3, 5]), np.array([], int))
    (True, False)
    """
    return len(np.intersect1d(groups, mine)) > 0


def draw_folders(
    n: int,
    share: float,
    *,
    folders: int = 300,
    entries: int = 20,
    mine: int = 100,
    groups: int = 20_000,
    seed: int = 0,
) -> Folders:
    """Draw folders of about equal size, so that a user sees a share of them, however many groups it is in.

    Parameters
    ----------
    n : int
        Documents.
    share : float
        Of the folders that the user may read. One of their entries is a group of the user's, all others are
        not: so the number of groups changes the work, and not what is seen.
    folders, entries, mine, groups : int
        Folders; entries of each ACL; groups of the user; groups in all.

    Raises
    ------
    ValueError
        If share is not in [0, 1], or the user is in more groups than leave others for the entries.

    Examples
    --------
    >>> drawn = draw_folders(1000, 0.1)
    >>> len(drawn.open_folders), len(drawn.mine), bool(0.05 < drawn.visible.mean() < 0.15)
    (30, 100, True)
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1, but is {share}")
    if not 0 < mine <= groups - entries:
        raise ValueError(f"of {groups} groups the user can be in 1 to {groups - entries}, but not in {mine}")
    rng = np.random.default_rng(seed)
    dealt = rng.permutation(groups)
    own, others = np.sort(dealt[:mine]), dealt[mine:]
    open_ones = set(rng.choice(folders, round(share * folders), replace=False).tolist())
    lists = []
    for number in range(folders):
        drawn = rng.choice(others, entries, replace=False)
        if number in open_ones:
            drawn[0] = rng.choice(own)
        lists.append(np.sort(drawn))
    return Folders(rng.integers(folders, size=n), lists, own)


def signature(groups: NDArray[np.int64], bits: int = 256) -> str:
    """Hash groups into bits, as the text of a PostgreSQL ``bit``: no common bit, no common group.

    Superimposed coding, the idea of the Bloom filter: a common bit may be chance, so it has to be checked.

    Examples
    --------
    >>> signature(np.array([0]), 8).count("1"), signature(np.array([], int), 8)
    (1, '00000000')
    """
    places = (np.asarray(groups, np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
    line = np.zeros(bits, np.int64)
    line[(places % np.uint64(bits)).astype(int)] = 1
    return "".join(map(str, line))
