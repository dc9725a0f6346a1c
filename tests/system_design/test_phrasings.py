"""Questions as people type them: the right fact or none, and never another one."""

from pathlib import Path

import pytest
import yaml

from embedlab.system_design import case_names, find_case
from embedlab.system_design.steps import answer_to

PHRASINGS = yaml.safe_load(Path(__file__).with_name("phrasings.yaml").read_text(encoding="utf-8"))


def answers(case, places):
    """List (question, the fact it asks for, the facts it brings out)."""
    lists = enumerate(PHRASINGS[case])
    asked = [(one, i) for i, of_it in lists for k, one in enumerate(of_it) if k in places]
    return [(one, i, answer_to(find_case(case), one)) for one, i in asked]


@pytest.mark.parametrize("case", case_names())
def test_phrasings_bring_out_their_fact_and_no_other(case):
    assert len(PHRASINGS[case]) == len(find_case(case).clarify)
    assert len(answers(case, range(6))) >= 20
    for question, fact, found in answers(case, range(6)):
        assert found in ([fact], []), question


def test_phrasings_that_helped_with_the_patterns_are_all_heard():
    for case in case_names():
        assert all(found == [fact] for _, fact, found in answers(case, range(5)))


def test_of_those_kept_apart_most_are_heard():
    kept = [found == [fact] for case in case_names() for _, fact, found in answers(case, [5])]
    assert len(kept) == sum(len(find_case(case).clarify) for case in case_names())
    assert sum(kept) > 0.75 * len(kept)


@pytest.mark.parametrize("question", PHRASINGS["none"])
def test_what_no_fact_answers_brings_out_none(question):
    assert not any(answer_to(find_case(case), question) for case in case_names())


def test_two_questions_in_one_line_bring_out_two_facts_and_a_vague_one_none():
    tickets = find_case("tickets")
    assert answer_to(tickets, "How many tenants are there, and what is the peak?") == [0, 2]
    assert answer_to(tickets, "How often do agents change or open tickets?") == []
