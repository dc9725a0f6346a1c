"""One HTML page from the month's metrics, for a person: no script, no server, light and dark."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from embedlab.drift.clicks import Bools
from embedlab.drift.dashboard_panels import Panel, panels
from embedlab.drift.dashboard_style import STYLE
from embedlab.drift.month import DAYS, STEPS_A_DAY, Month

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 390, 150, 40, 10, 10, 24


def spans(fires: Bools) -> list[tuple[int, int]]:
    """Return the stretches in which an alert fires: (first step, step after the last).

    Examples
    --------
    >>> spans(np.array([False, True, True, False, True]))
    [(1, 3), (4, 5)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(fires, int), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _line(panel: Panel) -> str:
    """Draw a panel's lines, thinned to half an hour: the worst value of it, so that no incident is lost."""
    pad = -len(panel.values) % 6
    parts = np.concatenate([panel.values, np.full(pad, np.nan)]).reshape(-1, 6)
    missing = np.isnan(parts).all(axis=1)
    filled = np.nan_to_num(parts, nan=-np.inf if panel.worse == "above" else np.inf)
    worst = filled.max(axis=1) if panel.worse == "above" else filled.min(axis=1)
    pieces, here = [], []
    for i, (value, gone) in enumerate(zip(worst, missing, strict=True)):
        if gone:
            pieces, here = [*pieces, here], []
        else:
            here.append(f"{_x((i + 0.5) * 6):.1f},{_y(panel, value):.1f}")
    return "".join(
        f'<polyline class="line" points="{" ".join(piece)}"/>' for piece in [*pieces, here] if piece
    )


def _x(step: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * step / (DAYS * STEPS_A_DAY)


def _y(panel: Panel, value: float) -> float:
    share = (np.clip(value, panel.bottom, panel.top) - panel.bottom) / (panel.top - panel.bottom)
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - float(share))


def _tick(x: float, y: float, text: str, anchor: str = "end") -> str:
    return f'<text class="tick" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def draw(panel: Panel) -> str:
    """Draw a panel as SVG: the line, the limit (dashed), and a band wherever its alert fires."""
    bands = "".join(
        f'<rect class="fires {panel.severity}" x="{_x(a):.1f}" y="{TOP}" '
        f'width="{max(1.5, _x(b) - _x(a)):.1f}" height="{HEIGHT - TOP - BOTTOM}"/>'
        for a, b in spans(panel.fires)
    )
    floor, y = HEIGHT - BOTTOM, _y(panel, panel.limit)
    days = range(0, DAYS + 1, 5)
    ticks = "".join(_tick(_x(day * STEPS_A_DAY), HEIGHT - 6, f"{day}", "middle") for day in days)
    ticks += "".join(_tick(LEFT - 6, _y(panel, v) + 4, f"{v:g}") for v in (panel.bottom, panel.top))
    limit = f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    if min(abs(y - _y(panel, one)) for one in (panel.bottom, panel.top)) >= 14:
        limit += _tick(LEFT - 6, y + 4, f"{panel.limit:g}")
    text = f"{panel.title}, {panel.unit}, over {DAYS} days; limit {panel.limit:g}; "
    text += f"its alert fired {len(spans(panel.fires))} times"
    base = f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{floor}" y2="{floor}"/>'
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(text)}">'
        f"{bands}{base}{limit}{_line(panel)}{ticks}</svg>"
    )


def _card(panel: Panel) -> str:
    number = len(spans(panel.fires))
    state = (
        f'<span class="badge {panel.severity}">{panel.severity} × {number}</span>'
        if number
        else ('<span class="badge quiet">quiet</span>')
    )
    last = panel.values[~np.isnan(panel.values)][-1]
    sign = "≤" if panel.worse == "above" else "≥"
    return (
        f"<section><header><h2>{html.escape(panel.title)}</h2>{state}</header>"
        f'<p class="now"><b>{panel.shown.format(last)}</b> {html.escape(panel.unit)} '
        f'<span class="dim">(should be {sign} {panel.limit:g})</span></p>{draw(panel)}'
        f"<p><b>Means</b> {html.escape(panel.means)}</p><p><b>Do</b> {html.escape(panel.do)}</p></section>"
    )


def _when(step: int) -> str:
    day, rest = divmod(step, STEPS_A_DAY)
    minutes = rest * 24 * 60 // STEPS_A_DAY
    return f"day {day + 1}, {minutes // 60:02}:{minutes % 60:02}"


def timeline(month: Month, shown: Sequence[Panel]) -> list[tuple[int, str, str]]:
    """List what happened and what fired, by time: (step, kind, text); kinds: event, page, ticket."""
    lines = [
        (round(e.start * STEPS_A_DAY), "event", e.what)
        for e in month.events
        if not e.state.startswith("lost")
    ]
    lost = [e for e in month.events if e.state.startswith("lost")]
    if lost:
        lines.append((round(lost[0].start * STEPS_A_DAY), "event", lost[0].what))
    for panel in shown:
        for start, end in spans(panel.fires):
            length = (end - start) * 24 / STEPS_A_DAY
            lines.append((start, panel.severity, f"{panel.title} ({length:.1f} h)"))
    return sorted(lines)


def dashboard(month: Month) -> str:
    """Return the dashboard as one HTML document, without anything from outside."""
    shown = panels(month)
    rows = "".join(
        f'<li><time>{_when(step)}</time><span class="badge {kind}">{kind}</span>{html.escape(text)}</li>'
        for step, kind, text in timeline(month, shown)
    )
    parts = {kind: [panel for panel in shown if panel.severity == kind] for kind in ("page", "ticket")}
    pages, tickets = (sum(len(spans(panel.fires)) for panel in parts[kind]) for kind in parts)
    titles = {"page": "What users feel now", "ticket": "What they will feel, or what to look at"}
    grids = "".join(
        f'<h2 class="part">{titles[kind]}</h2><div class="grid">{"".join(map(_card, part))}</div>'
        for kind, part in parts.items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Quality of search</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main><h1>Quality of search, last {DAYS} days</h1>"
        f'<p class="lead">{pages} pages, {tickets} tickets. A dashed line is a limit; a band, an alert '
        "that fires; a line is cut at the top of its axis. Days on the horizontal axis.</p>"
        f'<section class="log"><h2>What happened</h2><ol>{rows}</ol></section>{grids}</main></body></html>'
    )


def write_dashboard(month: Month, file: Path) -> Path:
    """Write the dashboard to a file; open it in any browser."""
    file.write_text(dashboard(month), encoding="utf-8")
    return file
