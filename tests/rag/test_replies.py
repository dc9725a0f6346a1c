"""What is shipped of the generator's replies is what it says, and is what the chapter asks for."""

import json
import random

import pytest

from embedlab.rag import CONDITIONS, Answers, replies
from embedlab.rag.experiments import OPTIONS
from embedlab.rag.gguf_weights import packaged_gguf
from embedlab.rag.replies import MODEL, Reply, key_of, likely, recorded, said, shipped
from embedlab.rag.shipping import say_everything

ASKED = [{"role": "user", "content": "Name a colour."}]


@pytest.fixture(scope="module")
def answers():
    return Answers()


@pytest.fixture
def empty(monkeypatch, tmp_path):
    """Nothing is shipped or kept."""
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    monkeypatch.setattr(replies, "shipped", lambda: {"said": {}, "likely": {}})


def test_the_replies_are_of_the_packaged_model():
    from embedlab.machine import file_sha256

    assert file_sha256(packaged_gguf()).startswith(MODEL)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gold", "dense 3, last", "gold, cite"])
def test_replies_shipped_are_those_of_the_model(answers, empty, name):
    row = random.Random(name).randrange(49)
    query = answers.evidence.questions("dev")[row]
    shown = json.loads((replies.data_path("rag") / "replies.json").read_text(encoding="utf-8"))["said"]
    prompts = answers.evidence.prompts([query], CONDITIONS[name])
    text, logp, ended = shown[key_of(prompts[0], "48")]
    (fresh,) = said(prompts)
    assert (fresh.text, fresh.ended) == (text, ended)
    assert fresh.logp == pytest.approx(logp, abs=2e-3)


@pytest.mark.slow
def test_likelihoods_shipped_are_those_of_the_model(answers, empty):
    query = answers.evidence.questions("test")[random.Random(0).randrange(71)]
    shown = json.loads((replies.data_path("rag") / "replies.json").read_text(encoding="utf-8"))["likely"]
    prompts = answers.evidence.prompts([query], CONDITIONS["dense 2"]) * OPTIONS
    options = answers.options(query)
    wanted = [shown[key_of(one, "likely", option)] for one, option in zip(prompts, options, strict=True)]
    assert likely(prompts, options) == pytest.approx(wanted, abs=2e-3)


@pytest.mark.slow
def test_what_is_shipped_is_what_the_chapter_asks_for(monkeypatch):
    monkeypatch.setattr(replies, "packaged_generator", None)  # nothing has to be computed
    with recorded() as seen:
        say_everything()
    assert {kind: set(found) for kind, found in seen.items()} == {
        kind: set(found) for kind, found in shipped().items()
    }


@pytest.mark.slow
def test_a_reply_that_is_not_shipped_is_computed_once(empty, monkeypatch):
    first = said([ASKED, ASKED], most=6)
    assert first[0] == first[1]
    assert isinstance(first[0], Reply)
    assert first[0].text
    monkeypatch.setattr(replies, "packaged_generator", None)
    assert said([ASKED, ASKED], most=6) == first


def test_a_prompt_is_named_by_all_that_is_in_it():
    other = [{"role": "system", "content": "Name a colour."}]
    names = {key_of(ASKED), key_of(other), key_of(ASKED, "48"), key_of(ASKED, "likely", "red")}
    assert len(names) == 4
    assert key_of(ASKED) == key_of([dict(ASKED[0])])


def test_every_answer_needs_its_conversation():
    with pytest.raises(ValueError, match="zip"):
        likely([ASKED], ["red", "blue"])
