"""Two engines on one page: who wins a query. Team draft, and the older balanced way with its bias."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from embedlab.drift.clicks import Bools
from embedlab.index import Ints


def team_draft(a: Sequence[int], b: Sequence[int], flips: Sequence[bool]) -> tuple[list[int], list[str]]:
    """Interleave two rankings as two captains choose teams: (documents, the team of each, "a" or "b").

    In each round a coin says who chooses first; both take their best document that is not yet taken. Who is
    left without one is passed over. Radlinski, Kurup and Joachims 2008 (CIKM), algorithm 2. The page is
    as long as the rankings.

    Parameters
    ----------
    a, b : sequences of k int
        Documents, best first, each at most once.
    flips : sequence of bool
        For each round: does a choose first? At least k / 2, rounded up.

    Examples
    --------
    >>> team_draft([1, 2, 3, 4], [2, 5, 1, 6], [True, False])
    ([1, 2, 5, 3], ['a', 'b', 'b', 'a'])
    """
    page, teams, coin = [], [], iter(flips)
    while len(page) < len(a):
        order = (("a", a), ("b", b)) if next(coin) else (("b", b), ("a", a))
        for team, ranking in order:
            best = next((document for document in ranking if document not in page), None)
            if best is not None and len(page) < len(a):
                page.append(best)
                teams.append(team)
    return page, teams


def draft_pages(a: Ints, b: Ints, rng: np.random.Generator) -> tuple[Ints, Bools]:
    """Do the same for n pages at once: (documents, is it a's?), each (n, k).

    Parameters
    ----------
    a, b : int arrays (n, k), k even
        Each row without repeats.

    Raises
    ------
    ValueError
        If the shapes differ or k is odd.

    Examples
    --------
    >>> pages, ours = draft_pages(np.array([[1, 2]]), np.array([[2, 3]]), np.random.default_rng(0))
    >>> pages.tolist(), ours.tolist()
    ([[1, 2]], [[True, False]])
    """
    if a.shape != b.shape or a.shape[1] % 2:
        raise ValueError(f"need two rankings of one even length, but got {a.shape} and {b.shape}")
    n, k = a.shape
    rows, free = np.arange(n), [np.ones((n, k), bool), np.ones((n, k), bool)]
    coins = rng.integers(0, 2, (k // 2, n))  # of each round: 1, if a chooses first
    both = np.stack([b, a])  # 1 is a
    pages, ours = np.empty((n, k), a.dtype), np.empty((n, k), bool)
    for place in range(k):
        turn = coins[place // 2] ^ (place % 2)
        at = np.where(turn == 1, free[1].argmax(axis=1), free[0].argmax(axis=1))
        taken = both[turn, rows, at]
        pages[:, place], ours[:, place] = taken, turn == 1
        for team in (0, 1):
            free[team] &= both[team] != taken[:, None]
    return pages, ours


def credit(clicks: Bools, ours: Bools) -> NDArray[np.int64]:
    """Say who wins each page: +1 where more clicks fell on a's documents, -1 on b's, 0 for a tie: (n,).

    Examples
    --------
    >>> credit(np.array([[1, 0], [1, 1]], bool), np.array([[1, 0], [1, 0]], bool))
    array([1, 0])
    """
    return np.sign((clicks & ours).sum(axis=1) - (clicks & ~ours).sum(axis=1))


def balanced(a: Sequence[int], b: Sequence[int], a_first: bool) -> list[int]:
    """Interleave two rankings by a pointer into each, one coin for the page (Joachims 2002, KDD).

    Examples
    --------
    >>> balanced([1, 2, 3], [2, 3, 1], True)
    [1, 2, 3]
    """
    page, i, j = [], 0, 0
    while len(page) < len(a):
        if i < j or (i == j and a_first):
            document, i = a[i], i + 1
        else:
            document, j = b[j], j + 1
        if document not in page:
            page.append(document)
    return page


def balanced_credit(a: Sequence[int], b: Sequence[int], page: Sequence[int], clicked: Sequence[int]) -> int:
    """Say who wins a balanced page: compare clicks within the smallest prefix that both needed for the last.

    Parameters
    ----------
    clicked : sequence of int
        Documents of the page. Without any, it is a tie.

    Examples
    --------
    >>> balanced_credit([1, 2, 3], [2, 3, 1], [1, 2, 3], [3])
    -1
    """
    if not clicked:
        return 0
    lowest = max(clicked, key=list(page).index)
    depth = min(list(a).index(lowest), list(b).index(lowest)) + 1
    return int(np.sign(sum(c in a[:depth] for c in clicked) - sum(c in b[:depth] for c in clicked)))


def share_won(
    a: Sequence[int], b: Sequence[int], way: str, clicked: Sequence[int] | None = None
) -> dict[str, float]:
    """Enumerate all coins: how often a and b win, by one click each on the given documents.

    Parameters
    ----------
    way : {"balanced", "team draft"}
    clicked : sequence of int, optional
        The documents that a user may click, one of them, each as likely; by default all of the page, which is
        a user who clicks at random: neither engine should win.

    Examples
    --------
    >>> share_won([1, 2, 3, 4], [2, 3, 4, 1], "team draft")
    {'a': 0.5, 'b': 0.5, 'tie': 0.0}
    """
    if way not in ("balanced", "team draft"):
        raise ValueError(f"way must be 'balanced' or 'team draft', but is {way!r}")
    won = []
    for flips in product([True, False], repeat=1 if way == "balanced" else (len(a) + 1) // 2):
        page, teams = (balanced(a, b, flips[0]), []) if way == "balanced" else team_draft(a, b, flips)
        for document in clicked or page:
            if way == "balanced":
                won.append(balanced_credit(a, b, page, [document]))
            else:
                won.append(1 if teams[page.index(document)] == "a" else -1)
    return {name: float(np.mean(np.equal(won, value))) for name, value in (("a", 1), ("b", -1), ("tie", 0))}
