"""How a chapter shows its evidence: a forest plot of paired differences, and its rows of the scoreboard."""

import html
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from embedlab.benchmark import Difference, Scoreboard, p_text

SURE, UNSURE = "#0072B2", "#767676"
BASELINES = ("dense", "bm25")


def forest(
    differences: Mapping[str, Difference],
    *,
    xlabel: str = "difference of nDCG@10, with its 95 % interval",
    ax: Axes | None = None,
) -> Axes:
    """Draw paired differences below each other, each a point with its interval and its p value.

    Those with a p of 0.05 or more are grey. Correct the p values first (`holm`) where a table has several;
    the intervals stay those of one comparison alone.

    Parameters
    ----------
    differences : {label: Difference}
        From top to bottom.
    xlabel : str
    ax : Axes, optional
        By default a new figure, as tall as it needs to be.

    Examples
    --------
    >>> axes = forest({"a above b": Difference(0.02, 0.01, 0.03, 0.001, 300)})
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['a above b']
    >>> plt.close(axes.figure)
    """
    if not differences:
        raise ValueError("there are no differences to draw")
    ax = ax or plt.subplots(figsize=(7, 0.9 + 0.42 * len(differences)))[1]
    ax.axvline(0, color="#222222", lw=0.8)
    reach = max(d.high for d in differences.values())
    for y, difference in enumerate(differences.values()):
        colour = SURE if difference.p < 0.05 else UNSURE
        ax.plot([difference.low, difference.high], [y, y], color=colour, lw=2.5, solid_capstyle="butt")
        ax.plot(difference.mean, y, "o", color=colour, ms=6)
        text = f"  {difference.mean:+.3f}, p {p_text(difference.p)}"
        ax.text(max(reach, 0), y, text, va="center", fontsize=9.5, color=colour)
    ax.set_yticks(range(len(differences)), list(differences))
    ax.set(xlabel=xlabel, ylim=(len(differences) - 0.4, -0.6))
    ax.locator_params(axis="x", nbins=6)  # more of them run into each other
    ax.grid(axis="y", visible=False)
    return ax


class Rows:
    """Some rows of a scoreboard, the others folded away: HTML in a notebook, text elsewhere."""

    def __init__(self, board: Scoreboard, shown: Sequence[str]):
        self.board, self.shown = board, list(shown)

    def __repr__(self) -> str:
        return self.board.as_text(self.shown)

    def _repr_html_(self) -> str:
        others = [row.engine for row in self.board.rows if row.engine not in self.shown]
        folded = f"<details><summary>{len(others)} other rows</summary>{self.board.as_html(others)}</details>"
        note = html.escape(self.board.note)
        return self.board.as_html(self.shown) + f"<p><small>{note}</small></p>" + (folded if others else "")


def show_scoreboard(
    board: Scoreboard, highlight: Sequence[str], *, baselines: Sequence[str] = BASELINES
) -> Rows:
    """Show a chapter's rows and what they are to be compared with; the rest is folded.

    Parameters
    ----------
    board : Scoreboard
    highlight : sequence of str
        The chapter's rows.
    baselines : sequence of str
        Those that are not there yet are left out: chapters may be read in any order.

    Raises
    ------
    KeyError
        If a row of ``highlight`` is not there.

    Examples
    --------
    >>> board = Scoreboard(docsearch())  # doctest: +SKIP
    >>> show_scoreboard(board, ["hnsw"])  # doctest: +SKIP
    """
    names = [row.engine for row in board.rows]
    for name in highlight:
        board[name]
    return Rows(board, [name for name in names if name in {*baselines, *highlight}])
