"""The real vectors of the bench of scale: different texts, none too long, and grown only beyond them."""

import numpy as np
import pytest

from embedlab.benchmark import docsearch, wikipedia
from embedlab.engine import embedder
from embedlab.pooling import l2_normalize
from embedlab.speed import chunks


class Counting:
    """Embeds the i-th text as a vector of its own."""

    def encode(self, texts, **_):
        return np.eye(8, dtype=np.float32)[np.arange(len(texts)) % 8]


@pytest.fixture
def fifty(monkeypatch):
    monkeypatch.setattr(chunks, "chunk_texts", lambda: [f"text {i}" for i in range(50)])
    return Counting()


def test_real_ones_come_first_and_stay(fifty):
    real = chunks.real_vectors(50, fifty)
    assert np.array_equal(chunks.real_vectors(20, fifty), real[:20])
    more = chunks.real_vectors(70, fifty)
    assert np.array_equal(more[:50], real)
    assert more.shape == (70, 8)
    assert np.linalg.norm(more, axis=1) == pytest.approx(np.ones(70), abs=1e-5)
    assert len(np.unique(more[50:], axis=0)) == 20
    few = chunks.real_vectors(50, fifty, real=5)
    assert np.array_equal(few[:5], real[:5])
    assert len(np.unique(few, axis=0)) == 50


def test_grown_ones_lie_near_their_own_subject():
    rng = np.random.default_rng(0)
    subjects = np.repeat(np.eye(3, 24, dtype=np.float32), 40, axis=0)
    vectors = l2_normalize(subjects + 0.1 * rng.standard_normal(subjects.shape, dtype=np.float32))
    made = chunks.between_related(vectors, 600)
    own = np.repeat(np.arange(3), 40)[np.arange(600) % 120]
    assert (made @ np.eye(3, 24).T).argmax(axis=1).tolist() == own.tolist()
    nearest = (made @ vectors.T).max(axis=1)
    assert np.median(nearest) < 0.999  # none is a copy
    assert nearest.min() > 0.85


def test_none_is_refused(fifty):
    with pytest.raises(ValueError, match="at least 1, but is 0"):
        chunks.real_vectors(0, fifty)


@pytest.mark.slow
def test_texts_are_different_short_and_of_both_collections():
    texts = chunks.chunk_texts()
    assert len(texts) == len(set(texts)) == chunks.CHUNKS
    assert min(len(text.split()) for text in texts) >= chunks.WORDS
    some = texts[:300]
    longest = max(len(ids) for ids in embedder().tokenizer.encode_batch(some))
    assert longest <= chunks.TOKENS + 2
    whole = "\n".join(
        " ".join(text.split()) for text in (*docsearch().documents, *(one.text for one in wikipedia()))
    )
    assert all(text in whole for text in some)
    ours = "\n".join(" ".join(text.split()) for text in docsearch().documents)
    assert 150 < sum(text in ours for text in some) < 300
