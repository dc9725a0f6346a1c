"""Pictures of chapter 17: the way of a request, batches in time, speed by runtime, an outage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from embedlab.course.hnsw_figures import described
from embedlab.course.load_figures import BLUE, GREY, INK, LOOKS, RED, SMALL, draw_latency, draw_stages
from embedlab.course.ways import draw_way
from embedlab.serving import Outcome

# Of each stop: its name, what it does, and what it answers where it says no.
STOPS = (
    ("client", "deadline,\nretries, breaker", ""),
    ("gate", "sizes of body,\ntexts, tokens", "400, 413"),
    ("queue", "a bounded\nnumber of texts", "429,\nRetry-After"),
    ("batcher", "which texts,\nand when", "504 at\nthe deadline"),
    ("encoder", "graph, bits,\nthreads", "500,\nno stack trace"),
    ("answer", "float32\nin base64", ""),
)


def draw_request() -> Figure:
    """Draw a request's way through the server, and what it may be answered on the way.

    Examples
    --------
    >>> figure = draw_request()
    >>> [text.get_text() for text in figure.axes[0].texts if text.get_weight() == "bold"]
    ['client', 'gate', 'queue', 'batcher', 'encoder', 'answer']
    >>> plt.close(figure)
    """
    return draw_way(STOPS, "what comes back\nwhere it says no:")


def draw_batches(
    arrivals: Sequence[float], runs: Mapping[str, tuple[Sequence[float], Sequence[int]]]
) -> Figure:
    """Draw when each text came and when it was answered, a panel for each rule; a batch has one colour.

    Parameters
    ----------
    arrivals : sequence of n float
        Seconds, ascending.
    runs : {rule: (answered (n,), sizes of the batches)}
        As `embedlab.serving.simulate` returns them.

    Raises
    ------
    ValueError
        If the batches do not hold n texts.

    Examples
    --------
    >>> figure = draw_batches([0.0, 0.01], {"free": ([0.02, 0.03], [1, 1])})
    >>> figure.axes[0].get_title(plt.rcParams["axes.titlelocation"])
    'free: 20 ms on average'
    >>> plt.close(figure)
    """
    figure, panels = plt.subplots(1, len(runs), figsize=(10.5, 3.4), sharex=True, sharey=True, squeeze=False)
    for ax, (rule, (done, sizes)) in zip(panels[0], runs.items(), strict=True):
        if sum(sizes) != len(arrivals):
            raise ValueError(f"{rule}: batches of {sum(sizes)} texts, but {len(arrivals)} came")
        batch = np.repeat(np.arange(len(sizes)), sizes)
        for row, (came, answered, number) in enumerate(zip(arrivals, done, batch, strict=True)):
            colour = LOOKS[number % 5][0]
            ax.plot([1000 * came, 1000 * answered], [row, row], color=colour, lw=3, solid_capstyle="butt")
            ax.plot(1000 * came, row, "|", color=INK, ms=9)
        mean = 1000 * np.mean(np.subtract(done, arrivals))
        ax.set(title=f"{rule}: {mean:.0f} ms on average", xlabel="milliseconds")
    panels[0][0].set(ylabel="text", ylim=(len(arrivals) - 0.4, -0.6))
    panels[0][0].locator_params(axis="y", integer=True)
    return figure


def draw_speed(rows: Sequence[Mapping], engines: Mapping[str, str]) -> Figure:
    """Draw how many times as fast as the first engine each one is, by texts a call; a panel for each length.

    Parameters
    ----------
    rows : sequence of dict
        As `embedlab.speed.bench_serving` has them.
    engines : {name in the rows: label}
    """
    lengths = sorted({row["tokens"] for row in rows})
    counts = sorted({row["texts"] for row in rows})
    figure, panels = plt.subplots(1, len(lengths), figsize=(11, 3.8), sharey=True)
    for ax, tokens in zip(panels, lengths, strict=True):
        for number, ((engine, label), (colour, marker)) in enumerate(
            zip(engines.items(), cycle(LOOKS), strict=False)
        ):
            own = {row["texts"]: row for row in rows if (row["engine"], row["tokens"]) == (engine, tokens)}
            x = np.arange(len(counts)) + 0.09 * (number - (len(engines) - 1) / 2)
            ax.plot(x, [own[n]["ratio"] for n in counts], marker, color=colour, ms=6, label=label)
            ax.vlines(
                x, [own[n]["low"] for n in counts], [own[n]["high"] for n in counts], color=colour, lw=2
            )
        ax.axhline(1, color=INK, lw=1)
        ax.set_xticks(range(len(counts)), counts)
        ax.set(title=f"about {tokens} tokens a text", xlabel="texts in a call")
    ticks = (0.5, 0.7, 1, 1.5, 2, 3, 5, 10)  # a ratio of 2 and one of 1/2 are as far from 1
    panels[0].set(ylabel="times as fast as torch", yscale="log")
    panels[0].set_yticks(ticks, ticks)
    panels[0].minorticks_off()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(engines))
    figure.set_layout_engine("constrained")
    return figure


def draw_outage(
    runs: Mapping[str, Outcome], outage: tuple[float, float], *, seconds: float, window: float = 5.0
) -> Figure:
    """Draw the share of requests that is answered through an outage, a panel for each way to retry.

    Parameters
    ----------
    runs : {name: Outcome}
    outage : (float, float)
        Its start and end, in seconds.
    seconds : float
        The end of the axis.
    window : float
        Seconds that a point sums up.
    """
    rows = -(-len(runs) // 4)
    figure, panels = plt.subplots(
        rows,
        4,
        figsize=(10.8, 0.5 + 1.9 * rows),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    starts = np.arange(0, seconds - window, window)
    for ax, (name, run) in zip(panels.flat, runs.items(), strict=False):
        after = run.recovered(outage[1])
        end = "never recovers" if np.isinf(after) else f"recovers after {after:.0f} s"
        ax.plot(starts + window / 2, [run.success(at, at + window) for at in starts], color=BLUE)
        ax.axvspan(*outage, color=GREY, alpha=0.15, lw=0)
        ax.set_title(f"{name}\n{end}", fontsize=SMALL, color=RED if np.isinf(after) else INK)
        ax.set(ylim=(-0.03, 1.05))
    for ax in panels[-1]:
        ax.set(xlabel="seconds")
    for ax in panels[:, 0]:
        ax.set(ylabel="share answered")
    return figure


def draw_served(
    thresholds: Sequence[float],
    shares: Mapping[str, Sequence[tuple[float, float, float]]],
    *,
    chosen: float,
    advised: Sequence[float] = (),
) -> Figure:
    """Draw which share of each kind of question a cache serves, with its interval, against the threshold.

    Parameters
    ----------
    thresholds : sequence of t float
    shares : {kind: [(mean, low, high)] * t}
    chosen : float
        A threshold to mark.
    advised : sequence of float
        Thresholds that Amazon's guide names; marked, too.
    """
    figure, ax = plt.subplots(figsize=(8, 4))
    for (kind, rows), (colour, _) in zip(shares.items(), cycle((LOOKS[2], LOOKS[0], LOOKS[1])), strict=False):
        mean, low, high = np.transpose(rows)
        ax.plot(thresholds, mean, color=colour, label=kind)
        ax.fill_between(thresholds, low, high, color=colour, alpha=0.15, lw=0)
    ax.axvline(chosen, color=INK, lw=1, ls=":")
    ax.text(
        chosen, 1.02, f"{chosen:.3f}, chosen", ha="left" if advised else "center", va="bottom", fontsize=SMALL
    )
    for threshold in advised:
        ax.axvline(threshold, color=GREY, lw=1)
    if advised:
        guide = f"Amazon: {min(advised):.2f} to {max(advised):.2f}"
        ax.text(np.mean(advised), 1.02, guide, ha="center", va="bottom", fontsize=SMALL, color=GREY)
    ax.set(
        xlabel="cosine from which the stored answer is served",
        ylabel="share served, 95 % interval",
        ylim=(0, 1),
    )
    ax.legend(loc="lower left", fontsize=SMALL)
    return figure


__all__ = [
    "described",
    "draw_batches",
    "draw_latency",
    "draw_outage",
    "draw_request",
    "draw_served",
    "draw_speed",
    "draw_stages",
]
