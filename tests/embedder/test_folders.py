"""Folders of sentence-transformers, varied setting by setting, give the vectors that it gives."""

import json
import shutil
import warnings

import numpy as np
import pytest
from bert_folders import (
    TEXTS,
    VOCABULARY,
    add_dense,
    add_module,
    bare_bert,
    change,
    change_modules,
    change_weights,
    make_folder,
)

from embedlab.embedder import Embedder

pytestmark = pytest.mark.slow

# Two layers of a few sums each, of at most 64 products: some hundred roundings of numbers below 1.
TOLERANCE = 200 * np.finfo(np.float32).eps


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("saved"))


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "model")


def ours_of(folder):
    return Embedder.load(folder, dtype="float32").encode(TEXTS, on_long="cut")


def theirs_of(folder):
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu").encode(TEXTS, normalize_embeddings=True)


def tokenizer(**changes):
    return lambda folder: change(folder / "tokenizer_config.json", **changes)


def transformer(**changes):
    return lambda folder: change(folder / "sentence_bert_config.json", **changes)


def pooling(**changes):
    def vary(folder):
        (folder / "1_Pooling" / "config.json").unlink()
        change(folder / "1_Pooling" / "config.json", word_embedding_dimension=32, **changes)

    return vary


def both(*edits):
    return lambda folder: [edit(folder) for edit in edits]


def normalizer(**changes):
    """Give the rules in tokenizer.json alone, to a class that has none of its own."""

    def vary(folder):
        whole = json.loads((folder / "tokenizer.json").read_text())
        change(folder / "tokenizer.json", normalizer=whole["normalizer"] | changes)
        change(folder / "tokenizer_config.json", tokenizer_class="PreTrainedTokenizerFast")

    return vary


def only_vocab_txt(folder):
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")


def another_vocab_txt(folder):
    (folder / "vocab.txt").write_text("\n".join(reversed(VOCABULARY)) + "\n", encoding="utf-8")


def no_limit_in_the_tokenizer(folder):
    change(folder / "tokenizer_config.json", model_max_length=None)


def pooling_elsewhere(folder):
    (folder / "1_Pooling").rename(folder / "2_Pool")
    change(folder / "2_Pool" / "config.json", pooling_mode="cls")
    change_modules(folder, lambda modules: modules[1].update(path="2_Pool"))


def transformer_elsewhere(folder):
    inner = folder / "0_Transformer"
    inner.mkdir()
    for file in [file for file in folder.iterdir() if file.is_file()]:
        if file.name not in ("modules.json", "config_sentence_transformers.json"):
            file.rename(inner / file.name)
    change_modules(folder, lambda modules: modules[0].update(path="0_Transformer"))


def old_names(folder):
    def to_gamma(name):
        return name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")

    change_weights(folder, lambda weights: {to_gamma(name): w for name, w in weights.items()})


def with_a_head(folder):
    change_weights(folder, lambda weights: {f"bert.{name}": w for name, w in weights.items()})
    change(folder / "config.json", architectures=["BertForMaskedLM"])


def prompt(folder):
    prompts = {"query": "query: ", "document": ""}
    change(folder / "config_sentence_transformers.json", prompts=prompts, default_prompt_name="query")


def old_types(folder):
    change_modules(
        folder,
        lambda modules: [
            m.update(type=f"sentence_transformers.models.{m['type'].rsplit('.')[-1]}") for m in modules
        ],
    )


def in_half_precision(folder):
    change_weights(folder, lambda weights: {name: w.half() for name, w in weights.items()})
    change(folder / "config.json", dtype="float32")


def in_bfloat16(folder):
    change_weights(folder, lambda weights: {name: w.bfloat16() for name, w in weights.items()})
    change(folder / "config.json", dtype="float32")


CASED = tokenizer(do_lower_case=False)
VARIATIONS = {
    "as saved": lambda folder: None,
    "vocab.txt only": only_vocab_txt,
    "tokenizer.json goes before vocab.txt": another_vocab_txt,
    "limit of the tokenizer": tokenizer(model_max_length=64),
    "limit of the module": transformer(max_seq_length=48),
    "limit of the positions": no_limit_in_the_tokenizer,
    "limit of the tokenizer beyond the positions": tokenizer(model_max_length=512),
    "cased": CASED,
    "accents kept": tokenizer(strip_accents=False),
    "cased without accents": both(CASED, tokenizer(strip_accents=True)),
    "Chinese words": tokenizer(tokenize_chinese_chars=False),
    "the module lower-cases": both(CASED, transformer(do_lower_case=True)),
    "the module lower-cases, no accents": both(
        CASED, tokenizer(strip_accents=True), transformer(do_lower_case=True)
    ),
    "rules of tokenizer.json": normalizer(lowercase=False, strip_accents=False, handle_chinese_chars=False),
    "CLS": pooling(pooling_mode="cls"),
    "max": pooling(pooling_mode=["max"]),
    "last token": pooling(pooling_mode="lasttoken"),
    "CLS, old form": pooling(pooling_mode_cls_token=True, pooling_mode_mean_tokens=False),
    "no pooling named": pooling(pooling_mode_cls_token=False),
    "pooling in another folder": pooling_elsewhere,
    "transformer in a folder": transformer_elsewhere,
    "default prompt": prompt,
    "Dense": lambda folder: add_dense(folder, 16),
    "Dense without bias": lambda folder: add_dense(folder, 48, "ReLU", bias=False),
    "Dense, normalised, Dense": lambda folder: (
        add_dense(folder, 16, "Sigmoid"),
        add_module(folder, "Normalize", {}),
        add_dense(folder, 8, "Identity", given=16),
    ),
    "Normalize": lambda folder: add_module(folder, "Normalize", {}),
    "Dropout": lambda folder: add_module(folder, "Dropout", {"dropout": 0.5}),
    "gamma and beta": old_names,
    "a head on top": with_a_head,
    "no modules.json": lambda folder: (folder / "modules.json").unlink(),
    "types of older versions": old_types,
    "float16": in_half_precision,
    "bfloat16": in_bfloat16,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIATIONS)
def test_gives_the_vectors_of_sentence_transformers(folder, name):
    VARIATIONS[name](folder)
    ours, theirs = ours_of(folder), theirs_of(folder)
    np.testing.assert_allclose(ours, theirs, atol=TOLERANCE)


def test_the_variations_matter(saved, folder):
    """Were a setting passed over, some text would get another vector, by far more than rounding."""
    plain = ours_of(saved)
    for name in ("cased", "accents kept", "Chinese words", "limit of the tokenizer", "CLS", "default prompt"):
        varied = shutil.copytree(folder, folder.parent / name)
        VARIATIONS[name](varied)
        assert (plain * ours_of(varied)).sum(axis=1).min() < 0.999, name


def test_a_folder_that_was_saved_again(folder, tmp_path):
    from sentence_transformers import SentenceTransformer

    VARIATIONS["the module lower-cases"](folder)
    add_dense(folder, 16)
    again = tmp_path / "again"
    SentenceTransformer(str(folder), device="cpu").save_pretrained(str(again))
    np.testing.assert_allclose(ours_of(again), theirs_of(again), atol=TOLERANCE)


def test_a_bare_bert_is_averaged(tmp_path):
    bare = bare_bert(tmp_path / "bare")
    np.testing.assert_allclose(ours_of(bare), theirs_of(bare), atol=TOLERANCE)


def test_prompts_that_are_not_used_are_named(folder):
    change(folder / "config_sentence_transformers.json", prompts={"query": "query: ", "document": ""})
    with pytest.warns(UserWarning, match=r"has prompts \(query\) that `encode` does not use"):
        ours = ours_of(folder)
    np.testing.assert_allclose(ours, theirs_of(folder), atol=TOLERANCE)


def test_a_shorter_reading_keeps_prompt_and_layers(folder):
    prompt(folder)
    add_dense(folder, 16)
    embedder = Embedder.load(folder, dtype="float32")
    short = embedder.reading(20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(short.encode(TEXTS[2:4]), embedder.encode(TEXTS[2:4]), atol=TOLERANCE)
    assert short.dims == 16
