"""Files, topics and names of questions: read, found, or refused with a reason."""

import random
import re
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import genanki
import pytest

from embedlab.machine import data_path
from embedlab.study.bank import (
    CHAPTERS,
    ask,
    bank,
    find_topic,
    first_id,
    load,
    notebook_of,
    present_id,
    questions_on,
    topic_of,
    topics,
    write_deck,
)
from embedlab.study.bank.names import _first_ids, aliases

# What is wrong with a file is said with the question and the reason.

GOOD = """
- id: hnsw/x
  kind: single
  difficulty: 2
  level: junior
  question: What is this good for?
  hint: Think of the test.
  explanation: It is good for a test of the schema, as it holds all that is needed.
  options:
    - {text: one, correct: true, why: It is the first of all numbers.}
    - {text: two, why: It is the second of all numbers.}
    - {text: three, why: It is the third of all numbers.}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("correct: true", "correct: false", "hnsw/x: needs exactly one correct option, but has 0"),
        ("{text: two,", "{text: two, correct: true,", "hnsw/x: needs exactly one correct option, but has 2"),
        ("text: two", "text: one", "hnsw/x: two options are the same"),
        ("why: It is the third of all numbers.", "why: No.", "at least 20 characters"),
        ("difficulty: 2", "difficulty: 6", "less than or equal to 5"),
        ("kind: single", "kind: bug", "hnsw/x: asks for the bug in a piece of code, but shows none"),
        ("level: junior", "level: boss", "'junior', 'senior' or 'staff'"),
        ("hint:", "hnt:", "hint"),
        ("id: hnsw/x", "id: 06-x", "pattern"),
        ("kind: single", "kind: [", "yaml"),
    ],
)
def test_a_mistake_in_a_file_is_named(tmp_path, old, new, message):
    assert old in GOOD
    file = tmp_path / "hnsw.yaml"
    file.write_text(GOOD, encoding="utf-8")
    assert load(file)[0].id == "hnsw/x"
    file.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(message)):
        load(file)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("77", "there is no topic '77'; topics: 01 tokenizer, 02"),
        ("m", "'m' may be matryoshka, models, multimodal;"),
        ("1_", "no topic"),
        ("", "no topic"),
    ],
)
def test_topics_are_found_or_named(name, message):
    with pytest.raises(ValueError, match=message):
        find_topic(name)


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("hnsw", "hnsw"),
        ("6", "hnsw"),
        ("06", "hnsw"),
        ("06_hnsw", "hnsw"),
        (" HNSW ", "hnsw"),
        ("quant", "quantization"),
        ("vector databases", "vector_databases"),
        ("10", "chunking"),
        ("10_rag", "rag"),  # the number that it had
        ("15_vector_databases", "vector_databases"),
        ("16_drift_and_reindexing", "drift"),
        ("17_security_and_cost", "security"),
    ],
)
def test_a_topic_goes_by_many_names(name, topic):
    assert find_topic(name) == topic
    assert {topic_of(question.id) for question in questions_on([name])} == {topic}


def test_no_topic_has_another_ones_name():
    for topic in topics():
        assert find_topic(topic) == find_topic(notebook_of(topic)) == topic
    assert set(aliases()["topics"].values()) <= set(topics())


def test_every_notebook_is_a_chapter():
    notebooks = {path.name for path in (Path(__file__).parents[3] / "notebooks").glob("*.ipynb")}
    assert notebooks
    assert notebooks <= {notebook_of(chapter) for chapter in CHAPTERS}


def test_every_file_of_questions_belongs_to_a_chapter():
    files = {path.stem for path in data_path("questions").glob("*.yaml")}
    assert files == {*topics(), "aliases"}


# Old names.

# Ids of questions that have left the bank; answers to them are kept under these.
RETIRED = {"reranking/layers-on-another-model"}


def test_old_names_lead_to_questions_that_there_are():
    old = aliases()["questions"]
    assert set(old.values()) == {question for question in bank() if first_id(question) != question} | RETIRED
    assert not set(old) & set(bank())
    assert len(old) >= 319  # the first renaming; lines are added, never taken away


def test_first_and_present_names_are_inverse():
    assert len(set(map(first_id, bank()))) == len(bank())
    for question in bank():
        assert present_id(first_id(question)) == present_id(question) == question
        assert first_id(first_id(question)) == first_id(question)
    assert present_id("01-unknown") == first_id("01-unknown") == "01-unknown"
    assert topic_of("01-unknown") == ""


def test_a_question_renamed_twice_keeps_its_first_name(monkeypatch):
    twice = {"questions": {"06-a": "ann/a", "hnsw/a": "ann/a"}}
    monkeypatch.setattr("embedlab.study.bank.names.aliases", lambda: twice)
    monkeypatch.setattr("embedlab.study.bank.names._first_ids", _first_ids.__wrapped__)
    assert {first_id(name) for name in ("06-a", "hnsw/a", "ann/a")} == {"06-a"}
    assert {present_id(name) for name in ("06-a", "hnsw/a", "ann/a")} == {"ann/a"}


def test_a_seed_draws_what_it_drew_before_the_renaming():
    single, parametric = (
        next(q for q in questions_on(["hnsw"]) if q.kind == kind and not getattr(q, "keep_order", False))
        for kind in ("single", "parametric")
    )
    order = list(range(len(single.options)))
    random.Random(f"06-{single.id.removeprefix('hnsw/')} 3").shuffle(order)
    assert ask(single, 3).shown == tuple(order)
    rng = random.Random(f"06-{parametric.id.removeprefix('hnsw/')} 3")
    drawn = {name: rng.choice(values) for name, values in parametric.parameters.items()}
    assert parametric.draw(3) == parametric.filled(drawn)


def test_a_card_in_anki_is_the_same_as_before_the_renaming(tmp_path):
    write_deck([bank()["hnsw/tombstones"]], tmp_path / "deck.apkg")
    with zipfile.ZipFile(tmp_path / "deck.apkg") as deck:
        deck.extract("collection.anki2", tmp_path)
    with closing(sqlite3.connect(tmp_path / "collection.anki2")) as db:
        ((guid, tags),) = db.execute("SELECT guid, tags FROM notes")
    assert guid == genanki.guid_for("embedlab", "06-tombstones")
    assert "hnsw" in tags.split()
