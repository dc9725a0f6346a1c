"""Folders that cannot be run are refused with the reason; an identity holds all that vectors depend on."""

import json
import shutil

import numpy as np
import pytest
import torch
from bert_folders import TEXTS, add_dense, add_module, change, change_modules, change_weights, make_folder

from embedlab.embedder import Embedder
from embedlab.machine import ModelError


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("saved"))


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "model")


def setting(name, **changes):
    return lambda folder: change(folder / name, **changes)


def modules(edit):
    return lambda folder: change_modules(folder, edit)


def dense(activation="Tanh", **config):
    return lambda folder: add_dense(folder, 16, activation, **config)


def without(part):
    return lambda folder: change_weights(
        folder, lambda weights: {name: w for name, w in weights.items() if part not in name}
    )


def added_token(folder):
    whole = json.loads((folder / "tokenizer.json").read_text())
    token = whole["added_tokens"][0] | {"content": "[ENTITY]", "id": 7}
    change(folder / "tokenizer.json", added_tokens=[*whole["added_tokens"], token])


def dense_without_weights(folder):
    add_dense(folder, 16)
    (folder / "2_Dense" / "model.safetensors").unlink()


def fewer_embeddings(folder):
    change(folder / "config.json", vocab_size=100)
    name = "embeddings.word_embeddings.weight"
    change_weights(folder, lambda weights: weights | {name: weights[name][:100].clone()})


CONFIG, TOKENIZER, TRANSFORMER = "config.json", "tokenizer_config.json", "sentence_bert_config.json"
POOLING, ABOUT = "1_Pooling/config.json", "config_sentence_transformers.json"
REFUSED = {
    "RoBERTa": (setting(CONFIG, model_type="roberta"), "model_type is 'roberta'"),
    "XLM-R": (setting(CONFIG, model_type="xlm-roberta"), "model_type is 'xlm-roberta'"),
    "DistilBERT": (setting(CONFIG, model_type="distilbert"), "model_type is 'distilbert'"),
    "causal": (setting(CONFIG, is_decoder=True), "is_decoder is True"),
    "heads": (setting(CONFIG, num_attention_heads=5), "5 heads cannot share 32 numbers"),
    "size in words": (setting(CONFIG, hidden_size="32"), "hidden_size must be a positive int, but is '32'"),
    "no bias": (
        without("self.value.bias"),
        r"self.value.bias should have shape \(32,\), but has none at all",
    ),
    "no norm": (without("embeddings.LayerNorm"), "embeddings.LayerNorm.weight should have shape"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "holds no model.safetensors"),
    "fewer embeddings": (fewer_embeddings, "but there are 100 word embeddings"),
    "adapter": (setting("adapter_config.json", peft_type="LORA"), "holds an adapter"),
    "two poolings": (setting(POOLING, pooling_mode=["mean", "max"]), "side by side, mean, max"),
    "another pooling": (
        setting(POOLING, pooling_mode="weightedmean"),
        "pooling 'weightedmean' cannot be run",
    ),
    "no pooling": (modules(lambda entries: entries.pop()), "names no Transformer with a Pooling"),
    "order": (modules(lambda entries: entries.reverse()), "begin with Pooling, Transformer"),
    "no type": (modules(lambda entries: entries[0].pop("type")), "a module needs a type and a path"),
    "no objects": (modules(lambda entries: entries.insert(0, 3)), "a module needs a type and a path"),
    "no list": (lambda folder: (folder / "modules.json").write_text("{}"), "should hold a list"),
    "other code": (
        modules(lambda entries: entries[1].update(type="mine.Pooling")),
        "other code, 'mine.Pooling'",
    ),
    "outside": (modules(lambda entries: entries[1].update(path="../1")), "leads out of the folder"),
    "LSTM": (lambda folder: add_module(folder, "LSTM", {}), "a LSTM layer cannot be run"),
    "limit in words": (setting(TRANSFORMER, max_seq_length="256"), "at least 2 tokens, but is '256'"),
    "no room": (setting(TRANSFORMER, max_seq_length=1), "at least 2 tokens, but is 1"),
    "another task": (setting(TRANSFORMER, transformer_task="fill-mask"), "transformer_task is 'fill-mask'"),
    "arguments": (setting(TRANSFORMER, tokenizer_args={"use_fast": False}), "tokenizer_args is"),
    "another class": (
        setting(TOKENIZER, tokenizer_class="XLMRobertaTokenizer"),
        "only BertTokenizer can be run",
    ),
    "another token": (setting(TOKENIZER, cls_token="<s>"), "special token '<s>' cannot be run"),
    "added token": (added_token, r"special token '\[ENTITY\]' cannot be run"),
    "cut on the left": (setting(TOKENIZER, truncation_side="left"), "truncation_side is 'left'"),
    "Unigram": (setting("tokenizer.json", model={"type": "Unigram", "vocab": []}), "holds Unigram"),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "vocab.txt cannot be read"),
    "not JSON": (lambda folder: (folder / "tokenizer.json").write_text("{"), "tokenizer.json cannot be read"),
    "sparse": (setting(ABOUT, model_type="SparseEncoder"), "holds a SparseEncoder"),
    "no such prompt": (setting(ABOUT, default_prompt_name="q"), "the default prompt is 'q', but the prompts"),
    "prompt left out": (
        lambda folder: (
            change(folder / ABOUT, prompts={"q": "q: "}, default_prompt_name="q"),
            change(folder / POOLING, include_prompt=False),
        ),
        "leaves out the prompt",
    ),
    "activation": (dense("GELU"), "activation 'torch.nn.modules.activation.GELU' cannot be run"),
    "residual": (dense(use_residual=True), "a residual connection cannot be run"),
    "tokens": (dense(module_input_name="token_embeddings"), "only vectors of texts can be mapped"),
    "Dense too wide": (dense(given=16), "a Dense layer takes 16 numbers, but gets 32"),
    "Dense of another shape": (dense(out_features=17), r"linear.weight should have shape \(17, 32\)"),
    "Dense without weights": (dense_without_weights, "holds no model.safetensors"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_with_the_reason(folder, name):
    edit, reason = REFUSED[name]
    edit(folder)
    with pytest.raises(ModelError, match=reason):
        Embedder.load(folder).encode(["the cat"])


# What changes vectors though the weights' file stays as it is.
SETTINGS = {
    "tokenizer": setting(TOKENIZER, do_lower_case=False),
    "prompt": setting(ABOUT, prompts={"q": "query: "}, default_prompt_name="q"),
    "pooling": setting(POOLING, pooling_mode="cls"),
    "Dense": dense(),
    "another Dense": dense("ReLU"),
    "heads": setting(CONFIG, num_attention_heads=2),
    "layers": setting(CONFIG, num_hidden_layers=1),
    "eps": setting(CONFIG, layer_norm_eps=0.1),
}


@pytest.fixture(scope="session")
def embedders(saved, tmp_path_factory):
    """Load an embedder for each setting, all of the same weights."""
    loaded = {"plain": Embedder.load(saved, dtype="float32")}
    for name, edit in SETTINGS.items():
        folder = shutil.copytree(saved, tmp_path_factory.mktemp("settings") / "model")
        edit(folder)
        loaded[name] = Embedder.load(folder, dtype="float32")
    return loaded


def test_each_setting_has_an_identity_of_its_own(embedders):
    assert len({str(embedder.identity) for embedder in embedders.values()}) == len(embedders)
    assert len({embedder.fingerprint for embedder in embedders.values()}) == len(embedders)
    assert len({embedder.encoder.sha256 for embedder in embedders.values()}) == 1


def test_the_cache_does_not_mix_settings(embedders, tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path / "cache"))
    for _ in range(2):  # the second time from the cache
        for embedder in embedders.values():
            cached = embedder.encode(TEXTS, on_long="cut", cache=True)
            np.testing.assert_allclose(cached, embedder.encode(TEXTS, on_long="cut"), atol=1e-5)


def test_the_default_model_is_called_as_ever():
    # Saved indexes and shipped vectors say which model made them; they are not to be refused.
    published = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert Embedder.load().identity == {"sha256": published, "pooling": "mean"}


def test_facts_need_no_torch(folder):
    import subprocess
    import sys

    code = "import sys; from embedlab.embedder import read_folder; from pathlib import Path\n"
    code += f"read_folder(Path({str(folder)!r})); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_bfloat16_weights_are_read_as_they_are(tmp_path):
    from safetensors.torch import save_file

    from embedlab.encoder import read_arrays

    tensors = {"a": torch.randn(3, 5).bfloat16(), "b": torch.randn(4).half(), "c": torch.zeros(0, 2)}
    save_file(tensors, tmp_path / "weights")
    arrays = read_arrays(tmp_path / "weights")
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(arrays[name], tensor.float().numpy())
    (tmp_path / "weights").write_bytes((tmp_path / "weights").read_bytes()[:-1])
    with pytest.raises(ModelError, match="damaged"):
        read_arrays(tmp_path / "weights")
