"""A judge's verdict is read off two likelihoods, and a pair is shown in both orders."""

import numpy as np
import pytest

from embedlab.rag import position_bias
from embedlab.rag.judging import is_right, is_supported, margins, preferred, which_is_better
from embedlab.rag.prompts import STYLES, prompt


def first_place(conversations, verdicts):
    return [0.0 if verdict == "A" else -1.0 for verdict in verdicts]


def longer(conversations, verdicts):
    """Like whichever answer has more characters."""
    values = []
    for conversation, verdict in zip(conversations, verdicts, strict=True):
        a, b = conversation[-1]["content"].split("Answer A: ")[1].split("\n\nAnswer B: ")
        values.append(float((len(a) > len(b.split("\n\nWhich")[0])) == (verdict == "A")))
    return values


def test_a_judge_of_places_is_found_out():
    bias = position_bias(*preferred([("q", "one", "two")] * 5, likelihood=first_place))
    assert (bias.first_place, bias.consistent, bias.win_rate) == (1.0, 0.0, 0.5)


def test_a_judge_of_lengths_is_consistent():
    bias = position_bias(*preferred([("q", "short", "much longer")] * 5, likelihood=longer))
    assert (bias.consistent, bias.win_rate) == (1.0, 0.0)


def test_the_margin_is_the_first_verdicts():
    def unsure(conversations, verdicts):
        return [-3.0 if verdict == "Yes" else -1.0 for verdict in verdicts]

    found = margins([is_right("q", "r", "a"), is_supported("s", ["p"])], likelihood=unsure)
    assert np.array_equal(found, [-2, -2])


def test_the_judge_is_shown_what_it_judges():
    for shown in (is_right("Q?", "REF", "ANS"), which_is_better("Q?", "REF", "ANS")):
        assert all(word in shown[-1]["content"] for word in ("Q?", "REF", "ANS"))
    assert all(word in is_supported("S.", ["ONE", "TWO"])[-1]["content"] for word in ("S.", "ONE", "TWO"))


def test_braces_in_a_passage_are_text():
    from embedlab.rag import Passage

    for style in STYLES:
        shown = prompt("What is {question}?", [Passage("a", "{passages} {0} {", number=1)], style)
        assert "What is {question}?" in shown[1]["content"]
        if style != "closed book":
            assert "{passages} {0} {" in shown[1]["content"]


def test_an_unknown_style_is_named():
    with pytest.raises(ValueError, match="no style 'loud'; choose from plain"):
        prompt("Q?", [], "loud")
