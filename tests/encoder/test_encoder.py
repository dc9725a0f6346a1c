"""The encoder against transformers, layer by layer; and its fast form against itself."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from embedlab.benchmark import docsearch
from embedlab.encoder import BertEncoder, PackedEncoder, attention, gelu, layer_norm
from embedlab.machine import Linear, ModelError, model_folder
from embedlab.tokenizer import WordPieceTokenizer, pad

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def encoder():
    return BertEncoder.load()


@pytest.fixture(scope="module")
def theirs():
    from transformers import BertModel

    return BertModel.from_pretrained(model_folder(), attn_implementation="eager").eval()


@pytest.fixture(scope="module")
def exact(encoder):
    """Compute with the same weights in float64: what rounding does can be seen against it."""
    return BertEncoder(encoder.config, {name: w.double() for name, w in encoder.weights.items()})


def assert_as_exact(mine, other, truth):
    """Demand no more rounding than in ``other``, up to the luck of the order and a few steps of float32.

    How much rounding there is depends on the size of the values, on the order of the sums and so on the CPU.
    """
    error, others = (float((x.double() - truth).abs().max()) for x in (mine, other))
    assert error <= 2 * others + 4 * torch.finfo(torch.float32).eps * float(truth.abs().max())


def padded_batch(seed, sizes):
    """Random ids, padded on the right, with their mask."""
    rng = np.random.default_rng(seed)
    ids = torch.zeros(len(sizes), max(sizes), dtype=torch.int64)
    for row, size in zip(ids, sizes, strict=True):
        row[:size] = torch.tensor([101, *rng.integers(1000, 30000, size - 2), 102])
    return ids, (ids != 0).long()


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [[2], [7, 3, 12], [128, 64, 5], [256, 30]])
def test_hidden_states_equal_transformers_in_every_layer(encoder, exact, theirs, sizes):
    ids, mask = padded_batch(sum(sizes), sizes)
    with torch.inference_mode():
        ours, truth = encoder.forward(ids, mask), exact.forward(ids, mask)
        expected = theirs(ids, mask, output_hidden_states=True, output_attentions=True)
    assert len(ours.hidden) == 7
    assert len(ours.attention) == 6
    real = mask.bool()
    for mine, other, right in zip(ours.hidden, expected.hidden_states, truth.hidden, strict=True):
        assert_as_exact(mine[real], other[real], right[real])
    for mine, other, right in zip(ours.attention, expected.attentions, truth.attention, strict=True):
        assert_as_exact(mine, other, right)


@pytest.mark.slow
def test_the_referee_equals_transformers_in_float64(exact):
    from transformers import BertModel

    double = BertModel.from_pretrained(model_folder(), attn_implementation="eager").double().eval()
    ids, mask = padded_batch(512, [512])
    with torch.inference_mode():
        mine, other = exact.forward(ids, mask).hidden[-1], double(ids, mask).last_hidden_state
    torch.testing.assert_close(mine, other, rtol=0, atol=1e-12)  # 5,000 steps of float64 at 1


@pytest.mark.slow
def test_real_documents_equal_transformers_to_five_digits(encoder, theirs):
    # Hidden values reach 10, where float32 steps by 1e-6: what counts is the difference in proportion.
    tokenizer = WordPieceTokenizer.load()
    ids, mask = map(torch.tensor, pad(tokenizer.encode_batch(docsearch().documents[::400], max_length=256)))
    with torch.inference_mode():
        ours = encoder.forward(ids, mask).hidden
        expected = theirs(ids, mask, output_hidden_states=True).hidden_states
    real = mask.bool()
    for mine, other in zip(ours, expected, strict=True):
        largest = float(other[real].abs().max())
        torch.testing.assert_close(mine[real] / largest, other[real] / largest, rtol=0, atol=1e-5)


@pytest.mark.slow
def test_longest_input_is_as_exact_as_float32_allows(encoder, exact, theirs):
    ids, mask = padded_batch(512, [512])
    with torch.inference_mode():
        ours, other, truth = (model(ids, mask) for model in (encoder.forward, theirs, exact.forward))
    assert_as_exact(ours.hidden[-1], other.last_hidden_state, truth.hidden[-1])


def test_segments_equal_transformers(encoder, exact, theirs):
    ids, mask = padded_batch(1, [10, 8])
    segments = (torch.arange(10) >= 5).long().expand(2, 10)
    with torch.inference_mode():
        ours = encoder.forward(ids, mask, segments).hidden[-1]
        packed = PackedEncoder(encoder, torch.float32)(
            [row[:n].tolist() for row, n in zip(ids, (10, 8), strict=True)],
            [row[:n].tolist() for row, n in zip(segments, (10, 8), strict=True)],
        )
        other = theirs(ids, mask, segments).last_hidden_state[mask.bool()]
        truth = exact.forward(ids, mask, segments).hidden[-1][mask.bool()]
    assert_as_exact(ours[mask.bool()], other, truth)
    assert_as_exact(torch.cat(packed), other, truth)


def test_building_blocks_equal_torch():
    x = torch.randn(2, 3, 8, generator=torch.Generator().manual_seed(0))
    weight, bias = torch.rand(8), torch.rand(8)
    expected = torch.nn.functional.layer_norm(x, (8,), weight, bias, 1e-12)
    torch.testing.assert_close(layer_norm(x, weight, bias), expected)
    torch.testing.assert_close(gelu(x), torch.nn.functional.gelu(x))
    q = x.view(2, 1, 3, 8)
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    expected = torch.nn.functional.scaled_dot_product_attention(q, q, q, mask[:, None, None, :].bool())
    torch.testing.assert_close(attention(q, q, q, mask)[0], expected)


def test_padding_changes_nothing(encoder, exact):
    ids, mask = padded_batch(3, [9, 4])
    with torch.inference_mode():
        together = encoder.forward(ids, mask).hidden[-1][1, :4]
        alone, truth = (one.forward(ids[1:, :4], mask[1:, :4]).hidden[-1][0] for one in (encoder, exact))
    assert_as_exact(together, alone, truth)


@pytest.mark.slow
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6))
@settings(max_examples=15)
def test_packed_equals_plain(encoder, exact, lengths):
    rng = np.random.default_rng(0)
    sequences = [rng.integers(1000, 30000, length).tolist() for length in lengths]
    hidden = PACKED.setdefault("float32", PackedEncoder(encoder, torch.float32))(sequences)
    for sequence, mine in zip(sequences, hidden, strict=True):
        ids = torch.tensor([sequence])
        with torch.inference_mode():
            plain, truth = (one.forward(ids, torch.ones_like(ids)).hidden[-1][0] for one in (encoder, exact))
        assert_as_exact(mine, plain, truth)


PACKED: dict = {}


def test_bfloat16_points_the_same_way(encoder):
    ids, _ = padded_batch(5, [60])
    plain, fast = (PackedEncoder(encoder, dtype)(ids.tolist()) for dtype in (torch.float32, torch.bfloat16))
    cosine = torch.nn.functional.cosine_similarity(plain[0].mean(0), fast[0].float().mean(0), dim=0)
    assert cosine > 0.999


def test_int8_points_the_same_way_and_keeps_float32_outside(encoder):
    ids, _ = padded_batch(5, [60])
    plain, fast = (PackedEncoder(encoder, dtype)(ids.tolist())[0] for dtype in (torch.float32, torch.int8))
    assert fast.dtype == torch.float32
    assert torch.nn.functional.cosine_similarity(plain.mean(0), fast.mean(0), dim=0) > 0.99


def test_packed_refuses_what_it_cannot_run(encoder):
    packed = PackedEncoder(encoder)
    assert packed([]) == []
    with pytest.raises(ValueError, match="0 tokens"):
        packed([[101, 102], []])
    with pytest.raises(ValueError, match="513 tokens"):
        packed([[101] * 513])
    with pytest.raises(ValueError, match="only 512 positions"):
        encoder.forward(torch.ones(1, 513, dtype=torch.int64), torch.ones(1, 513))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_prepared_weights_equal_the_portable_form(dtype):
    random = torch.Generator().manual_seed(0)
    x, weight, bias, residual = (
        torch.randn(*shape, generator=random).to(dtype) for shape in ((7, 16), (8, 16), (8,), (7, 8))
    )
    portable, prepared = Linear(weight, bias, prepared=False), Linear(weight, bias)
    tolerance = {"rtol": 0.02, "atol": 0.05} if dtype == torch.bfloat16 else {"rtol": 1e-5, "atol": 1e-5}
    torch.testing.assert_close(prepared(x), portable(x), **tolerance)
    torch.testing.assert_close(prepared(x, residual), portable(x, residual), **tolerance)


TINY = {
    "model_type": "bert",
    "hidden_size": 4,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 8,
    "max_position_embeddings": 16,
    "vocab_size": 10,
    "layer_norm_eps": 1e-12,
}


def folder_with(tmp_path, config, weights=None):
    (tmp_path / "config.json").write_text(json.dumps(config))
    if weights is not None:
        save_file(weights, tmp_path / "model.safetensors")
    return tmp_path


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (TINY | {"model_type": "roberta"}, "model_type is 'roberta'"),
        (TINY | {"hidden_act": "relu"}, "hidden_act is 'relu'"),
        ({"model_type": "bert"}, "does not say hidden_size"),
        (TINY, "holds no model.safetensors"),
    ],
)
def test_refuses_other_architectures(tmp_path, config, message):
    with pytest.raises(ModelError, match=message):
        BertEncoder.load(folder_with(tmp_path, config))


def test_refuses_damaged_models(tmp_path):
    with pytest.raises(ModelError, match=r"config.json cannot be read"):
        BertEncoder.load(tmp_path)
    folder = folder_with(tmp_path, TINY, {"embeddings.word_embeddings.weight": torch.zeros(9, 4)})
    with pytest.raises(ModelError, match=r"should have shape \(10, 4\), but has \(9, 4\)"):
        BertEncoder.load(folder)
    (folder / "model.safetensors").write_bytes(b"not a model")
    with pytest.raises(ModelError, match="damaged"):
        BertEncoder.load(folder)


def test_the_packaged_weights_are_the_published_ones(monkeypatch, encoder):
    assert encoder.sha256 == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    monkeypatch.setattr("embedlab.encoder.weights.PACKAGED_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="is damaged: its SHA-256"):
        BertEncoder.load()


@pytest.mark.parametrize("model", ["no-such-folder", "./no/such", "/no/such/folder"])
def test_an_unknown_model_is_an_error(model):
    with pytest.raises(ModelError, match="neither a folder nor a hub id"):
        model_folder(model)
