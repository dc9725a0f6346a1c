"""Pictures of chapter 18: the way of a change, claims, a lease, back pressure, redelivery, freshness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from embedlab.course.hnsw_figures import described
from embedlab.course.pipelines_runs import draw_effects, draw_rates, draw_sustained
from embedlab.course.ways import INK, RED, SMALL, draw_way

BLUE, GREY = "#0072B2", "#666666"

# Of each stop of a change: its name, what it does, and what goes wrong there.
STOPS = (
    ("change", "document and job,\none transaction", "job lost\n(two writes)"),
    ("queue", "priority, due,\nattempts", "back-fill\nin front"),
    ("claim", "locked rows\nare skipped", "done by\ntwo workers"),
    ("embed", "the text as\nit is now", "poison,\na killed worker"),
    ("write", "if newer; and the\njob is deleted", "late write,\ndone twice"),
    ("search", "finds the\nnew vector", "nobody asks\nhow late"),
)
# What two workers do with jobs in six ticks: (worker, start, end, job); job None: it waits.
CLAIMS = {
    "no lock": [(worker, t, t + 1, t + 1) for t in range(6) for worker in (0, 1)],
    "FOR UPDATE": [
        *[(t % 2, t, t + 1, t + 1) for t in range(6)],
        *[((t + 1) % 2, t, t + 1, None) for t in range(6)],
    ],
    "SKIP LOCKED": [(worker, t, t + 1, 2 * t + worker + 1) for t in range(3) for worker in (0, 1)],
}


def draw_change() -> Figure:
    """Draw the way of a change from its commit to search, and below each stop what goes wrong there.

    Examples
    --------
    >>> figure = draw_change()
    >>> [text.get_text() for text in figure.axes[0].texts if text.get_weight() == "bold"]
    ['change', 'queue', 'claim', 'embed', 'write', 'search']
    >>> plt.close(figure)
    """
    return draw_way(STOPS)


def draw_claims() -> Figure:
    """Draw what two workers do with six jobs, in three ways to claim; grey: a worker waits.

    Examples
    --------
    >>> figure = draw_claims()
    >>> [ax.get_title(plt.rcParams["axes.titlelocation"]) for ax in figure.axes]
    ['no lock', 'FOR UPDATE', 'SKIP LOCKED']
    >>> plt.close(figure)
    """
    figure, panels = plt.subplots(1, len(CLAIMS), figsize=(10.5, 2.2), sharex=True, sharey=True)
    for ax, (way, spans) in zip(panels, CLAIMS.items(), strict=True):
        times = [job for *_, job in spans]
        for worker, start, end, job in spans:
            twice = job is not None and times.count(job) > 1
            colour = GREY if job is None else RED if twice else BLUE
            ax.barh(
                worker, end - start, left=start, height=0.6, color=colour, alpha=0.25 if job is None else 0.85
            )
            text = "waits" if job is None else f"job {job}"
            ax.text((start + end) / 2, worker, text, ha="center", va="center", fontsize=8.5,
                    color=INK if job is None else "white")  # fmt: skip
        ax.set(title=way, xlabel="time, in jobs", xlim=(0, 6))
    panels[0].set_yticks([0, 1], ["worker 1", "worker 2"])
    panels[0].invert_yaxis()
    return figure


def draw_lease(
    rows: Sequence[tuple[float, str, str, bool, float | None]], asleep: tuple[str, float, float] | None = None
) -> Figure:
    """Draw who asks for a job when, what is accepted, and until when the lease lasts each time.

    Parameters
    ----------
    rows : sequence of (time, worker, event, accepted, due)
        ``due`` after the event; None where the job is done.
    asleep : (worker, start, end), optional

    Examples
    --------
    >>> figure = draw_lease([(0, "A", "claim", True, 10), (12, "B", "complete", False, 10)])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['claim', 'complete, refused']
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(9, 2.6))
    lanes = {worker: y for y, worker in enumerate(dict.fromkeys(worker for _, worker, *_ in rows))}
    done = {worker: time for time, worker, event, accepted, _ in rows if event == "complete" and accepted}
    for worker, y in lanes.items():  # one bar, from the first claim to the latest due
        held = [(time, due) for time, who, _, accepted, due in rows if who == worker and accepted and due]
        if held:
            until = min(max(due for _, due in held), done.get(worker, float("inf")))  # with the job it ends
            ax.plot([held[0][0], until], [y, y], color=BLUE, lw=9, alpha=0.25, solid_capstyle="butt")
    for time, worker, event, accepted, _ in rows:
        y, colour = lanes[worker], BLUE if accepted else RED
        ax.plot(time, y, "o" if accepted else "X", color=colour, ms=8)
        text = event if accepted else f"{event}, refused"
        ax.text(time, y - 0.2, text, ha="center", va="bottom", color=colour, fontsize=SMALL)
    if asleep:
        worker, start, end = asleep
        ax.barh(lanes[worker], end - start, left=start, height=0.3, color="none", edgecolor=GREY, hatch="///")
        ax.text((start + end) / 2, lanes[worker] + 0.22, "asleep", ha="center", va="top", color=GREY)
    ax.set_yticks(list(lanes.values()), [f"worker {name}" for name in lanes])
    ax.set(xlabel="seconds (pale: until when the lease lasts)", ylim=(len(lanes) - 0.4, -0.7))
    return figure


def draw_back_pressure(seconds: Sequence[float], ages: Sequence[float], pages: Sequence[int],
                       limit: float) -> Figure:  # fmt: skip
    """Draw how long users wait, and how large the pages of the back-fill are meanwhile.

    Examples
    --------
    >>> figure = draw_back_pressure([0, 1], [0.1, 3.0], [8, 8], limit=1.0)
    >>> [ax.get_ylabel() for ax in figure.axes]
    ['oldest change\\nwaits, seconds', 'page size,\\njobs']
    >>> plt.close(figure)
    """
    figure, panels = plt.subplots(2, 1, figsize=(8.5, 3.8), sharex=True, layout="constrained")
    panels[0].step(seconds, ages, color=RED, where="post")
    panels[0].axhline(limit, color=INK, lw=1, ls=":")
    panels[0].text(seconds[0], limit, " limit", va="bottom", fontsize=SMALL)
    panels[1].step(seconds, pages, color=BLUE, where="post")
    panels[0].set(ylabel="oldest change\nwaits, seconds", ylim=(0, None))
    panels[1].set(ylabel="page size,\njobs", ylim=(0, None), xlabel="seconds")
    return figure


def draw_redelivered(simulated: Sequence[int], measured: int) -> Figure:
    """Draw how many effects come twice in simulated runs, and a measured one as a line.

    Examples
    --------
    >>> figure = draw_redelivered([170, 190, 210], 178)
    >>> figure.axes[0].texts[0].get_text()
    ' measured: 178'
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(8, 3))
    ax.hist(simulated, bins=24, color=BLUE, alpha=0.75)
    ax.axvline(measured, color=RED, lw=2)
    top = ax.get_ylim()[1]
    ax.text(measured, 1.05 * top, f" measured: {measured}", color=RED, va="center", fontsize=SMALL)
    ax.set(
        ylim=(0, 1.12 * top),
        xlabel="duplicate effects of six kills, batches of 64",
        ylabel="runs simulated (kills\nafter 1 to 128 effects)",
        xlim=(0, None),
    )
    return figure


def draw_freshness(rows: Mapping[str, tuple[float, float]], objective: float) -> Figure:
    """Draw the median and the 95th percentile of the seconds from a write to its vector, by condition.

    Examples
    --------
    >>> figure = draw_freshness({"behind": (0.1, 0.3)}, objective=1.0)
    >>> figure.axes[0].get_yticklabels()[0].get_text()
    'behind'
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(8, 1 + 0.6 * len(rows)))
    for y, (p50, p95) in enumerate(rows.values()):
        ax.plot([p50, p95], [y, y], color=BLUE, lw=2)
        ax.plot(p50, y, "o", p95, y, "D", color=BLUE, ms=7)
        text = f"median {p50:.2g} s, p95 {p95:.2g} s"
        ax.text(1.01, y, text, va="center", fontsize=SMALL, transform=ax.get_yaxis_transform())
    ax.axvline(objective, color=INK, lw=1, ls=":")
    ax.set_yticks(range(len(rows)), list(rows))
    least, most = min(p50 for p50, _ in rows.values()), max(p95 for _, p95 in rows.values())
    ax.set(
        xscale="log",
        xlabel="seconds from write to vector (circle: median, diamond: p95, dotted: the objective)",
    )
    low, high = 0.5 * least, 2 * max(most, objective)
    ax.set(ylim=(len(rows) - 0.5, -0.5), xlim=(low, high))
    ticks = [tick for tick in (0.01, 0.1, 1, 10, 100) if low < tick < high]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    return figure


__all__ = ["described", "draw_back_pressure", "draw_change", "draw_claims", "draw_effects"]
__all__ += ["draw_freshness", "draw_lease", "draw_rates", "draw_redelivered", "draw_sustained"]
