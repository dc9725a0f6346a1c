"""Pictures of chapter 18, of long runs: what 50 kills doubled, rates, and minutes of load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from embedlab.course.ways import INK, RED, SMALL

BLUE, GREY = "#0072B2", "#666666"
PLACES = {"within": "in the job's transaction", "apart": "in one of its own", "outside": "in a file"}


def draw_effects(runs: Mapping[str, Sequence[Mapping]]) -> Figure:
    """Draw how many effects came twice after the kill test, by where they were made: a dot for each run.

    Parameters
    ----------
    runs : {way: sequence of figures}
        The figures of ``shipped("chaos")`` and ``shipped("chaos_again")``.

    Examples
    --------
    >>> row = {"within": 10, "within_twice": 0, "apart": 11, "apart_twice": 1}
    >>> figure = draw_effects({"leased": [row | {"outside": 12, "outside_twice": 2}] * 2})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['0, 0', '1, 1', '2, 2']
    >>> plt.close(figure)
    """
    figure, panels = plt.subplots(
        len(runs), 1, figsize=(8, 0.7 + 1.1 * len(runs)), sharex=True, squeeze=False, layout="constrained"
    )
    for ax, (way, found) in zip(panels[:, 0], runs.items(), strict=True):
        for y, name in enumerate(PLACES):
            twice = [run[f"{name}_twice"] for run in found]
            colour = BLUE if name == "within" else RED
            ax.plot(twice, [y] * len(twice), "o", color=colour, ms=8, alpha=0.7, clip_on=False)
            text = ", ".join(f"{each:,}" for each in twice)
            ax.text(1.02, y, text, va="center", fontsize=SMALL, transform=ax.get_yaxis_transform())
        ax.set_yticks(range(len(PLACES)), list(PLACES.values()))
        ax.set(ylabel=way, ylim=(len(PLACES) - 0.5, -0.5))
    most = max(run["outside_twice"] for found in runs.values() for run in found)
    panels[-1, 0].set(xlabel="duplicate effects after 50 kills (a dot for each seed)", xlim=(0, 1.05 * most))
    return figure


def draw_rates(groups: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Draw documents a second, a panel for each group of setups: medians, and from least to most as a line.

    Examples
    --------
    >>> figure = draw_rates({"claim": {"1": [350.0, 370.0, 390.0], "16": [2305.0]}})
    >>> [text.get_text() for text in figure.axes[0].texts]
    [' 370', ' 2,305']
    >>> plt.close(figure)
    """
    sizes = [len(group) for group in groups.values()]
    figure, panels = plt.subplots(
        len(groups), 1, figsize=(8.5, 0.8 + 0.42 * sum(sizes)), sharex=True, squeeze=False,
        gridspec_kw={"height_ratios": sizes}, layout="constrained",
    )  # fmt: skip
    for ax, (name, group) in zip(panels[:, 0], groups.items(), strict=True):
        for y, found in enumerate(group.values()):
            ax.barh(y, median(found), color=BLUE, height=0.6)
            ax.plot([min(found), max(found)], [y, y], color=INK, lw=1.5)
            ax.text(max(found), y, f" {median(found):,.0f}", va="center", fontsize=SMALL)
        ax.set_yticks(range(len(group)), list(group))
        ax.set(ylabel=name)
        ax.invert_yaxis()
    largest = max(max(found) for group in groups.values() for found in group.values())
    panels[-1, 0].set(xlabel="documents a second (line: all runs)", xlim=(0, 1.15 * largest))
    return figure


def draw_sustained(found: Mapping) -> Figure:
    """Draw jobs a second, pages and ms of a claim, over minutes of load; a tick where vacuum has finished.

    Parameters
    ----------
    found : mapping
        The figures of ``shipped("sustained")``.

    Examples
    --------
    >>> found = {"phases": [["calm", 0.0]], "at": [2, 4], "rate": [9000, 8000], "pages": [10, 900]}
    >>> figure = draw_sustained(found | {"ms": [1.0, 2.0], "vacuums": [0, 1]})
    >>> [ax.get_ylabel() for ax in figure.axes]
    ['jobs a second', 'pages of a claim', 'ms of a claim']
    >>> plt.close(figure)
    """
    figure, panels = plt.subplots(3, 1, figsize=(9, 6), sharex=True, layout="constrained")
    at = np.asarray(found["at"], float)
    for ax, name, label, colour in (
        (panels[0], "rate", "jobs a second", BLUE),
        (panels[1], "pages", "pages of a claim", RED),
        (panels[2], "ms", "ms of a claim", RED),
    ):
        ax.plot(at, found[name], color=colour, lw=1.2)
        ax.set(ylabel=label, ylim=(0, None), xlim=(0, at[-1]))
    starts = [start for _, start in found["phases"]]
    for i, (name, start) in enumerate(found["phases"]):
        end = starts[i + 1] if i + 1 < len(starts) else at[-1]
        for ax in panels:
            ax.axvspan(start, end, color=GREY, alpha=0.12 if i % 2 else 0.0, lw=0)
        place = {"ha": "center", "va": "bottom", "transform": panels[0].get_xaxis_transform()}
        panels[0].text((start + end) / 2, 1.02, fill(name, 14), fontsize=SMALL, color=INK, **place)
    done = at[np.diff(found["vacuums"], prepend=0) > 0]
    top = {"transform": panels[1].get_xaxis_transform(), "color": INK}
    panels[1].plot(done, [0.93] * len(done), "|", ms=8, **top)
    panels[1].set(ylim=(0, 1.2 * max(found["pages"])))  # room for the ticks
    if len(done):  # beside the first tick
        beside = {"ha": "right", "va": "center", "fontsize": SMALL}
        panels[1].text(done[0], 0.93, "autovacuum has finished  ", **top, **beside)
    panels[2].set(xlabel="seconds")
    return figure


__all__ = ["draw_effects", "draw_rates", "draw_sustained"]
