"""Chapter 22's pictures show what they are given."""

import dataclasses
import itertools

import matplotlib.pyplot as plt
import pytest

from embedlab.course import system_design_figures as figures
from embedlab.system_design import compared, measured_for, references


@pytest.fixture
def rows():
    yield compared([(one, measured_for(one)) for one in references("tickets")], yours="tickets-lean")
    plt.close("all")


def test_a_bar_is_as_long_as_its_stages(rows):
    (ax,) = figures.draw_stages(rows).axes
    for place, row in enumerate(rows):
        bars = [bar for bar in ax.patches if round(bar.get_y() + bar.get_height() / 2) == place]
        whole = 1000 * sum(row.at[name] for name, _ in figures.STAGES)
        assert sum(bar.get_width() for bar in bars) == pytest.approx(whole)


def test_the_legend_has_the_stages_that_can_be_seen(rows):
    (ax,) = figures.draw_stages(rows).axes
    widest = {
        name: max(bar.get_width() for bar in ax.patches[i::4]) for i, (name, _) in enumerate(figures.STAGES)
    }
    shown = {text.get_text() for text in ax.get_legend().get_texts()}
    assert shown == {name for name in widest if widest[name] > max(widest.values()) / 150}
    assert "words" not in shown


def test_designs_stand_where_they_cost_and_find(rows):
    (ax,) = figures.draw_pareto(rows).axes
    points = {text.get_text(): text.xy for text in ax.texts if text.get_text().isdigit()}
    names = dict(text.get_text().split("  ") for text in ax.texts if "  " in text.get_text())
    labels = {name.split(":")[0]: points[number] for number, name in names.items()}
    assert labels == {row.design.name: (row.dollars, row.measured.ndcg) for row in rows}
    stars = [line for line in ax.lines if line.get_marker() == "*"]
    assert [star.get_xydata()[0].tolist() for star in stars] == [[rows[0].dollars, rows[0].measured.ndcg]]


def test_the_largest_effect_stands_first():
    (ax,) = figures.draw_bill({"small": (9, 11), "large": (2, 40)}, 10, {}).axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["large", "small"]
    plt.close("all")


def test_the_ends_of_a_bar_say_what_they_are():
    (ax,) = figures.draw_bill({"busy": (9, 3)}, 6, {"busy": ("30 %", "80 %")}).axes
    assert {text.get_text(): text.get_position()[0] for text in ax.texts} == {"30 %": 7.5, "80 %": 4.5}
    plt.close("all")


def test_designs_of_the_same_dollars_stand_one_above_the_other(rows):
    """Nothing is moved aside: a place is a price. The numbers beside the points do not collide."""
    better = dataclasses.replace(rows[1].measured, ndcg=rows[1].measured.ndcg + 0.04)
    twin = rows[1].design.model_copy(update={"name": "twin"})
    (ax,) = figures.draw_pareto([*rows, *compared([(twin, better)])]).axes
    ax.figure.canvas.draw()
    numbers = [text for text in ax.texts if text.get_text().isdigit()]
    assert sorted(text.xy[0] for text in numbers).count(rows[1].dollars) == 2
    boxes = [text.get_window_extent() for text in numbers]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_tenants_above_the_line_are_counted():
    (ax,) = figures.draw_tenants([10, 200, 3000, 50_000], exact_up_to=1000).axes
    texts = [text.get_text() for text in ax.texts]
    assert "2 tenants above" in texts
    assert "2 below" in texts
    plt.close("all")
