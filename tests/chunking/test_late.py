"""Late chunking: each chunk pooled in the pass that shows most around it."""

import numpy as np
import pytest

from embedlab.chunking import chunk, home, late_vectors, windows
from embedlab.embedder import Embedder


def test_windows_cover_all_and_overlap_by_half():
    for tokens in (0, 1, 10, 99, 100, 101, 1000):
        found = windows(tokens, 100)
        assert sorted({i for a, b in found for i in range(a, b)}) == list(range(tokens))
        assert all(b - a <= 100 for a, b in found)


def test_a_chunk_is_at_home_where_it_is_whole():
    read = windows(1000, 100)
    for first in range(0, 960, 7):
        start, end = read[home((first, first + 40), read)]
        assert start <= first < first + 40 <= end


@pytest.mark.slow
def test_a_short_text_is_pooled_from_one_pass():
    embedder = Embedder.load()
    text = "The city lies on a river. It has a harbour. Ships come in at night."
    chunks = chunk(text, "sentences", size=10)
    hidden = embedder.encode_tokens([text], show_progress=False)[0]
    wanted = np.stack([hidden[1 + one.first : 1 + one.last].mean(axis=0) for one in chunks])
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(late_vectors(text, chunks, embedder), wanted, atol=1e-5)
    assert late_vectors("", [], embedder).shape == (0, 384)


@pytest.mark.slow
def test_what_cannot_be_pooled_is_named():
    embedder = Embedder.load()
    with pytest.raises(ValueError, match="'cls'"):
        late_vectors("text", chunk("text"), Embedder.load(pooling="cls"))
    long = "many words in a row " * 40
    with pytest.raises(ValueError, match="30"):
        late_vectors(long, chunk(long, size=128), embedder.reading(32))
