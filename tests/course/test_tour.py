"""The tour shows what the engine does, not something like it."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from embedlab.course import draw, trace
from embedlab.embedder import Embedder, TruncationWarning
from embedlab.engine import SearchEngine

TEXTS = ["the cat sat on the mat", "stocks fell on Monday", "how to bake bread"]
QUERY = "a kitten resting"


@pytest.fixture(scope="module")
def engine():
    return SearchEngine.build(TEXTS, ["cat", "stocks", "bread"], cache=False)


def test_every_stage_is_the_engines_own(engine):
    steps = trace(engine, QUERY, k=2)
    assert steps.hits == engine.search(QUERY, k=2)
    np.testing.assert_array_equal(steps.vector, engine.embedder.encode([QUERY])[0])
    np.testing.assert_array_equal(steps.hidden, engine.embedder.encode_tokens([QUERY])[0])
    np.testing.assert_allclose(steps.pooled, steps.hidden.mean(axis=0), rtol=1e-5, atol=1e-6)
    assert steps.ids == engine.embedder.tokenizer.encode(QUERY)
    assert steps.tokens == ["[CLS]", *engine.embedder.tokenizer.tokenize(QUERY), "[SEP]"]
    assert steps.hidden.shape == (len(steps.tokens), engine.embedder.dims)


def test_no_more_hits_than_documents(engine):
    hits = trace(engine, QUERY, k=10).hits
    assert hits[0].id == "cat"
    assert len(hits) == 3


def test_a_long_query_is_cut_as_the_engine_cuts_it(engine):
    long = "bread " * 400
    with pytest.warns(TruncationWarning):
        assert len(trace(engine, long).ids) == engine.embedder.max_length


def test_refusals(engine):
    with pytest.raises(ValueError, match="the query is empty"):
        trace(engine, " ")
    other = SearchEngine.build(TEXTS, embedder=Embedder.load(pooling="max"), cache=False)
    with pytest.raises(ValueError, match="follows mean pooling, but this engine's is 'max'"):
        trace(other, QUERY)


@pytest.mark.parametrize("query", [QUERY, "bread", "a long wish for bread that was baked by others"])
def test_the_picture_says_what_was_traced(engine, query):
    steps = trace(engine, query)
    figure = draw(steps, documents=3)
    written = [text.get_text() for text in figure.axes[0].texts]
    for part in (*steps.tokens, *map(str, steps.ids), *(hit.id for hit in steps.hits)):
        assert part in written
    assert f"({len(steps.ids)}, 384): a row a token" in written
    hidden, vector, key = figure.axes[0].images
    assert key.get_cmap()(1.0)[2] > key.get_cmap()(1.0)[0]  # above zero is violet, below brown, as written
    assert key.get_cmap()(0.0)[0] > key.get_cmap()(0.0)[2]
    assert hidden.get_cmap().name == key.get_cmap().name
    hidden, vector = hidden.get_array(), vector.get_array()
    np.testing.assert_array_equal(np.sign(hidden), np.sign(steps.hidden))
    np.testing.assert_array_equal(np.sign(vector[0]), np.sign(steps.vector))
    plt.close(figure)


def test_nothing_is_drawn_outside_of_the_picture(engine):
    figure = draw(trace(engine, QUERY), documents=6152)
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        assert box.x0 >= 0, text
        assert box.x1 <= width, text
        assert box.y0 >= 0, text
        assert box.y1 <= height, text
    plt.close(figure)
