"""LoRA: nothing changes at the start, beside or merged is the same, files fit one model only."""

import pytest
import torch

from embedlab.encoder import BertEncoder
from embedlab.finetuning import FusedEncoder, LoRA, LoRAEncoder
from embedlab.machine import StoreError, files

IDS = torch.tensor([[101, 7592, 2088, 102], [101, 102, 0, 0]])
MASK = (IDS > 0).long()


@pytest.fixture(scope="module")
def encoder():
    return BertEncoder.load()


@pytest.fixture(scope="module")
def lora(encoder):
    """Differences as after a training: B is no longer 0."""
    lora = LoRA.start(encoder, rank=4, scale=0.5, seed=3)
    generator = torch.Generator().manual_seed(0)
    for name, factor in lora.factors.items():
        if name.endswith(".B"):
            factor.data.normal_(std=0.05, generator=generator)
    return lora


def hidden(encoder):
    """Token vectors where there is no padding."""
    return encoder.forward(IDS, MASK).hidden[-1][MASK > 0]


def test_the_fused_encoder_computes_the_same(encoder):
    fused = FusedEncoder(encoder.config, encoder.weights)
    torch.testing.assert_close(hidden(fused), hidden(encoder), rtol=1e-4, atol=1e-4)


def test_at_the_start_nothing_changes(encoder):
    start = LoRA.start(encoder)
    torch.testing.assert_close(hidden(LoRAEncoder(encoder, start)), hidden(encoder), rtol=1e-4, atol=1e-4)
    for name, weight in start.merged(encoder).weights.items():
        assert torch.equal(weight, encoder.weights[name])


def test_beside_the_matrices_or_added_to_them_is_the_same(encoder, lora):
    merged = lora.merged(encoder)
    torch.testing.assert_close(hidden(LoRAEncoder(encoder, lora)), hidden(merged), rtol=1e-4, atol=1e-4)
    assert (hidden(merged) - hidden(encoder)).abs().max() > 0.1
    name = "encoder.layer.2.intermediate.dense"
    a, b = (lora.factors[f"{name}.{side}"].detach().double() for side in "AB")
    expected = encoder.weights[f"{name}.weight"].double() + 0.5 * b @ a
    torch.testing.assert_close(merged.weights[f"{name}.weight"].double(), expected, rtol=1e-5, atol=1e-6)


def test_only_the_factors_get_gradients(encoder, lora):
    hidden(LoRAEncoder(encoder, lora)).sum().backward()
    assert all(factor.grad is not None for factor in lora.factors.values())
    assert not any(weight.requires_grad for weight in encoder.weights.values())
    for factor in lora.factors.values():
        factor.grad = None


def test_the_hash_follows_model_and_differences(encoder, lora):
    other = LoRA({name: factor + 0.1 for name, factor in lora.factors.items()}, lora.scale)
    louder = LoRA(lora.factors, 2 * lora.scale)
    hashes = [encoder.sha256, *(one.merged(encoder).sha256 for one in (lora, other, louder))]
    assert len(set(hashes)) == 4
    assert lora.merged(encoder).sha256 == hashes[1]


def test_a_file_takes_two_bytes_a_number_and_gives_the_same_model(encoder, lora, tmp_path):
    lora.save(tmp_path / "it", base=encoder.sha256, note="mine")
    loaded, about = LoRA.load(tmp_path / "it", base=encoder.sha256)
    assert (loaded.scale, about["note"]) == (0.5, "mine")
    assert loaded.merged(encoder).sha256 == lora.merged(encoder).sha256
    numbers = sum(factor.numel() for factor in lora.factors.values())
    assert 2 * numbers < (tmp_path / "it").stat().st_size < 2 * numbers + 20_000


def test_files_of_another_model_or_incomplete_ones_are_refused(encoder, lora, tmp_path):
    lora.save(tmp_path / "it", base="x" * 64)
    with pytest.raises(StoreError, match="on the model xxxxxxxxxxxx, but this one is 53aa51172d14"):
        LoRA.load(tmp_path / "it", base=encoder.sha256)
    files.save(tmp_path / "bare", "LoRA", {}, {"base": encoder.sha256})
    with pytest.raises(StoreError, match="does not say scale"):
        LoRA.load(tmp_path / "bare", base=encoder.sha256)
    with pytest.raises(StoreError, match="there is no file"):
        LoRA.load(tmp_path / "nothing", base=encoder.sha256)


@pytest.mark.parametrize("wrong", ["B missing", "B too short", "no such matrix", "ranks differ"])
def test_factors_that_do_not_fit_are_refused(encoder, lora, wrong):
    name = "encoder.layer.0.output.dense"
    factors = dict(lora.factors)
    if wrong == "B missing":
        del factors[f"{name}.B"]
    elif wrong == "B too short":
        factors[f"{name}.B"] = factors[f"{name}.B"][:5]
    elif wrong == "no such matrix":
        factors["encoder.layer.9.output.dense.A"] = factors[f"{name}.A"]
    else:
        factors[f"{name}.A"] = factors[f"{name}.A"][:2]
    with pytest.raises(ValueError, match=r"factors of encoder.layer.\d.output.dense do not fit this"):
        LoRA(factors).merged(encoder)


@pytest.mark.parametrize("rank", [0, 385])
def test_an_impossible_rank_is_refused(encoder, rank):
    with pytest.raises(ValueError, match=f"rank must be between 1 and 384, but is {rank}"):
        LoRA.start(encoder, rank=rank)
