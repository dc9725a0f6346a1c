"""Training the encoder: it learns, can be interrupted, and writes a model that others can read."""

import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from embedlab.cli import app
from embedlab.embedder import Embedder
from embedlab.encoder import BertEncoder
from embedlab.finetuning import FusedEncoder, finetune
from embedlab.finetuning import biencoder as module
from embedlab.finetuning import loop as training

PAIRS = [(f"the colour of thing {i}", f"number {i} is painted") for i in range(12)]
QUICK = {"steps": 4, "batch_size": 4, "max_length": 16, "save_every": 2, "show_progress": False}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return finetune(PAIRS, tmp_path_factory.mktemp("model") / "trained", **QUICK)


def weights(folder):
    return BertEncoder.load(folder).weights


def test_the_fused_encoder_computes_the_same():
    plain = BertEncoder.load()
    fused = FusedEncoder(plain.config, plain.weights)
    ids = torch.tensor([[101, 7592, 2088, 102], [101, 102, 0, 0]])
    mask = (ids > 0).long()
    ours, theirs = (encoder.forward(ids, mask).hidden[-1] for encoder in (fused, plain))
    torch.testing.assert_close(ours[mask > 0], theirs[mask > 0], rtol=1e-4, atol=1e-4)


def test_only_layers_are_trained(trained):
    before, after = BertEncoder.load().weights, weights(trained)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(name.startswith("encoder.layer.") for name in changed)


def test_training_lowers_the_loss(tmp_path):
    losses = []
    real = module.matryoshka_loss

    def watched(*arguments, **options):
        loss = real(*arguments, **options)
        losses.append(loss.item())
        return loss

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "matryoshka_loss", watched)
        finetune(PAIRS, tmp_path / "model", **{**QUICK, "steps": 20, "batch_size": 12})
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])


def test_the_model_can_be_read_by_ours_and_by_sentence_transformers(trained):
    from sentence_transformers import SentenceTransformer

    texts = ["a cat", "how to bake bread"]
    ours = Embedder.load(trained, dtype="float32")
    theirs = SentenceTransformer(str(trained), device="cpu").encode(texts)
    np.testing.assert_allclose(ours.encode(texts), theirs, atol=1e-4)
    assert ours.identity != Embedder.load().identity


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
