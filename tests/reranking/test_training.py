"""Training the cross-encoder: it learns, can be interrupted, and its lists hold no answers to the test."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from embedlab.benchmark import docsearch, held_out_lines, parts_of
from embedlab.encoder import BertEncoder
from embedlab.finetuning import LoRA
from embedlab.reranking import CrossEncoder, Example, mine, train_reranker

pytestmark = pytest.mark.slow

EXAMPLES = [Example(f"thing {i}", f"about thing {i}", (f"about {i + 1}", f"other {i}")) for i in range(6)]
QUICK = {"steps": 4, "lists": 2, "negatives": 2, "max_length": 24, "save_every": 2, "show_progress": False}


@pytest.mark.slow
def test_training_lowers_the_loss_and_changes_the_scores(tmp_path):
    lora, losses = train_reranker(EXAMPLES, [], **{**QUICK, "steps": 12, "lists": 6})
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])
    base = BertEncoder.load()
    lora.save(tmp_path / "it", base=base.sha256, max_length=24)
    assert (tmp_path / "it").stat().st_size < 3e6
    pair = [("fill missing values", "Fill NA holes.")]
    before, after = CrossEncoder.untrained(max_length=24), CrossEncoder.load(tmp_path / "it", base=base)
    assert abs(before.score_pairs(pair) - after.score_pairs(pair)) > 1e-3


def test_an_interrupted_training_ends_the_same(tmp_path):
    whole, losses = train_reranker(EXAMPLES, EXAMPLES[:2], **QUICK)
    checkpoint = tmp_path / "checkpoint"
    train_reranker(EXAMPLES, EXAMPLES[:2], **QUICK, checkpoint=checkpoint, stop_after=3)
    resumed, again = train_reranker(EXAMPLES, EXAMPLES[:2], **QUICK, checkpoint=checkpoint)
    assert again == pytest.approx(losses, rel=1e-4)
    for name, factor in whole.factors.items():
        torch.testing.assert_close(resumed.factors[name], factor, rtol=1e-3, atol=1e-5)


def test_impossible_trainings_are_refused_at_the_start():
    with pytest.raises(ValueError, match="at least one example"):
        train_reranker([], [])
    for wrong in (4, 513):
        with pytest.raises(ValueError, match=f"max_length must be between 5 and 512, but is {wrong}"):
            train_reranker(EXAMPLES, [], max_length=wrong)


def test_a_base_with_another_vocabulary_is_refused():
    base = BertEncoder.load()
    name = "embeddings.word_embeddings.weight"
    weights = {**base.weights, name: base.weights[name][:1000]}
    other = BertEncoder(replace(base.config, vocab_size=1000), weights)
    with pytest.raises(ValueError, match="the model knows 1000 tokens, but the tokenizer 30522"):
        train_reranker(EXAMPLES, [], base=other, **QUICK)


def test_training_starts_from_the_base_that_is_given():
    plain = BertEncoder.load()
    lora, drawing = LoRA.start(plain, rank=1), torch.Generator().manual_seed(0)
    for factor in lora.factors.values():
        factor.data.normal_(std=0.3, generator=drawing)
    bases = (plain, lora.merged(plain))
    [one], [other] = (train_reranker(EXAMPLES, [], base=b, **QUICK, stop_after=1)[1] for b in bases)
    assert other != pytest.approx(one, rel=0.05)


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
    forbidden = held_out_lines(benchmark)
    for example in made:
        assert example.query not in forbidden
        assert example.positive not in tested
        assert example.query not in [" ".join(part.split()) for part in example.positive.split("\n\n")]
