"""Spaces, maps between them, the ladder of fallbacks, and what was measured of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.pooling import l2_normalize
from embedlab.serving import (
    CANARIES,
    NothingAnsweredError,
    Space,
    SpaceCard,
    SpaceError,
    Step,
    canary_cosines,
    check_space,
    fallback_figures,
    first_answer,
    mapped,
    procrustes,
    ridge_map,
)


def vectors(n, d, seed=0):
    return l2_normalize(np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32))


@given(st.integers(2, 16), st.integers(0, 100))
def test_procrustes_finds_a_rotation_again(dims, seed):
    source = vectors(60, dims, seed)
    space = Space(source, {}).rotated(seed)
    matrix = procrustes(source, space.documents)
    assert np.allclose(matrix @ matrix.T, np.eye(dims), atol=1e-4)
    assert np.allclose(mapped(source, matrix), space.documents, atol=1e-4)


def test_procrustes_is_that_of_scipy():
    from scipy.linalg import orthogonal_procrustes

    source, target = vectors(50, 8, 1), vectors(50, 8, 2)
    assert np.allclose(procrustes(source, target), orthogonal_procrustes(source, target)[0], atol=1e-4)


def test_ridge_is_that_of_scikit_learn():
    from sklearn.linear_model import Ridge

    source, target = vectors(50, 8, 1), vectors(50, 5, 2)
    theirs = Ridge(alpha=0.3, fit_intercept=False).fit(source, target).coef_.T
    assert np.allclose(ridge_map(source, target, 0.3), theirs, atol=1e-4)


def test_half_precision_passes_and_another_model_does_not():
    known = vectors(6, 384)
    card = SpaceCard("embed-1", known)
    check_space(card, "embed-1", known.astype(np.float16).astype(np.float32))
    with pytest.raises(SpaceError, match=r"'embed-1', but 'embed-2'"):
        check_space(card, "embed-2", known)
    worse = known.copy()
    worse[3] = vectors(1, 384, 5)
    with pytest.raises(SpaceError, match="canary 3"):
        check_space(card, "embed-1", worse)
    worse[3] = np.nan
    with pytest.raises(SpaceError, match="canary 3"):
        check_space(card, "embed-1", worse)
    with pytest.raises(SpaceError, match="256"):
        check_space(card, "embed-1", known[:, :256])


def test_maps_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="8 and 5"):
        procrustes(vectors(10, 8), vectors(10, 5))
    with pytest.raises(ValueError, match="same texts"):
        ridge_map(vectors(10, 8), vectors(9, 8))
    with pytest.raises(ValueError, match="-1"):
        ridge_map(vectors(10, 8), vectors(10, 8), -1)


def test_the_ladder_keeps_time_for_its_last_step():
    now = [0.0]

    def slow(seconds):
        now[0] += seconds
        raise TimeoutError

    given_ = []
    steps = [
        Step("remote", slow, reserve=0.3),
        Step("second index", slow, reserve=0.3),
        Step("bm25", given_.append),
    ]
    found = first_answer(steps, 1.0, clock=lambda: now[0])
    assert found.step == "bm25"
    assert found.degraded
    assert [name for name, _ in found.failed] == ["remote", "second index"]
    assert given_ == [pytest.approx(0.3)]


def test_when_nothing_answers_every_reason_is_said():
    def broken(seconds):
        raise OSError("no route")

    with pytest.raises(NothingAnsweredError, match="remote: OSError: no route; bm25: OSError"):
        first_answer([Step("remote", broken), Step("bm25", broken)], 1.0)


def test_what_was_measured_says_what_the_chapter_says():
    found = fallback_figures()
    crossed, ways = found["crossed, nDCG@10 on dev"], found["ways out, on test"]
    assert crossed["fine-tuned, rotated"]["mean"] < 0.02  # another space: nothing is found
    assert crossed["fine-tuned"]["mean"] > 0.6  # fine-tuned by a little: almost the same space
    assert (
        crossed["mean, 256 tokens"]["cls, 256 tokens"]
        < crossed["mean, 256 tokens"]["mean, 256 tokens"] - 0.05
    )
    assert ways["mean: map of 1000"]["ndcg"] > ways["mean: second index"]["ndcg"] > ways["bm25"]["ndcg"]
    assert ways["lsa: map of 5583"]["ndcg"] < ways["bm25"]["ndcg"] - 0.2


@pytest.mark.slow
def test_only_the_long_canary_notices_a_model_that_reads_less():
    from embedlab.engine import embedder

    texts = list(CANARIES)
    card = SpaceCard.made("minilm", lambda some: embedder().encode(some, on_long="cut"))
    check_space(card, "minilm", embedder().encode(texts, on_long="cut"))
    cosines = canary_cosines(card, embedder().reading(64).encode(texts, on_long="cut"))
    assert (cosines[:-1] > 0.9999).all()
    assert cosines[-1] < 0.99
    with pytest.raises(SpaceError, match="canary 5"):
        check_space(card, "minilm", embedder().reading(64).encode(texts, on_long="cut"))
