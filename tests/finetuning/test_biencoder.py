"""Training the encoder: it learns, can be interrupted, and writes a model that others can read."""

import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from embedlab.cli import app
from embedlab.embedder import Embedder
from embedlab.encoder import BertEncoder
from embedlab.finetuning import finetune, train_encoder
from embedlab.finetuning import loop as training
from embedlab.matryoshka import in_batch_softmax, matryoshka_loss

pytestmark = pytest.mark.slow

PAIRS = [(f"the colour of thing {i}", f"number {i} is painted") for i in range(12)]
QUICK = {"steps": 4, "batch_size": 4, "max_length": 16, "save_every": 2, "show_progress": False}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return finetune(PAIRS, tmp_path_factory.mktemp("model") / "trained", **QUICK)


def weights(folder):
    return BertEncoder.load(folder).weights


def test_only_matrices_of_the_layers_are_trained(trained):
    before, after = BertEncoder.load().weights, weights(trained)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert len(changed) == 36
    assert all(name.startswith("encoder.layer.") and name.endswith(".weight") for name in changed)
    assert not any("LayerNorm" in name for name in changed)


@pytest.mark.slow
def test_training_lowers_the_loss():
    options = {**QUICK, "steps": 20, "batch_size": 12, "learning_rate": 1e-3}
    _, losses = train_encoder(PAIRS, **options)
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])


def test_the_first_loss_is_that_of_the_untrained_model():
    _, [loss] = train_encoder(PAIRS, **QUICK | {"batch_size": 12}, stop_after=1)
    embedder = Embedder.load(dtype="float32")
    queries, documents = (torch.from_numpy(embedder.encode(side)) for side in zip(*PAIRS, strict=True))
    assert loss == pytest.approx(matryoshka_loss(queries, documents).item(), rel=1e-4)


def test_a_text_that_is_drawn_twice_is_no_negative_of_its_double():
    twice = [("a cat", "purrs"), ("a cat", "is a pet")]
    _, [loss] = train_encoder(twice, **QUICK, stop_after=1)
    assert loss == 0
    embedder = Embedder.load(dtype="float32")
    queries, documents = (torch.from_numpy(embedder.encode(side)) for side in zip(*twice, strict=True))
    assert in_batch_softmax(queries, documents) > 0.1


def test_weights_of_a_wrong_length_are_refused():
    with pytest.raises(ValueError, match="12 examples need as many weights, but got 3"):
        train_encoder(PAIRS, weights=[1.0, 2.0, 3.0])


@pytest.mark.parametrize("max_length", [2, 513])
def test_an_impossible_length_is_refused_at_the_start(max_length):
    with pytest.raises(ValueError, match=f"max_length must be between 3 and 512, but is {max_length}"):
        train_encoder(PAIRS, max_length=max_length)


@pytest.mark.slow
def test_the_model_can_be_read_by_ours_and_by_sentence_transformers(trained):
    from sentence_transformers import SentenceTransformer

    texts = ["a cat", "how to bake bread"]
    ours = Embedder.load(trained, dtype="float32")
    theirs = SentenceTransformer(str(trained), device="cpu").encode(texts)
    np.testing.assert_allclose(ours.encode(texts), theirs, atol=1e-4)
    assert ours.identity != Embedder.load().identity


@pytest.mark.slow
def test_an_interrupted_training_ends_with_the_same_weights(trained, tmp_path, monkeypatch):
    real = training.save_checkpoint

    def interrupted(*arguments):
        real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "save_checkpoint", interrupted)
    with pytest.raises(KeyboardInterrupt):
        finetune(PAIRS, tmp_path / "model", **QUICK)
    assert (tmp_path / "model" / "checkpoint").exists()
    monkeypatch.undo()
    finetune(PAIRS, tmp_path / "model", **QUICK)
    assert not (tmp_path / "model" / "checkpoint").exists()
    resumed, whole = weights(tmp_path / "model"), weights(trained)
    for name in whole:
        torch.testing.assert_close(resumed[name], whole[name], rtol=1e-5, atol=1e-6)


def test_a_finished_training_is_not_repeated(trained, monkeypatch):
    monkeypatch.setattr(training, "resume", lambda *_: pytest.fail("trained again"))
    assert finetune(PAIRS, trained, **QUICK) == trained


def test_folders_of_others_are_left_alone(trained, tmp_path):
    with pytest.raises(ValueError, match="belongs to a training with other steps, seed"):
        finetune(PAIRS, trained, **{**QUICK, "steps": 9, "seed": 3})
    with pytest.raises(ValueError, match="belongs to a training with other pairs"):
        finetune(PAIRS[:-1], trained, **QUICK)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds other files"):
        finetune(PAIRS, tmp_path, **QUICK)
    with pytest.raises(ValueError, match="at least 2 pairs, but got 1"):
        finetune(PAIRS[:1], tmp_path / "new", **QUICK)


@pytest.mark.slow
def test_the_command_trains_and_says_how_to_use_it(tmp_path):
    arguments = [
        "train",
        "matryoshka",
        "--output",
        str(tmp_path / "model"),
        "--steps",
        "1",
        "--batch-size",
        "2",
    ]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "Embedder.load(" in result.output
    assert json.loads((tmp_path / "model" / "training.json").read_text())["steps"] == 1
    again = CliRunner().invoke(app, [*arguments, "--seed", "7"])
    assert again.exit_code == 2
    assert "other seed" in again.output
