"""Embedding against sentence-transformers, odd input, the cache, and other models' folders."""

import json

import numpy as np
import pytest
import torch

from embedlab.embedder import Embedder, TruncationWarning
from embedlab.machine import ModelError, model_folder

pytestmark = pytest.mark.slow

ODD = [
    "",
    " ",
    "a",
    "\N{PILE OF POO}\N{ZERO WIDTH JOINER}",
    "naïve Ünïcödé",
    "\x00\ufffd",
    "日本語",
    "word " * 50,
]


@pytest.fixture(scope="module")
def embedder():
    return Embedder.load(dtype="float32")


@pytest.mark.slow
def test_equals_sentence_transformers(embedder):
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(str(model_folder()), device="cpu")
    texts = [*ODD, "word " * 1000]
    with pytest.warns(TruncationWarning, match="1 of 9 texts have more than 256 tokens"):
        ours = embedder.encode(texts)
    np.testing.assert_allclose(ours, theirs.encode(texts), atol=1e-5)
    tokens = theirs.encode(ODD, output_value="token_embeddings")
    for mine, other in zip(embedder.encode_tokens(ODD), tokens, strict=True):
        np.testing.assert_allclose(mine, other.numpy(), atol=2e-5)


def test_the_default_precision_is_close_to_float32(embedder):
    cosines = (Embedder.load().encode(ODD) * embedder.encode(ODD)).sum(axis=1)
    assert cosines.min() > 0.999


def test_shapes_and_lengths(embedder):
    assert embedder.encode([]).shape == (0, 384)
    assert embedder.encode_tokens([]) == []
    short = embedder.encode(["a", "b"], dims=64)
    assert short.shape == (2, 64)
    assert short.dtype == np.float32
    assert short.flags["C_CONTIGUOUS"]
    np.testing.assert_allclose(np.linalg.norm(short, axis=1), 1, atol=1e-5)
    raw = embedder.encode(["a"], normalize=False)
    np.testing.assert_allclose(raw / np.linalg.norm(raw), embedder.encode(["a"]), atol=1e-6)


def test_the_order_of_texts_does_not_matter(embedder):
    texts = [f"{'very ' * (i % 7)}long text {i}" for i in range(40)]
    forward, backward = embedder.encode(texts), embedder.encode(texts[::-1])
    np.testing.assert_allclose(forward, backward[::-1], atol=1e-5)


@pytest.mark.parametrize("dims", [0, -1, 385])
def test_refuses_bad_dims(embedder, dims):
    with pytest.raises(ValueError, match=f"between 1 and 384, but is {dims}"):
        embedder.encode(["a"], dims=dims)


def test_refuses_what_is_no_list_of_strings(embedder):
    with pytest.raises(TypeError, match=r"pass \['hello'\]"):
        embedder.encode("hello")
    with pytest.raises(TypeError, match=r"texts\[1\] must be a string, but is NoneType"):
        embedder.encode(["a", None])
    with pytest.raises(TypeError, match=r"texts\[0\] must be a string, but is bytes"):
        embedder.encode_tokens([b"a"])


def test_a_very_long_text_is_cut_and_says_so(embedder):
    text = "embedding " * 10_000
    with pytest.warns(TruncationWarning, match="1 of 2 texts .* at position 1"):
        cut = embedder.encode(["short", text])
    np.testing.assert_allclose(cut[1], embedder.encode(["embedding " * 254])[0], atol=1e-5)
    with pytest.raises(ValueError, match="more than 256 tokens"):
        embedder.encode([text], on_long="raise")


@pytest.mark.filterwarnings("error")
def test_a_text_that_just_fits_is_not_cut(embedder):
    assert embedder.encode_tokens(["word " * 254])[0].shape == (256, 384)
    embedder.encode(["word " * 300], on_long="cut")


def copy_of_the_model(folder, **changes):
    for file in model_folder().rglob("*"):
        if file.is_file():
            target = folder / file.relative_to(model_folder())
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(file)
    for name, content in changes.items():
        file = folder / name.replace("__", "/").replace("_json", ".json")
        file.unlink(missing_ok=True)
        file.write_text(json.dumps(content))
    return folder


def test_another_folder_loads_and_says_what_it_is(tmp_path, embedder):
    old_form = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    folder = copy_of_the_model(tmp_path, **{"1_Pooling__config_json": old_form})
    other = Embedder.load(folder, dtype="float32")
    assert other.pooling == "cls"
    assert other.identity != embedder.identity
    assert other.encode(["x"]).shape == (1, 384)


def test_refuses_unknown_pooling_and_models():
    with pytest.raises(ModelError, match="pooling 'median' cannot be run; choose from mean, cls"):
        Embedder.load(pooling="median")
    with pytest.raises(ModelError, match="neither a folder nor a hub id"):
        Embedder.load("./nowhere")


def test_vectors_do_not_change_with_the_number_of_threads(embedder):
    before = torch.get_num_threads()
    vectors = embedder.encode(ODD)
    torch.set_num_threads(1)
    try:
        np.testing.assert_allclose(embedder.encode(ODD), vectors, atol=1e-5)
    finally:
        torch.set_num_threads(before)


def test_reading_less_is_the_same_space(embedder):
    short = embedder.reading(8)
    assert short.identity == embedder.identity
    assert short.fingerprint != embedder.fingerprint
    np.testing.assert_allclose(
        short.encode(["word " * 50], on_long="cut"), embedder.encode(["word " * 6]), atol=1e-5
    )
    for length in (1, 513):
        with pytest.raises(ValueError, match=f"between 2 and 512, but is {length}"):
            embedder.reading(length)
