"""One graph against several: more of them find more with the same beam, and compute more."""

from vectors import unit

from embedlab.vector_databases import exact_rows, graph_rows, ms_at, shipped_shards


def test_graphs_of_a_part_each():
    rows = graph_rows(unit(2000, dims=16), unit(20, seed=1, dims=16), shards=(1, 4), widths=(4, 20, 2000))
    by = {(row["engine"], row["width"]): row for row in rows}
    assert by["1 graph", 2000]["recall"] == by["4 graphs", 2000]["recall"] == 1
    assert by["4 graphs", 4]["recall"] > by["1 graph", 4]["recall"]
    assert by["4 graphs", 20]["distances"] > by["1 graph", 20]["distances"]
    assert all(row["ms"] <= row["ms_together"] for row in rows)


def test_what_comes_with_the_course():
    graphs = shipped_shards()["graphs"]
    assert {row["engine"] for row in graphs["rows"]} == {"1 graph", "8 graphs"}
    assert all(ms_at(graphs["rows"], 0.95).values())
    assert graphs["about"]["command"] == "embedlab bench shards --write"
    one, eight = graphs["exact"]
    assert eight["ms"] < one["ms"]


def test_parts_of_an_exact_search():
    one, four = exact_rows(unit(4000, dims=64), unit(20, seed=1, dims=64), shards=(1, 4))
    assert (one["shards"], four["shards"]) == (1, 4)
    assert one["ms"] == one["ms_together"]
    assert four["ms"] < four["ms_together"]
