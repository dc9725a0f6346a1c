"""Pictures of chapter 21 on reading vectors: words by length, attack against search, pairs, noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from embedlab.benchmark import bootstrap_interval
from embedlab.course.hnsw_figures import described
from embedlab.security import with_intervals

BLUE, GREEN, RED, PINK, GREY, INK = "#0072B2", "#009E73", "#D55E00", "#AA4499", "#666666", "#222222"
SMALL = 9.5  # points
ATTACK_LOOKS = {
    "no vector": (GREY, "v"),
    "wrong vector": (PINK, "^"),
    "nearest public text": (BLUE, "s"),
    "discriminants": (RED, "o"),
}
FAMILY_LOOKS = {"noise": (RED, "o"), "prefix": (BLUE, "s"), "signs": (PINK, "D"), "rotation": (GREEN, "^")}
# Where a label stands, from its point: points to the right and up, and which side of the text is there.
PLACES = {
    "none": (0, 12, "center"),
    "int8": (-8, 2, "right"),
    "prefix 96": (-8, 3, "right"),
    "rotation": (0, -42, "center"),
    "signs": (-8, 3, "right"),
}


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean and its 95 % bootstrap interval, as all pictures here draw it."""
    return bootstrap_interval(values, samples=2000)


def draw_lengths(words: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Draw the F1 of guessed content words by what is attacked, a mark for each attack.

    Parameters
    ----------
    words : {what is attacked: {attack: F1 of each text}}

    Examples
    --------
    >>> figure = draw_lengths({"4 words": {"no vector": [0.0, 0.1], "discriminants": [0.4, 0.6]}})
    >>> figure.axes[0].get_ylabel()
    'F1 of content words'
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(8.5, 3.9))
    attacks = list(next(iter(words.values())))
    for place, attack in enumerate(attacks):
        colour, marker = ATTACK_LOOKS[attack]
        points = np.array([interval(each[attack]) for each in words.values()])
        x = np.arange(len(words)) + 0.13 * (place - (len(attacks) - 1) / 2)
        ax.vlines(x, points[:, 1], points[:, 2], color=colour, lw=1.6)
        ax.plot(x, points[:, 0], ls="", marker=marker, ms=7, color=colour, label=attack)
    ax.set_xticks(range(len(words)), list(words))
    ax.set(ylabel="F1 of content words", ylim=(0, None), xlim=(-0.5, len(words) - 0.5))
    ax.set_xlabel("what is attacked: pieces of articles that were held out, and test queries of DocSearch")
    ax.grid(axis="x", visible=False)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure


def draw_trade(defences: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Draw what an attacker still reads against what the search still finds, a mark for each defence.

    Parameters
    ----------
    defences : {name: {"test", "adaptive", "naive", "records": values}}
        nDCG@10 of each test query; F1 of each text; 1 for each record that was read.

    Examples
    --------
    >>> one = {"test": [0.5, 0.7], "adaptive": [0.3, 0.4], "naive": [0.2, 0.1], "records": [1, 0]}
    >>> figure = draw_trade({"none": one, "noise 1": one})
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['nDCG@10 on the test queries', 'nDCG@10 on the test queries']
    >>> plt.close(figure)
    """
    figure, panels = plt.subplots(1, 2, figsize=(11, 4.8))
    titles = {"adaptive": "F1 of content words", "records": "share of records read without an error"}
    every: list[str] = []
    for (part, title), ax in zip(titles.items(), panels, strict=True):
        families: dict[str, list[tuple[float, float]]] = {}
        for name, each in defences.items():
            x = interval(each["test"])
            y = with_intervals(each[part]) if part == "records" else interval(each[part])
            family = name.split()[0]
            colour, marker = FAMILY_LOOKS.get(family, (INK, "o"))
            families.setdefault(family, []).append((x[0], y[0]))
            ax.plot(x[1:], [y[0]] * 2, color=colour, lw=1.3, alpha=0.6)
            ax.plot([x[0]] * 2, y[1:], color=colour, lw=1.3, alpha=0.6)
            ax.plot(x[0], y[0], ls="", marker=marker, ms=7, color=colour)
            if part == "adaptive" and family != "none":
                ax.plot(x[0], np.mean(each["naive"]), ls="", marker=marker, ms=7, mfc="none", color=colour)
            right, up, side = PLACES.get(name, (8, -12, "left"))
            if part == "records" and y[0] > 0.99:
                every.append(name)
                continue
            ax.annotate(name, (x[0], y[0]), (right, up), textcoords="offset points", ha=side, fontsize=SMALL)
        for family in ("noise", "prefix"):
            if family in families:
                ax.plot(*zip(*families[family], strict=True), color=FAMILY_LOOKS[family][0], lw=1, alpha=0.5)
        ax.set(xlabel="nDCG@10 on the test queries", ylabel=title, ylim=(0, None))
    panels[1].set_ylim(-0.03, 1.05)
    names = fill(f"every record is read: {', '.join(one.replace(' ', chr(160)) for one in every)}", 30)
    panels[1].text(0.97, 0.66, names, transform=panels[1].transAxes, ha="right", va="top", fontsize=SMALL)
    note = "hollow: an attacker who does not know the defence"
    panels[0].text(0.02, 0.97, note, transform=panels[0].transAxes, va="top", fontsize=SMALL)
    return figure


def draw_pairs(
    pairs: Mapping[str, Sequence[float]], without: Sequence[float], plain: Sequence[float]
) -> Figure:
    """Draw how well words are read from rotated vectors by the number of known pairs.

    Parameters
    ----------
    pairs : {pairs: F1 of each text}
    without, plain : sequences of float
        The same without a pair, and for vectors that are not rotated.

    Examples
    --------
    >>> figure = draw_pairs({"100": [0.1, 0.2], "400": [0.3, 0.5]}, [0.0, 0.1], [0.4, 0.5])
    >>> figure.axes[0].get_xlabel()
    'texts whose rotated vectors the attacker knows'
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(7.5, 3.4))
    counts = [0, *map(int, pairs)]
    points = np.array([interval(values) for values in (without, *pairs.values())])
    ax.fill_between(counts, points[:, 1], points[:, 2], color=GREEN, alpha=0.2, lw=0)
    ax.plot(counts, points[:, 0], color=GREEN, marker="o", ms=6)
    rule(ax, float(np.mean(plain)), "not rotated")
    ax.axvline(384, color=GREY, lw=1, ls=":")
    ax.text(384, 0.005, " the number of dimensions", fontsize=SMALL, color=GREY)
    ax.set(xlabel="texts whose rotated vectors the attacker knows", ylabel="F1 of content words")
    ax.set_ylim(0, None)
    return figure


def rule(ax: Axes, height: float, text: str) -> None:
    """Draw a dotted line across, and say at its left end what it is."""
    ax.axhline(height, color=INK, lw=1, ls=":")
    ax.text(0.02, height, text, transform=ax.get_yaxis_transform(), va="bottom", fontsize=SMALL)


__all__ = ["described", "draw_lengths", "draw_pairs", "draw_trade", "interval"]
