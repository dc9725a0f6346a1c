"""Full text and hybrid search on the benchmark: a fresh run, and what comes with the course."""

import numpy as np
import pytest
from vectors import unit

pytest.importorskip("psycopg", reason="the extra production is not installed")

from embedlab.benchmark import docsearch, quality
from embedlab.vector_databases import quality as room
from embedlab.vector_databases import ship_rankings, text_rankings

NAMES = {*room.TEXT, *(name.replace("full text", "hybrid") for name in room.TEXT), "dense", "BM25", "rrf"}


@pytest.mark.slow
def test_a_fresh_run_on_a_sample_and_shipping_it(url, tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    small = docsearch().sample(150)
    vectors, queries = unit(150, dims=16), unit(len(small.splits["dev"]), seed=1, dims=16)
    found = text_rankings(url, small, vectors, queries)
    assert set(found) == NAMES
    good = {name: quality(small, ranking, split="dev").mean() for name, ranking in found.items()}
    assert good["BM25"] > good["full text, any word"] > good["dense"], "these vectors are noise"
    assert text_rankings("no server", small, vectors, queries)["rrf"][1].shape == found["rrf"][1].shape
    monkeypatch.setattr(room, "RANKINGS", tmp_path / "new" / "rankings.safetensors")
    ship_rankings({"dev": found}, small, room.RANKINGS)
    shipped = text_rankings("no server", small, vectors[:0], queries[:0])
    np.testing.assert_array_equal(shipped["rrf"][1], found["rrf"][1][:, : room.SHIPPED])


def test_what_comes_with_the_course():
    benchmark, nothing = docsearch(), np.zeros((0, 384), np.float32)
    if room._shipped(benchmark, "dev") is None:
        pytest.skip("other versions of the packages that DocSearch is built from")
    for split, queries in (("dev", 300), ("test", 456)):
        found = text_rankings("no server", benchmark, nothing, nothing, split)
        assert set(found) == NAMES
        assert all(ids.shape == (queries, room.SHIPPED) for _, ids in found.values())
        good = {name: quality(benchmark, ranking, split=split).mean() for name, ranking in found.items()}
        assert good["BM25"] > good["full text, any word, by log length"] > good["full text, all words"]
        assert good["full text by ts_rank_cd, all words"] > good["full text by ts_rank_cd, any word"]
        assert good["hybrid, any word"] > good["hybrid, all words"] > good["dense"]
