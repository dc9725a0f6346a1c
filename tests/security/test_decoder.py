"""The decoder: its loss, its beams against all texts there are, its file, its first steps."""

import itertools
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from embedlab.embedder import Embedder
from embedlab.machine import StoreError, data_path, files
from embedlab.security import TextDecoder, public_texts, train_decoder
from embedlab.security.shipping_decoder import LONGEST, short_texts

TOKENS = 7  # 0 is the first, 1 the last


@pytest.fixture
def tiny():
    torch.manual_seed(3)
    tokenizer = SimpleNamespace(encode=lambda text: [0, 1], decode=lambda ids: " ".join(map(str, ids)))
    decoder = TextDecoder(torch.randn(TOKENS, 5), tokenizer, hidden=6).eval()
    with torch.no_grad():
        for one in decoder.parameters():
            one.mul_(1.5)
    return decoder


def log_probability(decoder, vector, ids):
    """Of a whole text, its end included, over the whole vocabulary."""
    with torch.no_grad():
        made, _ = decoder.states(torch.from_numpy(vector)[None], torch.tensor([[0, *ids]]))
        logp = torch.log_softmax(made[0] @ decoder.words.T + decoder.bias, dim=-1)
    return float(logp[range(len(ids) + 1), [*ids, 1]].sum())


def test_wide_beams_find_the_most_probable_text(tiny):
    vector = np.float32([0.1, -0.2, 0.3, 0.1, 0.0])
    rest = [one for one in range(TOKENS) if one != 1]
    scores = {
        " ".join(map(str, ids)): log_probability(tiny, vector, ids) / (len(ids) + 1)
        for n in range(3)
        for ids in itertools.product(rest, repeat=n)
    }
    found = {text: score for score, text in tiny.beams(vector, width=500, longest=3)}
    assert {one.split()[-1] for one in found if one} <= {str(one) for one in rest}
    for text, score in found.items():
        assert score == pytest.approx(scores[text], abs=1e-4)
    assert max(found, key=found.get) == max(scores, key=scores.get)


def test_narrow_beams_give_scores_of_whole_texts(tiny):
    vector = np.float32([0.3, 0.2, -0.3, 0.1, 0.2])
    for score, text in tiny.beams(vector, width=3, longest=12):
        ids = [int(one) for one in text.split()]
        if len(ids) < 12:
            assert score * (len(ids) + 1) == pytest.approx(log_probability(tiny, vector, ids), abs=1e-3)


def test_with_few_tokens_the_loss_is_that_of_the_whole_vocabulary(tiny):
    """All tokens are then tried, and none stands for others."""
    tokens = torch.tensor([[0, 3, 4, 1], [0, 5, 1, -1]])
    vectors = np.random.default_rng(0).normal(size=(2, 5)).astype(np.float32)
    loss = tiny.loss(torch.from_numpy(vectors), tokens, torch.Generator().manual_seed(0))
    whole = log_probability(tiny, vectors[0], [3, 4]) + log_probability(tiny, vectors[1], [5])
    assert loss.item() == pytest.approx(-whole / 5, abs=1e-5)


def test_a_vector_for_each_text(tiny):
    with pytest.raises(ValueError, match="2 texts need as many vectors, but got 1"):
        train_decoder(np.zeros((1, 384), np.float32), ["a", "b"])


def test_saved_and_loaded_it_writes_the_same(tmp_path):
    decoder = TextDecoder.fresh(hidden=8, seed=1).eval()
    decoder.save(tmp_path / "one")
    again = TextDecoder.load(tmp_path / "one")
    assert torch.allclose(again.start.weight, decoder.start.weight, atol=1e-3)
    arrays, _ = files.load(tmp_path / "one", "TextDecoder")
    files.save(tmp_path / "two", "TextDecoder", arrays, {"hidden": 9})
    with pytest.raises(StoreError, match="does not fit the packaged model"):
        TextDecoder.load(tmp_path / "two")


@pytest.mark.slow
def test_the_first_steps_are_those_of_the_card():
    """So that the decoder that is shipped, and the code that is shown, cannot drift apart."""
    card = json.loads((data_path("trained") / "inversion.json").read_text(encoding="utf-8"))
    texts = short_texts(public_texts())[: card["small"]["texts"]]
    assert max(len(text.split()) for text in texts) == LONGEST
    vectors = Embedder.load().encode(texts, cache=True)
    _, losses = train_decoder(
        vectors, texts, steps=card["recipe"]["steps"], stop_after=3, show_progress=False
    )
    assert losses == pytest.approx(card["small"]["losses"], rel=2e-3)


@pytest.fixture(scope="module")
def shipped():
    return TextDecoder.load(data_path("trained") / "inversion.safetensors")


def test_the_shipped_decoder_reads_the_topic(shipped):
    vector = Embedder.load().encode(["The king of Denmark died in the war."])[0]
    written = " ".join(text for _, text in shipped.beams(vector, width=5))
    assert {"denmark", "danish", "king", "war"} & set(written.split())
