"""Labels are of what is said and quoted today; what the chapter's text says of them holds."""

from collections import Counter

import pytest

from embedlab.engine import Quotes
from embedlab.rag import Answers, kappa, labelled_answers, labelled_sentences, right


@pytest.fixture(scope="module")
def answers():
    return Answers()


def test_five_answers_to_each_question():
    found = labelled_answers()
    assert set(Counter(one.name for one in found).values()) == {5}
    systems = Counter((one.reader, one.condition) for one in found)
    assert len(systems) == 5
    assert set(systems.values()) == {120}


def test_they_are_what_the_generator_says(answers):
    texts = {
        (query.name, condition): reply.text
        for condition in ("none", "gold", "dense 5", "dense 10, last")
        for split in ("dev", "test")
        for query, reply in zip(
            answers.evidence.questions(split), answers.replies(condition, split), strict=True
        )
    }
    for one in labelled_answers():
        if one.reader == "generator":
            assert texts[one.name, one.condition] == one.text
    for one in labelled_sentences():
        assert one.text in texts[one.name, one.condition]


@pytest.mark.slow
def test_they_are_what_is_quoted(answers):
    quotes = Quotes(answers.evidence)
    labelled = {one.name: one.text for one in labelled_answers() if one.reader == "quotes"}
    for split in ("dev", "test"):
        for query, draft in zip(
            answers.evidence.questions(split), quotes.drafts("dense 5", split), strict=True
        ):
            assert "\n".join(one.claim for one in draft.quotes) == labelled[query.name]


def test_two_readings_agree():
    for found in (labelled_answers(), labelled_sentences()):
        first, second = zip(*(one.readings for one in found), strict=True)
        assert kappa(first, second) > 0.9


def test_the_verdict_is_that_of_both_where_they_agree():
    for one in labelled_answers():
        assert one.right in one.readings


def test_labels_that_are_not_there_are_named():
    with pytest.raises(ValueError, match=r"no labels of 'generator', 'loud'.*quotes: dense 5"):
        right("generator", "loud")
