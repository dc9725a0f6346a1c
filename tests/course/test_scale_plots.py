"""The plots of chapter 16 on made-up figures: what they label, and that labels do not collide."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.course import scale_plots, scale_tables


def heights(axes):
    axes.figure.canvas.draw()
    return sorted(text.get_window_extent().y0 for text in axes.texts)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=9), st.floats(0.1, 50))
def test_places_are_moved_apart_and_no_farther_than_needed(places, gap):
    moved = scale_plots.apart(sorted(places), gap)
    assert min(np.diff(moved), default=gap) >= gap - 1e-6
    assert np.mean(moved) == pytest.approx(np.mean(places), abs=1e-6)
    if min(np.diff(sorted(places)), default=gap) >= gap:
        assert moved == sorted(places)


def test_growth_is_labelled_at_the_ends_and_log():
    rows = [
        {"name": name, "n": n, "ms": n / 1e5, "compared": n / 10}
        for name in ("IVF", "Vamana")
        for n in (1e4, 1e5)
    ]
    figure = scale_plots.draw_growth(rows, {"IVF": "lists", "Vamana": "a graph"})
    left, right = figure.axes
    assert {text.get_text() for text in right.texts} == {"lists", "a graph"}
    assert np.diff(heights(right)).min() > 10
    assert left.get_ylim()[0] > 100
    assert [tick.get_text() for tick in left.get_xticklabels()] == ["10 k", "100 k"]


def test_the_frontier_shows_curves_and_bytes():
    curve = [{"recall": r, "qps": q} for r, q in ((0.5, 9000), (0.8, 5000), (0.79, 4000), (0.97, 2000))]
    size = {
        "n": 1000,
        "indexes": {name: {"curve": curve, "bytes": 1500.0} for name in ("IVF", "Vamana", "peer")},
    }
    figure = scale_plots.draw_frontier(
        size, ["IVF", "Vamana"], {"IVF": 2500.0, "Vamana": 2510.0, "peer": 9000.0}
    )
    left, right = figure.axes
    assert [len(line.get_xdata()) for line in left.lines] == [
        2,
        2,
    ]  # dominated points and low recall left out
    assert {text.get_text() for text in right.texts} == {"IVF", "Vamana", "peer"}
    assert [line.get_markerfacecolor() for line in right.lines][-1] == "none"
    assert np.diff(heights(right)).min() > 8


def test_dimensions_leave_out_what_no_beam_reached():
    rows = [
        {"kind": kind, "dims": d, "compared": 400.0 if kind == "documents" else 90.0 * d, "intrinsic": d / 2}
        for kind in scale_plots.KINDS
        for d in (16, 64)
    ]
    rows[-1]["compared"] = None
    figure = scale_plots.draw_dimensions(rows)
    assert len(figure.axes[0].lines) == 3
    assert {text.get_text() for text in figure.axes[1].texts} == {
        look[0] for look in scale_plots.KINDS.values()
    }


def test_memory_names_its_machines():
    figure = scale_plots.draw_memory({"codes": 48.0, "more": 50.0, "floats": 1536.0}, 48e9, (1e6, 1e9))
    (axes,) = figure.axes
    texts = {text.get_text() for text in axes.texts}
    assert {"one machine", "ten", "codes: 48 B", "floats: 1,536 B"} <= texts
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1 M", "1 B"]


def test_the_table_says_what_fits():
    sizes = {"graph": 2000, "int8": 2500, "codes": 1000, "bits": 1040, "kept": 800}
    sizes |= {"disk": 50, "longer": 100, "sectors": 2048}
    head, rule, *rows = scale_tables.which_index(sizes, 1e9, (71_000, 148_000)).splitlines()
    assert {line.count("|") for line in (head, rule, *rows)} == {6}
    assert "70,000 (ours) to 150,000 (FAISS) vectors a search" in rows[0]
    assert "1 million a machine" in rows[2]
    assert "| 1,000 to 1,040, or 200 to 240 with those on a disk |" in rows[2]
    assert "10 million to 20 million" in rows[3]
