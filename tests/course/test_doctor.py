"""What the doctor says about what is shipped, and about the CPU."""

import json
from importlib.metadata import version

import pytest

from embedlab.course import doctor
from embedlab.machine import PACKAGED_SHA256

GOOD = {"base": PACKAGED_SHA256, "versions": {"torch": version("torch"), "numpy": version("numpy")}}


@pytest.fixture
def ships(monkeypatch, tmp_path):
    """Return what puts cards into the folder of shipped data."""
    monkeypatch.setattr(doctor, "data_path", lambda name: tmp_path / name)

    def put(*names, **cards):
        (tmp_path / "trained").mkdir()
        for name, card in cards.items():
            text = card if isinstance(card, str) else json.dumps(card)
            (tmp_path / "trained" / f"{name}.json").write_text(text)
            (tmp_path / "trained" / f"{name}.safetensors").write_text("")
        return doctor.shipped("trained", names, remake="train all")

    return put


def test_what_fits(ships):
    plain = GOOD | {
        "versions": {"torch": version("torch").partition("+")[0]}
    }  # another build of the same version
    found = ships(adapter=GOOD, colbert=plain)
    assert found.level == "ok"
    assert "adapter, colbert" in found.found


def test_what_is_missing_is_made(ships):
    found = ships()
    assert (found.level, found.found) == ("warning", "missing")
    assert "train all" in found.advice
    found = doctor.shipped("trained", ("lora",), remake="train all")
    assert (found.level, found.found) == ("warning", "lora is missing")


def test_a_card_without_its_file(ships, tmp_path):
    ships(lora=GOOD)
    (tmp_path / "trained" / "lora.safetensors").unlink()
    assert doctor.shipped("trained", remake="train all").found == "lora has a card, but no file"


@pytest.mark.parametrize(
    ("card", "says"),
    [
        (GOOD | {"base": "0" * 64}, "lora was made from other weights, SHA-256 000000000000..."),
        (GOOD | {"versions": {"torch": "1.0.0"}}, "lora was made with torch 1.0.0"),
        (GOOD | {"versions": {"no-such-package": "3"}}, "lora was made with no-such-package 3"),
        ({"base": PACKAGED_SHA256}, "lora has no readable card (KeyError('versions'))"),
        (GOOD | {"versions": 3}, "lora has no readable card (TypeError"),
        ("[", "lora has no readable card"),
    ],
)
def test_what_does_not_fit_is_named(ships, card, says):
    found = ships(adapter=GOOD, lora=card)
    assert found.level == "warning"
    assert found.found.startswith(says)
    assert "adapter" not in found.found
    assert "train all" in found.advice


def test_weights_that_are_not_there(ships, monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "model_folder", lambda: tmp_path)
    assert "there are no weights" in ships(adapter=GOOD).found


def test_a_cpu_that_is_held_back(monkeypatch):
    monkeypatch.setattr("llvmlite.binding.get_host_cpu_features", lambda: {"avx2": True, "avx512bf16": True})
    monkeypatch.delenv("EMBEDLAB_PORTABLE", raising=False)
    monkeypatch.delenv("EMBEDLAB_KERNELS", raising=False)
    monkeypatch.delenv("ATEN_CPU_CAPABILITY", raising=False)
    assert doctor._cpu().found.endswith("avx2, avx512bf16")
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx2")
    assert "torch uses no AVX-512" in doctor._cpu().found
    monkeypatch.setenv("EMBEDLAB_PORTABLE", "1")
    monkeypatch.setenv("EMBEDLAB_KERNELS", "avx2")
    assert "EMBEDLAB_PORTABLE is set" in doctor._cpu().found
    assert "EMBEDLAB_KERNELS is set: HNSW uses avx2" in doctor._cpu().found
