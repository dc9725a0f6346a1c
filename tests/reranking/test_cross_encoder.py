"""The cross-encoder: parity with sentence-transformers, its head, its files."""

import json
import shutil

import numpy as np
import pytest
import torch

from embedlab.encoder import BertEncoder, PackedEncoder
from embedlab.finetuning import LoRA
from embedlab.machine import ModelError, StoreError, model_folder
from embedlab.reranking import SCALE, CrossEncoder, maxsim_head, maxsim_scores
from embedlab.tokenizer import WordPieceTokenizer

pytestmark = pytest.mark.slow

PAIRS = [
    ("fill missing values", "Fill NA holes."),
    ("a", "b " * 600),
    ("", "text"),
    ("query", ""),
    ("c d", "c"),
]


def classifier(folder, outputs):
    torch.manual_seed(0)
    from transformers import BertForSequenceClassification

    model = BertForSequenceClassification.from_pretrained(model_folder(), num_labels=outputs)
    model.save_pretrained(folder)
    for name in ("vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        if (model_folder() / name).exists():
            shutil.copy(model_folder() / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def float32():
    """The untrained model in full precision."""
    encoder = PackedEncoder(BertEncoder.load(), torch.float32)
    return CrossEncoder(WordPieceTokenizer.load(), encoder, maxsim_head)


@pytest.mark.slow
def test_a_folder_of_sentence_transformers_scores_the_same(tmp_path):
    from sentence_transformers import CrossEncoder as TheirEncoder

    folder = classifier(tmp_path, 1)
    theirs = TheirEncoder(str(folder), device="cpu", activation_fn=torch.nn.Identity())
    ours = CrossEncoder.load(folder, dtype="float32").score_pairs(PAIRS)
    np.testing.assert_allclose(ours, theirs.predict(PAIRS, show_progress_bar=False), atol=1e-4)


def test_folders_that_are_no_cross_encoder_are_refused(tmp_path):
    folder = classifier(tmp_path, 2)
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = {"0": "contradiction", "1": "entailment"}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"has 2 outputs \(contradiction, entailment\)"):
        CrossEncoder.load(folder)
    with pytest.raises(ModelError, match="no classifier on top"):
        CrossEncoder.load(model_folder())


def test_the_head_is_the_mean_of_the_best_cosines():
    rng = np.random.default_rng(0)
    hidden, segments = rng.normal(size=(9, 5)).astype(np.float32), [0] * 4 + [1] * 5
    cosine = lambda a, b: a @ b / np.linalg.norm(a) / np.linalg.norm(b)  # noqa: E731
    best = [max(cosine(hidden[i], hidden[j]) for j in range(4, 8)) for i in (1, 2)]
    assert maxsim_head(hidden, segments) == pytest.approx(SCALE * np.mean(best), rel=1e-5)


def test_training_and_inference_score_alike(float32):
    encoded = [float32.tokenizer.encode_pair(*pair, max_length=80) for pair in PAIRS]
    with torch.no_grad():
        batch = maxsim_scores(BertEncoder.load(), encoded).numpy()
    # Both in float32: SCALE times a cosine that differs by rounding, amplified through six layers.
    np.testing.assert_allclose(batch, float32.score_pairs(PAIRS), atol=1e-3)
    assert batch[2] == batch[3] == -SCALE  # an empty query, an empty document


def test_scores_do_not_depend_on_the_company(float32):
    together = float32.score_pairs(PAIRS)
    alone = np.concatenate([float32.score_pairs([pair]) for pair in PAIRS[::-1]])[::-1]
    np.testing.assert_allclose(together, alone, atol=1e-4)
    assert together[2] == together[3] == -SCALE  # nothing to compare
    assert float32.score("query", []).shape == (0,)


def test_int8_scores_nearly_the_same_under_a_name_of_its_own(float32):
    int8 = CrossEncoder(float32.tokenizer, PackedEncoder(BertEncoder.load(), torch.int8), maxsim_head)
    np.testing.assert_allclose(int8.score_pairs(PAIRS), float32.score_pairs(PAIRS), atol=0.5)
    assert int8.fingerprint != float32.fingerprint  # kept scores of one are not taken for the other's
    assert float32.fingerprint == CrossEncoder.untrained().fingerprint


def test_max_length_has_bounds(float32):
    for wrong in (4, 513):
        with pytest.raises(ValueError, match=f"between 5 and 512, but is {wrong}"):
            CrossEncoder.untrained(max_length=wrong)


@pytest.fixture(scope="module")
def base():
    return BertEncoder.load()


def test_a_file_of_differences_scores_as_the_merged_model(base, float32, tmp_path):
    lora = LoRA.start(base, rank=2)
    for name, factor in lora.factors.items():
        if name.endswith(".B"):
            factor.data.fill_(0.02)
    lora.save(tmp_path / "it", base=base.sha256, max_length=24)
    loaded = CrossEncoder.load(tmp_path / "it", dtype="float32")
    assert loaded.max_length == 24
    stored, _ = LoRA.load(tmp_path / "it", base=base.sha256)  # in half precision
    merged = PackedEncoder(stored.merged(base), torch.float32)
    expected = CrossEncoder(float32.tokenizer, merged, maxsim_head, max_length=24).score_pairs(PAIRS)
    np.testing.assert_allclose(loaded.score_pairs(PAIRS), expected, atol=1e-4)
    given = CrossEncoder.load(tmp_path / "it", base=base, dtype="float32")
    np.testing.assert_allclose(given.score_pairs(PAIRS), expected, atol=1e-4)
    assert np.abs(expected - float32.score_pairs(PAIRS)).max() > 0.1


def test_files_of_another_model_incomplete_and_damaged_ones_are_refused(base, tmp_path):
    lora = LoRA.start(base, rank=1)
    lora.save(tmp_path / "other", base="x" * 64, max_length=80)
    with pytest.raises(StoreError, match="was trained on the model xxxxxxxxxxxx"):
        CrossEncoder.load(tmp_path / "other")
    lora.save(tmp_path / "encoder", base=base.sha256)
    with pytest.raises(StoreError, match="holds no cross-encoder"):
        CrossEncoder.load(tmp_path / "encoder")
    short = {name: factor[:, :5] for name, factor in lora.factors.items()}
    LoRA(short).save(tmp_path / "short", base=base.sha256, max_length=80)
    with pytest.raises(StoreError, match="do not fit this model"):
        CrossEncoder.load(tmp_path / "short")
    (tmp_path / "cut").write_bytes((tmp_path / "other").read_bytes()[:1000])
    with pytest.raises(StoreError, match="damaged"):
        CrossEncoder.load(tmp_path / "cut")
