"""What the chapter measures on graphs, on few vectors: shapes, what must hold, and what is kept."""

import numpy as np
import pytest

from embedlab.machine import shipped_figures
from embedlab.scale import VamanaIndex, graph_experiments, graph_runs, vamana_plain

GRAPH = {"degree": 16, "width": 40}


def test_hops_finds_what_search_finds(vectors, queries):
    index = VamanaIndex(32, **GRAPH)
    index.add(vectors)
    ids, hops, compared = graph_runs.hops(index, queries, 20)
    assert ids.tolist() == index.search(queries, 10, beam=20)[1].tolist()
    assert compared == index.compared > hops >= 20


def test_alpha_buys_hops_with_links(vectors, queries):
    plain, loose = graph_runs.by_alpha(vectors, queries, graph_runs.SETTINGS[:2], (10, 40), width=40)
    assert plain["links"] < loose["links"]
    assert plain["recall"][0] < loose["recall"][0]
    assert plain["compared"][0] < loose["compared"][0]


def test_what_is_on_disk_is_opened_the_second_time(vectors, queries, monkeypatch):
    graph = graph_experiments.linked(VamanaIndex(32, **GRAPH), vectors)
    first = graph_experiments.on_disk(graph, 8).search(queries, 10)
    monkeypatch.setattr(graph_experiments.disk.DiskIndex, "from_graph", None)
    again = graph_experiments.on_disk(graph_experiments.linked(VamanaIndex(32, **GRAPH), vectors), 8)
    np.testing.assert_array_equal(again.search(queries, 10)[1], first[1])


@pytest.mark.parametrize("alpha", [1.0, 1.3])
def test_the_steps_are_those_of_robust_prune(vectors, alpha):
    candidates = set(range(1, 80))
    steps = graph_runs.prune_steps(0, candidates, vectors, alpha)
    chosen = [j for _, j, led in steps if led < 0]
    assert chosen == vamana_plain.robust_prune(0, candidates, vectors, alpha, 80)
    assert all(led in chosen for _, _, led in steps if led >= 0)


@pytest.mark.parametrize("kind", graph_experiments.KINDS)
def test_filters_follow_the_query_or_do_not(vectors, queries, kind):
    masks = graph_experiments.masks(vectors, queries, kind, 0.2)
    assert (masks.sum(axis=1) == 600).all()
    inside = np.mean([(vectors[mask] @ q).mean() for mask, q in zip(masks, queries, strict=True)])
    outside = np.mean([(vectors[~mask] @ q).mean() for mask, q in zip(masks, queries, strict=True)])
    wanted = {"near": inside > outside + 0.3, "far": inside < outside, "random": abs(inside - outside) < 0.05}
    assert wanted[kind]


def test_an_unknown_kind_of_filter_is_named(vectors, queries):
    with pytest.raises(ValueError, match="kind must be one of random, near, far, but is 'odd'"):
        graph_experiments.masks(vectors, queries, "odd", 0.1)


@pytest.mark.slow
def test_memory_is_measured_once(vectors, queries, monkeypatch):
    graph = graph_experiments.linked(VamanaIndex(32, **GRAPH), vectors)
    found = graph_experiments.memory([graph, graph_experiments.on_disk(graph, 8)], queries)
    assert found.shape == (2, 3)
    assert (np.diff(found) > -(1 << 20)).all()
    monkeypatch.setattr(graph_experiments.resident, "memory_of", None)
    again = graph_experiments.memory([graph, graph_experiments.on_disk(graph, 8)], queries)
    assert again.tolist() == found.tolist()


@pytest.mark.slow
def test_filters(vectors, queries):
    found = graph_experiments.filters(vectors, queries[:20], graph=GRAPH, shares=(0.5, 0.01), beams=(10, 40))
    assert found["recall"].shape == found["compared"].shape == (3, 2, 4, 2)
    assert (found["recall"][:, :, 0] == 1).all()
    assert found["compared"][:, :, 0, 0].tolist() == [[1500, 30]] * 3
    through, hops = 2, 3
    assert (found["recall"][:, 0, through, 1] > 0.9).all()
    assert (found["compared"][:, 1, hops] <= found["compared"][:, 1, through]).all()


@pytest.mark.slow
def test_hashing_and_trees(vectors, queries):
    options = {"lsh": ((6, 4),), "probes": (1, 64), "trees": (2, 32), "least": (10, 3000)}
    found = graph_experiments.before_graphs(vectors, queries, **options)
    assert (found["recall"][:, 1] == 1).all()
    assert (found["read"][:, 1] == len(vectors)).all()


@pytest.mark.slow
def test_copies_help_where_lists_are_read(vectors, queries):
    alone, twice = graph_runs.by_overlap(vectors, queries, nlist=100, epsilons=(0.0, 0.3), probes=(4, 100))
    assert alone["copies"] == 1 < twice["copies"]
    assert alone["recall"][0] <= twice["recall"][0]
    assert alone["read"][0] < twice["read"][0]
    assert alone["recall"][1] == twice["recall"][1] == 1
    assert alone["read"][1] == 3000 < twice["read"][1]


def test_what_is_shipped_says_what_the_chapter_says():
    found = shipped_figures("scale", "graphs")
    plain, loose, capped, few = found["alpha"]
    assert plain["links"] < 0.6 * loose["links"]
    assert abs(few["links"] - plain["links"]) < 2
    assert capped["degree"] == few["degree"]

    def at(row, name, target=0.95):
        return np.interp(target, row["recall"], row[name])

    assert at(loose, "hops") < at(plain, "hops")
    assert at(loose, "compared") > at(plain, "compared")
    strict, usual = (np.array(one["compared"]) for one in found["churn"])
    assert strict[1, -1] < 0.9 * strict[1, 0]
    assert usual[1, -1] > usual[1, 0]
