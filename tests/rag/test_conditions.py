"""The same questions under other conditions: what is read, in which order, and what may not leak."""

import numpy as np
import pytest

from embedlab.rag import CONDITIONS, INJECTED, MARKER, Condition, Evidence
from embedlab.rag.experiments import OPTIONS, Answers


@pytest.fixture(scope="module")
def evidence():
    return Evidence()


@pytest.fixture(scope="module")
def queries(evidence):
    return evidence.questions("dev") + evidence.questions("test")


def test_names_are_distinct_and_say_what_differs():
    assert len({one.name for one in CONDITIONS.values()}) == len(CONDITIONS)
    assert Condition(k=10, place=3).name == "dense 10, gold at 3"
    assert Condition(k=3, order="last").name == "dense 3, last"
    assert Condition(style="tagged", injected="system").name == "dense 5, tagged, injected: system"


def test_the_gold_passage_holds_the_answer(evidence, queries):
    for query in queries:
        number, start, end = evidence._places[evidence.gold(query)]
        assert number == query.article
        overlap = min(end, query.end) - max(start, query.start)
        others = [
            min(e, query.end) - max(s, query.start) for n, s, e in evidence._places if n == query.article
        ]
        assert overlap == max(others) > 0


@pytest.mark.parametrize("name", [name for name in CONDITIONS if "gold at" in name])
def test_the_gold_passage_stands_where_it_should(evidence, queries, name):
    condition = CONDITIONS[name]
    for query in queries:
        rows = evidence.read(query, condition)
        assert len(rows) == len(set(rows)) == condition.k
        assert rows.index(evidence.gold(query)) == condition.place - 1


def test_last_is_best_turned_around(evidence, queries):
    for query in queries[::7]:
        best = evidence.read(query, CONDITIONS["dense 10"])
        assert evidence.read(query, CONDITIONS["dense 10, last"]) == best[::-1]
        assert sorted(evidence.read(query, CONDITIONS["dense 10, sides"])) == sorted(best)


def test_other_passages_are_of_a_question_about_another_article(evidence, queries):
    assert not any(evidence.gold(q) in evidence.read(q, CONDITIONS["other 5"]) for q in queries)


def test_an_injection_is_in_the_last_passage_only(evidence, queries):
    for attack, text in INJECTED.items():
        assert MARKER in text.lower()
        clean = evidence.passages(queries[0], CONDITIONS["dense 5"])
        dirty = evidence.passages(queries[0], CONDITIONS[f"dense 5, injected: {attack}"])
        assert clean[:-1] == dirty[:-1]
        assert dirty[-1].text == f"{clean[-1].text}\n{text}"


def test_no_question_or_article_speaks_of_the_marker(evidence, queries):
    assert not any(MARKER in query.text.lower() for query in queries)


def test_a_span_is_read_where_its_chunk_is(evidence, queries):
    query = queries[0]
    gold = evidence.gold(query)
    whole, nothing = evidence.recalls([[gold], [-1]], [[query.place], [query.place]])
    assert whole > 0.9
    assert nothing == 0


@pytest.mark.slow
def test_a_search_finds_what_was_shipped(evidence):
    """The vectors are in half precision, the rankings were made in float32: nearly the same order."""
    found = evidence.questions("dev")
    fresh = evidence.search([one.text for one in found], 5)
    shipped = [evidence.found(one, "dense")[:5] for one in found]
    assert np.mean([set(a) == set(b) for a, b in zip(fresh.tolist(), shipped, strict=True)]) > 0.9


def test_options_are_four_answers_of_other_articles(evidence, queries):
    answers = Answers(evidence)
    for query in queries:
        options = answers.options(query)
        assert options[0] == query.answer
        assert len(options) == OPTIONS
        assert options == answers.options(query)
