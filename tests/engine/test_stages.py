"""The stages of an engine: fusion, reranking, and what a trace tells."""

import numpy as np
import pytest

from embedlab.engine import Engine, FusionStage, RerankStage, Stage, Trace

TEXTS = [f"document {i}" for i in range(8)]


class Fixed(Stage):
    """A stage that always finds the same."""

    bytes_per_doc = 10.0

    def __init__(self, ids, name="fixed"):
        self.ids, self.name = list(ids), name

    def __len__(self):
        return len(TEXTS)

    def ranked(self, queries, k, trace):
        kept = self.ids[:k]
        empty = k - len(kept)
        scores = [float(len(self.ids) - place) for place in range(len(kept))] + [-np.inf] * empty
        rows = kept + [-1] * empty
        return np.float32([scores] * len(queries)), np.array([rows] * len(queries))


class ByNumber:
    """A cross-encoder that likes documents with large numbers, and remembers what it read."""

    def __init__(self):
        self.read = []

    def score_pairs(self, pairs):
        self.read += pairs
        return np.float32([float(text.split()[1]) for _, text in pairs])


def reranked(ids, k=8, **options):
    return RerankStage(Fixed(ids), ByNumber(), TEXTS, **options).rank(["q"], k)[1][0].tolist()


def test_only_the_top_is_reordered_and_the_rest_stays_behind():
    assert reranked([3, 1, 5, 0, 7, 2], depth=3, weight=1) == [5, 3, 1, 0, 7, 2, -1, -1]


def test_weight_0_is_the_first_stage():
    order = [3, 1, 5, 0, 7, 2]
    assert reranked(order, k=6, depth=4, weight=0) == order


def test_fewer_results_than_depth():
    assert reranked([2, 6], k=3, depth=5, weight=1) == [6, 2, -1]
    assert reranked([], k=2, depth=5) == [-1, -1]


def test_fewer_asked_than_depth():
    assert reranked([3, 1, 5, 0, 7, 2], k=1, depth=6, weight=1) == [7]


def test_scores_fall_along_the_ranking():
    scores, ids = RerankStage(Fixed([3, 1, 5, 0, 7, 2]), ByNumber(), TEXTS, depth=3).rank(["a", "b"], 8)
    assert (np.diff(scores[:, :6]) <= 0).all()
    assert np.isneginf(scores[ids < 0]).all()


def test_the_model_reads_each_candidate_once():
    model = ByNumber()
    RerankStage(Fixed([3, 1]), model, TEXTS, depth=5).rank(["a", "b"], 4)
    assert model.read == [(q, TEXTS[i]) for q in "ab" for i in (3, 1)]


@pytest.mark.parametrize("options", [{"depth": 0}, {"weight": 1.5}, {"weight": -0.1}])
def test_settings_that_cannot_be_are_refused(options):
    with pytest.raises(ValueError, match="depth must be at least 1, weight 0 to 1"):
        RerankStage(Fixed([1]), ByNumber(), TEXTS, **options)


@pytest.mark.parametrize("method", ["rrf", "z-score", "min-max"])
def test_fusion_prefers_what_both_found(method):
    stage = FusionStage([Fixed([4, 2, 0]), Fixed([2, 4, 7])], method=method)
    assert set(stage.rank(["q"], 2)[1][0].tolist()) == {2, 4}
    assert stage.bytes_per_doc == 20


def test_weights_decide():
    parts = [Fixed([4, 2, 0]), Fixed([7, 5, 1])]
    assert FusionStage(parts, weights=[1, 0.1]).rank(["q"], 1)[1][0, 0] == 4
    assert FusionStage(parts, weights=[0.1, 1]).rank(["q"], 1)[1][0, 0] == 7


def test_a_trace_tells_places_and_own_times():
    fused = FusionStage([Fixed([4, 2], "one"), Fixed([2, 7], "two")])
    stage = RerankStage(fused, ByNumber(), TEXTS, depth=2, weight=1)
    engine = Engine(stage, [f"d{i}" for i in range(8)], TEXTS)
    trace = Trace()
    hits = engine.search("q", 3, trace)
    assert [step.name for step in trace.steps] == ["one", "two", "fusion (z-score)", "reranker"]
    assert all(step.ms >= 0 for step in trace.steps)
    assert engine.places(hits[0], trace)["reranker"] == 1
    assert engine.places(next(hit for hit in hits if hit.id == "d7"), trace)["one"] is None


def test_an_engine_returns_fewer_hits_where_there_are_fewer():
    engine = Engine(Fixed([5]), [f"d{i}" for i in range(8)], TEXTS)
    assert [hit.id for hit in engine.search("q", 4)] == ["d5"]
    assert engine.bytes_per_doc == 10
    with pytest.raises(ValueError, match="empty"):
        engine.search("  ")
    with pytest.raises(TypeError, match="must be a string"):
        engine.search(3)
