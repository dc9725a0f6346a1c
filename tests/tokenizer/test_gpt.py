"""GPT's vocabularies load without a network, and leave the environment as it was."""

import os

import pytest

from embedlab.tokenizer import GPT_ENCODINGS, gpt_encoding


@pytest.mark.parametrize("name", GPT_ENCODINGS)
def test_vocabularies_are_those_that_tiktoken_knows_by_hash(name, monkeypatch):
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "untouched")
    encoding = gpt_encoding(name)
    assert os.environ["TIKTOKEN_CACHE_DIR"] == "untouched"
    text = "naïve 東京 🙂 df.fillna(0)"
    assert encoding.decode(encoding.encode(text)) == text


def test_known_ids_and_refusal():
    assert gpt_encoding("cl100k_base").encode("tiktoken is great!") == [83, 1609, 5963, 374, 2294, 0]
    with pytest.raises(ValueError, match="no vocabulary 'gpt2'"):
        gpt_encoding("gpt2")
