"""Training the projection: it learns, is repeatable, refuses what cannot be."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits
from token_matrices import laid_end_to_end

from embedlab.colbert import ColBERT, fit_projection, maxsim
from embedlab.embedder import Embedder

pytestmark = pytest.mark.slow

PAIRS = [
    ("sort a list", "puts the elements of a sequence into ascending order"),
    ("cat", "a small animal that purrs and hunts mice"),
    ("income tax", "money that the state takes of what people earn"),
    ("matrix product", "multiplies rows with columns and adds them up"),
    ("heart attack", "the muscle that pumps blood gets no oxygen"),
    ("bake bread", "knead flour with water and yeast, then heat the dough"),
    ("read a file", "opens a path and returns the text on the disk"),
    ("moon landing", "Armstrong left the capsule and walked in the dust"),
]
OPTIONS = {"lead": 7, "markers": True, "query_length": 9, "punctuation": True}


@pytest.fixture(scope="module")
def embedder():
    return Embedder.load(dtype="float32")


@pytest.fixture(scope="module")
def projection():
    return np.random.default_rng(0).normal(size=(384, 12)).astype(np.float32)


def fitted(embedder, pairs=PAIRS, **options):
    options = {"dims": 4, "steps": 5, "batch_size": len(pairs), "learning_rate": 0.02} | options
    with threadpool_limits(1, user_api="blas"):  # on a busy machine, threads wait for each other
        return fit_projection(ColBERT(embedder), pairs, show_progress=False, **options)[0]


def scores_of(model, pairs=PAIRS):
    """MaxSim of each query (row) with each document, divided by the query's tokens."""
    queries, documents = zip(*pairs, strict=True)
    tokens, offsets = laid_end_to_end(model.encode_documents(documents, show_progress=False))
    return np.array([maxsim(q, tokens, offsets) / len(q) for q in model.encode_queries(queries)])


def loss_of(scores, temperature=0.05):
    exponents = np.exp(scores / temperature)
    return -np.log(np.diag(exponents) / exponents.sum(axis=1)).mean()


def ndcg_of(scores):
    """Of one right document each: 1 / log2(rank + 1)."""
    ranks = (scores >= np.diag(scores)[:, None]).sum(axis=1)
    return (1 / np.log2(ranks + 1)).mean()


def test_training_lowers_the_loss_and_ranks_better(embedder):
    before = scores_of(fitted(embedder, dims=3, learning_rate=0.0))
    after = scores_of(fitted(embedder, dims=3, steps=10))
    assert loss_of(after) < 0.5 * loss_of(before)
    assert ndcg_of(after) > ndcg_of(before) + 0.1


def test_training_starts_from_random_directions_at_right_angles(embedder):
    one, other = (fitted(embedder, learning_rate=0.0, seed=seed).projection for seed in (0, 1))
    np.testing.assert_allclose(one.T @ one, np.eye(4), atol=1e-5)
    # In 384 dimensions, two random directions are nearly at right angles.
    assert np.abs(one.T @ other).max() < 0.5


def test_training_is_repeatable_and_follows_its_seed(embedder):
    first, second, other = (fitted(embedder, batch_size=3, seed=seed).projection for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert not np.allclose(first, other, atol=1e-3)


def test_training_keeps_the_options_of_the_model(embedder):
    model = ColBERT(embedder, **OPTIONS)
    trained, _ = fit_projection(model, PAIRS, dims=3, steps=1, batch_size=2, show_progress=False)
    assert (trained.dims, model.dims) == (3, 384)
    changed = {"projection": trained.identity["projection"]}
    assert trained.identity == model.identity | changed


def test_a_pair_of_weight_0_is_never_drawn(embedder):
    weights = [1.0, 2.0, 3.0, 0.0]
    one, same = (
        fitted(embedder, [*PAIRS[:3], last], batch_size=2, weights=weights).projection
        for last in (PAIRS[3], PAIRS[4])
    )
    np.testing.assert_array_equal(one, same)
    even = fitted(embedder, PAIRS[:4], batch_size=2).projection
    assert not np.allclose(one, even, atol=1e-3)


def test_weights_may_be_whole_numbers(embedder):
    results = [fitted(embedder, batch_size=2, weights=kind([1, 2] * 4)) for kind in (np.float32, list)]
    np.testing.assert_array_equal(*(model.projection for model in results))


@pytest.mark.parametrize(("pairs", "weights"), [(PAIRS[:2], None), (PAIRS[:5], [1.0, 1.0, 1.0, 0.0, 0.0])])
def test_fewer_pairs_than_a_batch_are_enough(embedder, pairs, weights):
    model = fitted(embedder, pairs, steps=2, batch_size=32, weights=weights)
    assert np.isfinite(model.projection).all()


@pytest.mark.parametrize(
    ("pairs", "dims", "message"),
    [
        ([], 4, "need at least 2 pairs, but got 0"),
        (PAIRS[:1], 4, "need at least 2 pairs, but got 1"),
        (PAIRS, 0, "cannot project 384 dimensions to 0"),
        (PAIRS, 385, "cannot project 384 dimensions to 385"),
    ],
)
def test_impossible_trainings_are_refused(embedder, pairs, dims, message):
    with pytest.raises(ValueError, match=message):
        fitted(embedder, pairs, dims=dims)


def test_a_model_that_projects_already_is_not_trained_again(embedder, projection):
    with pytest.raises(ValueError, match="or a model that does already"):
        fit_projection(ColBERT(embedder, projection), PAIRS, dims=4)


def test_the_losses_are_those_of_the_steps_before_each_is_taken(embedder):
    options = {"dims": 4, "steps": 6, "batch_size": len(PAIRS), "show_progress": False}
    start = fitted(embedder, learning_rate=0.0)
    _, losses = fit_projection(ColBERT(embedder), PAIRS, temperature=0.05, **options)
    assert len(losses) == 6
    assert losses[0] == pytest.approx(loss_of(scores_of(start)), rel=1e-4)
    _, first = fit_projection(ColBERT(embedder), PAIRS, temperature=0.05, stop_after=2, **options)
    np.testing.assert_allclose(first, losses[:2], rtol=1e-5)


def test_pairs_that_share_a_document_are_no_negatives_of_each_other(embedder):
    twice = [PAIRS[0], ("put in order", PAIRS[0][1])]
    options = {"dims": 4, "steps": 1, "batch_size": 2, "show_progress": False}
    _, [loss] = fit_projection(ColBERT(embedder), twice, **options)
    assert loss == 0
    _, [loss] = fit_projection(ColBERT(embedder), PAIRS[:2], **options)
    assert loss > 0


def test_an_interrupted_training_ends_with_the_same_projection(embedder, tmp_path):
    options = {"steps": 6, "batch_size": 3, "save_every": 2}
    fitted(embedder, checkpoint=tmp_path / "checkpoint", stop_after=4, **options)
    resumed = fitted(embedder, checkpoint=tmp_path / "checkpoint", **options)
    np.testing.assert_allclose(resumed.projection, fitted(embedder, **options).projection, atol=1e-5)


def test_weights_of_a_wrong_length_are_refused(embedder):
    with pytest.raises(ValueError, match="8 examples need as many weights, but got 2"):
        fitted(embedder, weights=[1.0, 2.0])
