"""The frontier of the cross-encoder: what is reported, not how fast this machine is."""

import numpy as np
import pytest

from embedlab.machine import has_bfloat16
from embedlab.speed import bench_reranking, reranking
from embedlab.speed.reranking import WAYS, reranking_as_text, ways_of


class Fixed:
    """A stage that finds the same few for every query."""

    def __init__(self, start):
        self.start = start

    def rank(self, queries, k):
        ids = np.arange(self.start, self.start + k)
        return np.float32([-ids] * len(queries)), np.array([ids] * len(queries))


def test_each_way_is_judged_and_compared_with_the_first(monkeypatch):
    monkeypatch.setattr(reranking, "ways_of", lambda engine: {"old": Fixed(0), "new": Fixed(50)})
    result = bench_reranking("full", queries=4)
    old, new = result["rows"]
    assert (old["way"], old["difference"], old["ratio"]) == ("old", 0, 1)
    assert new["difference"] == pytest.approx(new["ndcg"] - old["ndcg"])
    assert result["queries"] == 4
    assert len(reranking_as_text(result).splitlines()) == 4


@pytest.mark.slow
def test_the_ways_share_the_first_stage_and_read_what_they_say():
    stages = ways_of("rerank")
    assert list(stages) == [name for name in WAYS if has_bfloat16() or "bfloat16" not in name]
    assert len({id(stage.first) for stage in stages.values()}) == 1
    for name, stage in stages.items():
        way = WAYS[name]
        assert (stage.model.dtype, stage.model.max_length, stage.depth) == (way.dtype, way.tokens, way.depth)
    assert len({stage.model.fingerprint for stage in stages.values()}) == len(
        {(stage.model.dtype, stage.model.max_length) for stage in stages.values()}
    )


@pytest.mark.parametrize("wrong", ["bm25", "unknown"])
def test_an_engine_without_a_cross_encoder_is_refused(wrong):
    with pytest.raises(ValueError, match=f"with a cross-encoder, such as full, but is {wrong!r}"):
        ways_of(wrong)
