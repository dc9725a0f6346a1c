"""The cross-encoder: parity with sentence-transformers, its head, training, files."""

import shutil

import numpy as np
import pytest
import torch
from sentence_transformers import CrossEncoder as TheirEncoder
from transformers import BertForSequenceClassification

from embedlab.benchmark import docsearch, lines_under_test, parts_of
from embedlab.encoder import BertEncoder, PackedEncoder
from embedlab.finetuning import loop as training
from embedlab.machine import ModelError, StoreError, model_folder
from embedlab.reranking import (
    SCALE,
    CrossEncoder,
    Example,
    maxsim_head,
    maxsim_scores,
    mine,
    save_layers,
    train_reranker,
)
from embedlab.tokenizer import WordPieceTokenizer

PAIRS = [
    ("fill missing values", "Fill NA holes."),
    ("a", "b " * 600),
    ("", "text"),
    ("query", ""),
    ("c d", "c"),
]
EXAMPLES = [Example(f"thing {i}", f"about thing {i}", (f"about {i + 1}", f"other {i}")) for i in range(6)]
QUICK = {"steps": 4, "lists": 2, "negatives": 2, "max_length": 24, "save_every": 2, "show_progress": False}


def classifier(folder, outputs):
    torch.manual_seed(0)
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


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return train_reranker(EXAMPLES, EXAMPLES[:2], tmp_path_factory.mktemp("trained") / "it", **QUICK)


def test_a_folder_of_sentence_transformers_scores_the_same(tmp_path):
    folder = classifier(tmp_path, 1)
    theirs = TheirEncoder(str(folder), device="cpu", activation_fn=torch.nn.Identity())
    ours = CrossEncoder.load(folder, dtype="float32").score_pairs(PAIRS)
    np.testing.assert_allclose(ours, theirs.predict(PAIRS, show_progress_bar=False), atol=1e-4)


def test_folders_that_are_no_cross_encoder_are_refused(tmp_path):
    with pytest.raises(ModelError, match="has 2 outputs"):
        CrossEncoder.load(classifier(tmp_path, 2))
    with pytest.raises(ModelError, match="no classifier on top"):
        CrossEncoder.load(model_folder())


def test_the_head_is_the_mean_of_the_best_cosines():
    rng = np.random.default_rng(0)
    hidden, segments = rng.normal(size=(9, 5)).astype(np.float32), [0] * 4 + [1] * 5
    cosine = lambda a, b: a @ b / np.linalg.norm(a) / np.linalg.norm(b)  # noqa: E731
    best = [max(cosine(hidden[i], hidden[j]) for j in range(4, 8)) for i in (1, 2)]
    assert maxsim_head(hidden, segments) == pytest.approx(SCALE * np.mean(best), rel=1e-5)


def test_training_and_inference_score_alike(float32):
    encoded = [float32.tokenizer.encode_pair(*pair, max_length=80) for pair in PAIRS[:2] + PAIRS[4:]]
    with torch.no_grad(), torch.autocast("cpu", enabled=False):
        batch = maxsim_scores(BertEncoder.load(), encoded).numpy()
    np.testing.assert_allclose(batch, float32.score_pairs(PAIRS[:2] + PAIRS[4:]), atol=0.2)


def test_scores_do_not_depend_on_the_company(float32):
    together = float32.score_pairs(PAIRS)
    alone = np.concatenate([float32.score_pairs([pair]) for pair in PAIRS[::-1]])[::-1]
    np.testing.assert_allclose(together, alone, atol=1e-4)
    assert together[2] == together[3] == -SCALE  # nothing to compare
    assert float32.score("query", []).shape == (0,)


def test_max_length_has_bounds(float32):
    for wrong in (4, 513):
        with pytest.raises(ValueError, match=f"between 5 and 512, but is {wrong}"):
            CrossEncoder.untrained(max_length=wrong)


def test_training_changes_layers_only_and_fits_a_small_file(trained):
    plain, loaded = CrossEncoder.untrained(max_length=24), CrossEncoder.load(trained)
    assert loaded.max_length == 24
    assert not np.allclose(plain.score_pairs(PAIRS[:1]), loaded.score_pairs(PAIRS[:1]), atol=1e-4)
    assert trained.stat().st_size < 30e6


def test_training_lowers_the_loss(tmp_path, monkeypatch):
    losses, real = [], torch.nn.functional.cross_entropy

    def watched(*arguments, **options):
        losses.append(real(*arguments, **options))
        return losses[-1]

    monkeypatch.setattr("embedlab.reranking.training.F.cross_entropy", watched)
    train_reranker(EXAMPLES, [], tmp_path / "it", **{**QUICK, "steps": 12, "lists": 6})
    values = [loss.item() for loss in losses]
    assert np.mean(values[-18:]) < 0.8 * np.mean(values[:18])


def test_an_interrupted_training_ends_the_same(trained, tmp_path, monkeypatch):
    real = training.save_checkpoint

    def interrupted(*arguments):
        real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "save_checkpoint", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_reranker(EXAMPLES, EXAMPLES[:2], tmp_path / "it", **QUICK)
    monkeypatch.undo()
    resumed = train_reranker(EXAMPLES, EXAMPLES[:2], tmp_path / "it", **QUICK)
    assert not (tmp_path / "it" / "checkpoint").exists()
    scores = [CrossEncoder.load(file).score_pairs(PAIRS[:2]) for file in (trained, resumed)]
    np.testing.assert_allclose(*scores, atol=1e-3)


def test_what_is_done_stays_done(trained, monkeypatch):
    monkeypatch.setattr(training, "resume", lambda *_: pytest.fail("trained again"))
    assert train_reranker(EXAMPLES, EXAMPLES[:2], trained.parent, **QUICK) == trained
    with pytest.raises(ValueError, match="training with other steps"):
        train_reranker(EXAMPLES, EXAMPLES[:2], trained.parent, **{**QUICK, "steps": 9})
    with pytest.raises(ValueError, match="at least one example"):
        train_reranker([], [], trained.parent)


def test_files_of_another_model_and_damaged_ones_are_refused(trained, tmp_path):
    layers = {"encoder.layer.0.output.dense.bias": torch.zeros(384)}
    save_layers(tmp_path / "other", layers, base="x" * 64, max_length=80)
    with pytest.raises(StoreError, match="was trained on the model xxxxxxxxxxxx"):
        CrossEncoder.load(tmp_path / "other")
    (tmp_path / "cut").write_bytes(trained.read_bytes()[:1000])
    with pytest.raises(StoreError):
        CrossEncoder.load(tmp_path / "cut")


def test_mined_lists_hold_no_answers_to_the_test():
    benchmark = docsearch()
    row_of = {doc_id: i for i, doc_id in enumerate(benchmark.doc_ids)}
    relevant = {text: set() for text in benchmark.split("train")[1]}
    for query_id, targets in benchmark.split("train")[2].items():
        relevant[benchmark.queries[query_id]] |= {benchmark.documents[row_of[target]] for target in targets}

    def rank(queries, k):
        rows = np.random.default_rng(0).integers(0, len(benchmark.documents), (len(queries), k))
        return np.zeros(rows.shape, np.float32), rows

    real, made = mine(benchmark, rank, depth=5)
    for example in real:
        assert example.positive in relevant[example.query]
        assert not relevant[example.query] & set(example.negatives)
    targets = {target for found in benchmark.split("test")[2].values() for target in found}
    parts = [parts_of(benchmark.documents[row_of[target]]) for target in targets]
    tested = {f"{name}\n{rest}" for name, _, rest in parts}
    forbidden = lines_under_test(benchmark)
    for example in made:
        assert example.query not in forbidden
        assert example.positive not in tested
        assert example.query not in [" ".join(part.split()) for part in example.positive.split("\n\n")]
