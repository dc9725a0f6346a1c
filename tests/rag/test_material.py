"""The questions written by hand: as many as said, each with its places, on one side, asked nowhere else."""

from collections import Counter

import pytest
import yaml

from embedlab.benchmark import BenchmarkError
from embedlab.chunking import passages
from embedlab.machine import data_path
from embedlab.rag import ROUTES, comparisons, follow_ups, material, turns


def raw(path):
    return yaml.safe_load(data_path(path).read_text(encoding="utf-8"))


def span(place):
    article, start, end = place
    return passages().articles[article].text[start:end]


def articles(split):
    return {query.article for query in passages().of(split)}


def test_there_are_as_many_as_the_chapter_says():
    assert Counter(one.split for one in follow_ups()) == {"dev": 20, "test": 28}
    alone = Counter(one.split for one in follow_ups() if not one.needs_history)
    assert alone == {"dev": 2, "test": 4}
    assert Counter((one.split, one.kind) for one in comparisons()) == {
        ("dev", "comparison"): 10,
        ("dev", "two_hop"): 5,
        ("test", "comparison"): 14,
        ("test", "two_hop"): 7,
    }
    assert len({one.place[0] for one in follow_ups()}) >= 30
    assert len({place[0] for one in comparisons() for place in one.places}) >= 30


def test_turns_are_balanced_hard_ones_too():
    counts = Counter((one.label, one.split) for one in turns())
    assert counts == {(label, split): 20 for label in ROUTES for split in ("dev", "test")}
    hard = Counter((one.label, one.split) for one in turns() if one.hard)
    assert hard == {(label, split): 8 for label in ROUTES for split in ("dev", "test")}


def test_a_place_holds_its_quote_which_stands_once():
    quotes = {one["id"]: one["quote"] for one in raw("rag/follow_ups.yaml")}
    for one in follow_ups():
        assert span(one.place) == quotes[one.id]
        assert passages().articles[one.place[0]].text.count(quotes[one.id]) == 1, one.id
    quotes = {one["id"]: [each["quote"] for each in one["quotes"]] for one in raw("rag/comparisons.yaml")}
    for one in comparisons():
        assert [span(place) for place in one.places] == quotes[one.id]
        assert one.places[0] != one.places[1], one.id


@pytest.mark.parametrize("split", ["dev", "test"])
def test_an_item_is_on_the_side_of_its_articles(split):
    assert {one.place[0] for one in follow_ups() if one.split == split} <= articles(split)
    asked = {place[0] for one in comparisons() if one.split == split for place in one.places}
    assert asked <= articles(split)


def test_nothing_is_asked_twice():
    """Neither within the files, nor what chapter 10 or another file asks."""
    ids = [one.id for one in (*follow_ups(), *comparisons())]
    assert len(set(ids)) == len(ids)
    asked = [one["question"] for one in raw("wikipedia_questions.yaml")]
    asked += [text for one in follow_ups() for text in (one.first, one.standalone)]
    asked += [one.question for one in comparisons()] + [one.text for one in turns()]
    twice = [text for text, times in Counter(map(plain, asked)).items() if times > 1]
    assert not twice


def test_no_part_is_the_question_itself():
    for one in comparisons():
        assert len({plain(text) for text in (one.question, *one.parts)}) == 3, one.id


def plain(text):
    return text.lower().rstrip(" ?.!")


def test_a_follow_up_is_searched_as_it_is_only_where_it_needs_no_history():
    for one in follow_ups():
        assert (one.standalone == one.follow_up) != one.needs_history, one.id
        assert one.history == [(one.first, one.reply)]


FOLLOW_UP = {"id": "x", "article": "Albania", "first": "?", "reply": "!", "follow_up": "Why?"}
FOLLOW_UP |= {"standalone": "Why x?", "quote": "The country's capital, Tirana", "answer": "a"}
FOLLOW_UP |= {"needs_history": True}
QUOTE = {"article": "Albania", "quote": "The country's capital, Tirana"}
COMPARISON = {"id": "x", "question": "?", "parts": ["a", "b"], "quotes": [QUOTE, QUOTE], "answer": "a"}
COMPARISON |= {"kind": "two_hop"}
TURN = {"text": "x", "label": "chat", "split": "dev", "hard": False}


@pytest.mark.parametrize(
    ("read", "items", "message"),
    [
        (follow_ups, [FOLLOW_UP | {"quote": "no such span"}], "x: the quote stands 0 times in 'Albania'"),
        (follow_ups, [FOLLOW_UP | {"quote": "Tirana"}], r"x: the quote stands \d\d+ times"),
        (follow_ups, [FOLLOW_UP | {"article": "Atlantis"}], "x: there is no article 'Atlantis'"),
        (follow_ups, [FOLLOW_UP | {"article": "Algorithms (journal)"}], "x: no query is of"),
        (follow_ups, [FOLLOW_UP | {"needs_history": False}], "x: standalone is the follow-up"),
        (follow_ups, [FOLLOW_UP, FOLLOW_UP], "'x': stands there twice"),
        (follow_ups, [{"id": "x", "frist": "?"}], "'x': fields that are missing or unknown: .*frist"),
        (comparisons, [COMPARISON | {"kind": "three_hop"}], "x: two parts, two quotes, and a kind of"),
        (comparisons, [COMPARISON | {"parts": ["a"]}], "x: two parts"),
        (
            comparisons,
            [COMPARISON | {"quotes": [QUOTE, {"article": "Alaska", "quote": "The capital city, Juneau"}]}],
            "x: one of its articles is in dev",
        ),
        (turns, [TURN | {"label": "sing"}], "'x': a label of search, chat, compute"),
        (turns, [TURN | {"split": "train"}], "'x': a label of"),
    ],
)
def test_an_error_names_the_item(read, items, message, monkeypatch, tmp_path):
    for file in ("follow_ups", "comparisons", "turns"):
        (tmp_path / f"{file}.yaml").write_text(yaml.safe_dump(items), encoding="utf-8")
    monkeypatch.setattr(material, "data_path", lambda name: tmp_path / name.removeprefix("rag/"))
    with pytest.raises(BenchmarkError, match=message):
        read.__wrapped__()
