"""The store of rankings: the same as the engines give, and found again."""

import numpy as np
import pytest

from embedlab.benchmark import docsearch
from embedlab.engine import Runs, build_engine
from embedlab.engine import runs as module

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def small():
    return docsearch().sample(300)


def test_rankings_are_those_of_the_engine_and_computed_once(small, monkeypatch, tmp_path):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    runs, texts = Runs(small), small.split("dev")[1]
    scores, rows = runs.ranking("bm25", "dev")
    expected = build_engine("bm25", small.documents, small.doc_ids).rank(texts, 100)
    np.testing.assert_allclose(scores, expected[0], rtol=1e-6)
    np.testing.assert_array_equal(rows, expected[1])
    monkeypatch.setattr(module, "build_engine", lambda *_: pytest.fail("computed again"))
    again = Runs(small).ranking("bm25", "dev")
    np.testing.assert_array_equal(again[1], rows)
    assert len(Runs(small).quality("bm25", "dev")) == len(texts)
    assert Runs(small).difference("bm25", "bm25", "dev").p == 1.0


def test_other_documents_are_another_run(small, monkeypatch, tmp_path):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    Runs(small).ranking("bm25", "dev")
    Runs(docsearch().sample(200)).ranking("bm25", "dev")
    assert len(list((tmp_path / "runs").iterdir())) >= 2


def test_an_unknown_engine_is_named(small):
    with pytest.raises(ValueError, match="there is no engine 'nothing'"):
        Runs(small).ranking("nothing")
