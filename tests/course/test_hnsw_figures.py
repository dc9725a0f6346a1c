"""The plots of chapter 06 on made-up results: what they label, and how they write numbers."""

import matplotlib.pyplot as plt
import numpy as np
from vectors import unit

from embedlab.course import hnsw_curves, hnsw_figures
from embedlab.hnsw import PlainHNSW


def test_a_walk_comes_nearer_and_down():
    index = PlainHNSW(16, m=4, ef_construction=20)
    index.add(unit(300))
    query = unit(1, 7)[0]
    steps = hnsw_figures.walk_down(index, query)
    layers = [layer for layer, _ in steps]
    assert steps[0] == (len(index.layers) - 1, index.entry)
    assert layers == sorted(layers, reverse=True)
    similarities = [index.vectors[i] @ query for _, i in steps]
    assert similarities == sorted(similarities)


def test_the_dome_keeps_the_neighbours_of_the_map():
    points, dome = hnsw_figures.flat_map(unit(400), n=200)
    on_map = np.linalg.norm(points[:, None] - points, axis=2).argsort(axis=1)[:, 1:6]
    on_dome = (dome @ dome.T).argsort(axis=1)[:, ::-1][:, 1:6]
    assert np.mean([len(set(a) & set(b)) / 5 for a, b in zip(on_map, on_dome, strict=True)]) > 0.85


def test_filters_deletes_growth_and_peers_are_labelled():
    rng = np.random.default_rng(0)
    masks = rng.random((2, 500)) < [[0.5], [0.1]]
    found = {"recall": rng.random((2, 4, 9)), "compared": 100 + rng.random((2, 4))}
    figure = hnsw_curves.draw_filters((masks, masks.copy()), (found, found), ("random", "tenants"), 0.2)
    assert figure.axes[2].get_ylabel() == "vectors compared"
    assert {"afterwards", "through all"} <= {text.get_text() for text in figure.axes[0].texts}

    wanted = np.array([[200, 180, 220], [300, 280, 320]])
    figure = hnsw_curves.draw_growth(
        (100, 1000), {"ef 10": rng.random((2, 9))}, wanted, wanted[:, 0], "log n"
    )
    assert [tick.get_text() for tick in figure.axes[1].get_xticklabels()] == ["100", "1,000"]

    speed = {name: [{"recall": 0.9, "qps": 1000.0}, {"recall": 0.95, "qps": 500.0}] for name in "abc"}
    figure = hnsw_curves.draw_peers({"a": [(0.9, 100), (0.95, 200)]}, speed, floats=2)
    assert [len(axes.lines) for axes in figure.axes] == [1, 2, 1]


def test_a_figure_carries_its_description(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **options: shown.append((data, options)))
    hnsw_figures.described(plt.figure(), "nothing on it")
    [(data, options)] = shown
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == options["metadata"]["image/png"]["alt"] == "nothing on it"
