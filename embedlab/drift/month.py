"""The month as Prometheus would have scraped it, from the measured states: 30 days, every 5 minutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embedlab.drift.clicks import Reals
from embedlab.drift.detectors import psi as stability
from embedlab.serving import latency_buckets

STEP, DAYS = 5, 30  # minutes, days
STEPS_A_DAY = 24 * 60 // STEP
ROUND = 50  # canaries asked in each step
DAY_S = 86_400


@dataclass(frozen=True)
class Event:
    """Something that happened: a state of `month_states`, or "silent", from and until (days, from 0)."""

    state: str
    start: float
    end: float
    what: str


SILENT = "silent"
EVENTS = (
    Event("campaign", 5.375, 6.75, "campaign: users ask about pandas only"),
    Event(SILENT, 10 + 22 / 24, 11 + 8 / 24, "the canary job is dead"),
    Event("other pooling", 17 + 14 / 24, 18 + 9 / 24, "queries are pooled otherwise than documents"),
    *(
        Event(f"lost, day {i + 1}", 23.0 + i, min(24.0 + i, 27.4), "edited documents get lost")
        for i in range(5)
    ),
)


@dataclass(frozen=True)
class Month:
    """Every series by its name in Prometheus, counters as what each step added; NaN: not scraped.

    ``series`` maps names to float64 arrays (steps,); ``buckets`` is an int array (steps, bounds + 1) of
    searches by latency, not cumulative.
    """

    series: dict[str, Reals]
    buckets: NDArray[np.int64]
    events: Sequence[Event] = EVENTS

    @property
    def days(self) -> Reals:
        """When each step ends, in days."""
        return np.arange(1, len(self.buckets) + 1) / STEPS_A_DAY


def states_of(steps: int = DAYS * STEPS_A_DAY, events: Sequence[Event] = EVENTS) -> list[str]:
    """Return the state in each step.

    Examples
    --------
    >>> states = states_of()
    >>> states[0], states[18 * STEPS_A_DAY]
    ('healthy', 'other pooling')
    """
    states = ["healthy"] * steps
    for event in events:
        for step in range(round(event.start * STEPS_A_DAY), round(event.end * STEPS_A_DAY)):
            states[step] = event.state
    return states


def make_month(figures: Mapping, *, seed: int = 0) -> Month:
    """Expand the measured states into a month: who asks when is drawn, what they get was measured.

    Canaries: 50 of the 100 in each step. Hourly: recall of 100 of the sampled queries and the stability index
    of 300 first scores, drawn anew from those of the state. Searches follow the hour of the day.

    Parameters
    ----------
    figures : mapping
        As `shipped_month` returns it.
    seed : int
    """
    rng = np.random.default_rng(seed)
    names = states_of()
    n = len(names)
    measured = figures["states"]
    shown = [measured["healthy" if name == SILENT else name] for name in names]
    reference, floor = np.array(figures["quantiles"]), figures["quantiles"][1]
    keys = ("canary_checks", "canary_failed", "canary_ndcg", "canary_cosine", "ann_recall", "query_psi")
    series = {key: np.full(n, np.nan) for key in keys}
    hour = np.arange(n) * STEP / 60 % 24
    searches = rng.poisson(40 + 35 * np.sin((hour - 8) / 24 * 2 * np.pi)).astype(float)
    empty, buckets = np.zeros(n), np.zeros((n, len(latency_buckets()) + 1), np.int64)
    place = np.searchsorted(latency_buckets(), np.array(figures["milliseconds"]) / 1000)
    for step, (name, state) in enumerate(zip(names, shown, strict=True)):
        if name != SILENT:
            asked = rng.choice(len(state["found"]), ROUND, replace=False)
            series["canary_checks"][step] = ROUND
            series["canary_failed"][step] = ROUND - np.array(state["found"])[asked].sum()
            series["canary_ndcg"][step] = np.array(state["ndcg"])[asked].mean()
            series["canary_cosine"][step] = state["cosine"]
        if step % 12 == 0 or name != names[step - 1]:
            recall = np.mean(rng.choice(state["recall"], 100))
            psi = stability(rng.choice(state["scores"], 300), reference, reference[10:-1:10])
        series["ann_recall"][step], series["query_psi"][step] = recall, psi
        drawn = rng.choice(state["scores"], int(searches[step]))
        empty[step] = (drawn < floor).sum()
        buckets[step] = np.bincount(rng.choice(place, len(drawn)), minlength=buckets.shape[1])
    lost = np.array([measured["healthy"]["documents"] - state["documents"] for state in shown], float)
    series |= {"searches": searches, "searches_empty": empty}
    series["reembedding_backlog"] = _gradual(lost) + rng.integers(0, 20, n)
    return Month(series, buckets)


def _gradual(lost: Reals) -> Reals:
    """Spread what is lost in a day over that day: the states are those of the days' ends."""
    grown, ends = lost.copy(), np.flatnonzero(np.diff(lost)) + 1
    for start, end in zip(ends, [*ends[1:], len(lost)], strict=True):
        if lost[start] > lost[start - 1]:
            grown[start:end] = np.linspace(lost[start - 1], lost[start], end - start)
    return grown


def as_series(month: Month, start: int, stop: int) -> list[dict[str, str]]:
    """Write steps of the month as promtool's input series; counters are summed up, "_" is a missed scrape.

    Returns
    -------
    list of {"series": name, "values": text}
    """
    counters = {"canary_checks", "canary_failed", "searches", "searches_empty"}
    written = []
    for name, values in month.series.items():
        part = values[start:stop]
        if name in counters:
            part = np.where(np.isnan(part), np.nan, np.cumsum(np.nan_to_num(part)))
        text = " ".join("_" if np.isnan(value) else f"{value:g}" for value in part)
        written.append({"series": f"embedlab_{name}{'_total' * (name in counters)}", "values": text})
    cumulative = month.buckets[start:stop].cumsum(axis=1).cumsum(axis=0)
    for j, bound in enumerate([*(f"{b:g}" for b in latency_buckets()), "+Inf"]):
        text = " ".join(map(str, cumulative[:, j]))
        written.append({"series": f'embedlab_search_seconds_bucket{{le="{bound}"}}', "values": text})
    written.append(
        {"series": "embedlab_search_seconds_count", "values": " ".join(map(str, cumulative[:, -1]))}
    )
    return written
