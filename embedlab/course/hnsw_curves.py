"""Plots of chapter 06: recall and work against knobs, filters, deletes, size, rank and query."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from embedlab.course.hnsw_figures import BLUE, GREEN, INK, ORANGE, PINK, RED, draw_recall, plain_ticks
from embedlab.hnsw import experiments


def draw_knobs(
    found: experiments.Found, built: Sequence[tuple[int, int]], panels: Mapping[str, Sequence[int]]
) -> Figure:
    """Draw recall against comparisons, a line for each index that was built.

    Parameters
    ----------
    found : what `experiments.knobs` found
    built : sequence of (m, ef_construction)
    panels : {name of the knob: which of ``built``}
        ``"M"`` or ``"efConstruction"``.

    Examples
    --------
    >>> found = {"recall": np.random.default_rng(0).random((1, 2, 9)), "compared": np.array([[100, 200]])}
    >>> figure = draw_knobs(found, [(16, 200)], {"M": [0]})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['M 16']
    >>> plt.close(figure)
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(10, 4.6), sharey=True, squeeze=False)
    for panel, (name, rows) in zip(axes[0], panels.items(), strict=True):
        # Lines lie on each other: each label stands beside another point, above its line or below.
        spots = ((3, (8, -10)), (1, (-26, 8)), (6, (4, -13)), (8, (-8, -13)))
        if name != "M":
            spots = ((3, (8, -10)), (5, (6, -12)), (2, (-30, 8)), (7, (2, -13)))
        for row, color, (at, shift) in zip(rows, (PINK, ORANGE, BLUE, GREEN), spots, strict=False):
            label = f"M {built[row][0]}" if name == "M" else f"{built[row][1]}"
            points = found["recall"][row]
            draw_recall(panel, found["compared"][row], points, label, color, min(at, len(points) - 1), shift)
        plain_ticks(panel, (100, 200, 400, 800, 1600))
        panel.set(xlabel="vectors compared (ef rises along the line)", title=name)
    axes[0][0].set(ylabel="recall@10, 95 % interval")
    return figure


def draw_filters(
    masks: Sequence[NDArray[np.bool_]],
    found: Sequence[experiments.Found],
    titles: Sequence[str],
    switch: float,
) -> Figure:
    """Draw recall and work against the share that a filter allows, a column for each kind of filter.

    Parameters
    ----------
    masks : bool arrays (s, n)
    found : what `experiments.filters` found for each of them
    titles : of the columns
    switch : float
        The share below which the index compares all that are allowed.
    """
    figure, panels = plt.subplots(2, len(masks), figsize=(10, 7.2), sharex=True, sharey="row")
    ways = {"afterwards": RED, "allowed links only": ORANGE, "through all": BLUE}
    for (top, bottom), kind, result in zip(panels.T, masks, found, strict=True):
        order = np.argsort(kind.mean(axis=1))
        share, line = kind.mean(axis=1)[order], kind is masks[0]
        for way, color in enumerate(ways.values()):
            draw_recall(top, share, result["recall"][order, way], "", color, line=line)
            bottom.plot(share, result["compared"][order, way], "o-" if line else "o", ms=4, color=color)
        bottom.plot(share, share * kind.shape[1], "--", color=INK, lw=1)
        for axes in (top, bottom):
            plain_ticks(axes, (0.01, 0.03, 0.1, 0.3, 0.7), "{:.0%}")
            axes.axvline(switch, color="#888888", lw=1, ls=":")
    for axes, title in zip(panels[0], titles, strict=True):
        axes.set(title=title, ylim=(0, 1.03))
    for axes in panels[1]:
        axes.set(xlabel="share allowed", yscale="log")
    panels[0, 0].set(ylabel="recall@10")
    panels[1, 0].set(ylabel="vectors compared")
    panels[1, 0].set_yticks([1, 10, 100, 1000, 10_000], ["1", "10", "100", "1,000", "10,000"])
    panels[1, 0].minorticks_off()
    order = np.argsort(masks[0].mean(axis=1))
    share, recall = masks[0].mean(axis=1)[order], found[0]["recall"].mean(axis=2)[order]
    spots = ((4, (-8, 10), "right"), (3, (8, -8), "left"), (1, (0, -14), "center"))  # point, shift, side
    for way, (label, (at, shift, side)) in enumerate(zip(ways, spots, strict=True)):
        place = {"xytext": shift, "textcoords": "offset points", "ha": side, "va": "center"}
        color, at = "#946200" if ways[label] == ORANGE else ways[label], min(at, len(share) - 1)
        panels[0, 0].annotate(label, (share[at], recall[at, way]), color=color, **place)
    exact = (share[0], share[0] * masks[0].shape[1])
    panels[1, 0].annotate("exact: all that are allowed", exact, xytext=(4, -12), textcoords="offset points")
    style = {"arrowprops": {"arrowstyle": "<-", "color": "#555555"}, "textcoords": "offset points"}
    panels[1, 0].annotate("", (switch, 2.9), xytext=(-70, 0), **style)
    note = {"color": "#555555", "fontsize": 9.5, "ha": "right", "va": "center"}
    panels[1, 0].text(switch * 0.9, 1.4, "here the index\nis exact by itself", **note)
    return figure


def draw_deletes(found: experiments.Found, shares: Sequence[float]) -> Figure:
    """Draw recall and work of four ways to delete against the share that is deleted.

    Examples
    --------
    >>> found = {"recall": np.ones((2, 4, 5)), "compared": np.full((2, 4), 100.0)}
    >>> len(draw_deletes(found, (0, 0.5)).axes)
    2
    >>> plt.close("all")
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4))
    ways = {"tombstones": BLUE, "links cut": RED, "repaired": GREEN, "built anew": INK}
    for way, (label, color) in enumerate(ways.items()):
        # Three lines end close together: their labels are moved apart.
        shift = (8, {"tombstones": 6, "built anew": -6}.get(label, 0))
        draw_recall(left, shares, found["recall"][:, way], label, color, shift=shift)
        right.plot(shares, found["compared"][:, way], "o-", ms=4, color=color)
        end = (shares[-1], found["compared"][-1, way])
        right.annotate(label, end, (8, 0), textcoords="offset points", color=color, va="center")
    for axes in (left, right):
        axes.set_xticks(shares, [f"{share:.0%}" for share in shares])
        axes.set(xlabel="share of the vectors deleted", xlim=(-0.03, 1.22 * shares[-1] + 0.02))
    left.set(ylabel="recall@10 among the rest", ylim=(0, 1.05), title="recall at the same ef")
    right.set(ylabel="vectors compared", yscale="log", title="work")
    right.set_yticks([50, 100, 200, 500, 1000, 2000], ["50", "100", "200", "500", "1,000", "2,000"])
    right.minorticks_off()
    return figure


def draw_growth(
    ns: Sequence[int], by_ef: Mapping[str, NDArray], wanted: NDArray, fit: NDArray, label: str
) -> Figure:
    """Draw recall at a fixed ef, and the work for one recall with its interval, against the size.

    Parameters
    ----------
    ns : sequence of sizes
    by_ef : {label: recall (n, q)}
    wanted : array (n, 3)
        Comparisons, and the interval.
    fit : array (n,)
    label : str
        Of the fit.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
    for (name, recall), color in zip(by_ef.items(), (RED, ORANGE, BLUE), strict=False):
        draw_recall(left, ns, recall, name, color)
    right.fill_between(ns, wanted[:, 1], wanted[:, 2], color=BLUE, alpha=0.15, linewidth=0)
    right.plot(ns, wanted[:, 0], "o", color=BLUE)
    right.plot(ns, fit, "-", color=INK, lw=1)
    right.annotate(label, (ns[1], fit[1]), (14, -20), textcoords="offset points")
    for axes in (left, right):
        plain_ticks(axes, ns)
        axes.set(xlabel="vectors in the index", xlim=(0.8 * ns[0], 2.6 * ns[-1]))
    left.set(ylabel="recall@10", title="at a fixed ef recall falls")
    right.set(ylabel="vectors compared", ylim=(0, None), title="work for recall 0.95")
    return figure


def draw_misses(hit: Mapping[str, NDArray[np.bool_]]) -> Figure:
    """Draw which results are lost: by rank, and gathered in how many of the queries.

    Parameters
    ----------
    hit : {label: bool array (q, k)}
        See `experiments.hits`.

    Examples
    --------
    >>> figure = draw_misses({"ef 10": np.random.default_rng(0).random((40, 10)) < 0.8})
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['rank among the exact ten', 'queries, those that lose most first']
    >>> plt.close(figure)
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
    for (label, found), color in zip(hit.items(), (RED, ORANGE, BLUE), strict=False):
        draw_recall(left, np.arange(1, found.shape[1] + 1), found.T.astype(float), label, color, shift=(8, 0))
        missed = np.sort((~found).sum(axis=1))[::-1].cumsum()
        share = np.arange(1, len(missed) + 1) / len(missed)
        right.plot(share, missed / missed[-1], color=color, label=label)
    left.set(xlabel="rank among the exact ten", ylabel="share found, 95 % interval", xlim=(0.5, 11.6))
    left.set_title("by rank")
    left.set_xticks(range(1, 11))
    right.set(xlabel="queries, those that lose most first", ylabel="share of all misses", title="by query")
    right.legend(loc="lower right", labelcolor="linecolor")
    right.xaxis.set_major_formatter(PercentFormatter(1))
    right.yaxis.set_major_formatter(PercentFormatter(1))
    return figure


def draw_peers(
    work: Mapping[str, Sequence[tuple[float, float]]], speed: Mapping[str, Sequence[dict]], floats: int
) -> Figure:
    """Draw recall against comparisons, and against queries per second: float indexes, then those of codes.

    Parameters
    ----------
    work : {name: (recall, compared) of each width}
    speed : {name: {"recall": , "qps": } of each width}
    floats : int
        How many of ``speed`` hold floats; they come first.
    """
    figure, panels = plt.subplots(1, 3, figsize=(12, 4.8), sharey=True)
    looks = ((BLUE, "o-"), (ORANGE, "s--"), (GREEN, "^-."), (RED, "D:"))
    names = list(speed)

    def draw(axes: Axes, name: str, x: Sequence[float], recall: Sequence[float], row: int) -> None:
        color, line = looks[row]
        axes.plot(x, misses(recall), line, ms=5, color=color, label=name)

    for name, curve in work.items():
        recall, compared = zip(*curve, strict=True)
        draw(panels[0], name, compared, recall, names.index(name))
    for axes, group in ((panels[1], names[:floats]), (panels[2], names[floats:])):
        for row, name in enumerate(group):
            qps, recall = zip(*((point["qps"], point["recall"]) for point in speed[name]), strict=True)
            draw(axes, name, qps, recall, row)
        plain_ticks(axes, (1000, 2000, 4000, 8000, 16_000, 32_000))
        axes.tick_params(axis="x", labelrotation=30)
        axes.set(xlabel="queries per second, one thread")
        fastest = max(point["qps"] for name in group for point in speed[name])
        slowest = min(point["qps"] for name in group for point in speed[name])
        axes.set_xlim(slowest / 1.4, fastest * 1.4)
    plain_ticks(panels[0], (200, 400, 800, 1600))
    panels[0].set(ylabel="recall@10 (the scale widens towards 1)", xlabel="vectors compared", title="work")
    ticks = (0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998)
    panels[0].set_yticks(misses(ticks), [f"{tick:g}" for tick in ticks])
    panels[1].set_title("speed, float32")
    panels[2].set_title("speed, int8")
    for axes, place in zip(panels, ("lower right", "lower left", "lower left"), strict=True):
        axes.legend(loc=place, fontsize=9.5, handlelength=3)
    return figure


def misses(recall: Sequence[float]) -> NDArray[np.float64]:
    """Stretch recall towards 1: -log10 of the share missed, so that 0.9 is 1 and 0.99 is 2.

    Examples
    --------
    >>> misses([0.9, 0.99]).round(2).tolist()
    [1.0, 2.0]
    """
    return -np.log10(np.maximum(1 - np.asarray(recall), 1e-4))
