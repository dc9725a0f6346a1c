"""The question bank: valid, balanced, taught where it says, and no question twice."""

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from embedlab import Embedder
from embedlab.study.bank import FORMULAS, ask, bank, find_topic, link_to, load, readable, topic_of, topics

ROOT = Path(__file__).parents[3]
QUESTIONS = list(bank().values())
CHOICES = [question for question in QUESTIONS if question.kind in ("single", "bug")]
PARAMETRIC = [question for question in QUESTIONS if question.kind == "parametric"]
each_topic = pytest.mark.parametrize("topic", topics())


def of(topic):
    return [question for question in QUESTIONS if topic_of(question.id) == topic]


def chapter_headings(topic):
    """Return the headings of a chapter's notebook, or None where there is no chapter yet."""
    path = ROOT / "notebooks" / f"{topic}.ipynb"
    if not path.exists():
        return None
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return set(re.findall(r"^#+ +(.+?)\s*$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE))


def test_there_are_enough():
    assert len(QUESTIONS) >= 240
    later = [question for question in QUESTIONS if int(question.id[:2]) >= 10]
    assert len(later) >= 60


def test_no_id_is_given_twice():
    counts = Counter(question.id for path in topics().values() for question in load(path))
    assert counts.most_common(1)[0][1] == 1


@each_topic
def test_a_topic_holds_all_sorts(topic):
    own = of(topic)
    kinds = {question.kind for question in own}
    assert all(question.id[:2] == topic[:2] for question in own)
    assert {"single", "multiple", "bug", "parametric"} <= kinds
    assert len({question.difficulty for question in own}) >= 3
    assert {question.level for question in own} == {"junior", "senior", "staff"}
    if int(topic[:2]) < 10:
        assert len(own) >= 20
        assert {"numeric", "ordering", "flashcard"} <= kinds
        assert {question.difficulty for question in own} == {1, 2, 3, 4, 5}


@each_topic
def test_what_is_asked_is_taught(topic):
    headings = chapter_headings(topic)
    for question in of(topic):
        if headings is None:
            assert question.teaches is None, question.id
            assert len(question.explanation) > 200, f"{question.id}: nothing else teaches it"
        else:
            assert question.teaches in headings, question.id
            assert link_to(question).startswith(f"{topic}.ipynb#")


@each_topic
def test_what_is_said_to_be_measured_is(topic):
    headings = chapter_headings(topic) or set()
    for question in of(topic):
        if question.measured and "::" in question.measured:
            file, name = question.measured.split("::")
            assert re.search(rf"^def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), (
                question.id
            )
        else:
            assert question.measured is None or question.measured in headings, question.id


def test_much_is_measured():
    assert sum(question.measured is not None for question in QUESTIONS) >= len(QUESTIONS) / 2


# A key must not be found by its place or its looks.


def test_the_right_option_is_not_usually_the_longest_or_shortest():
    def place_by_length(question):
        lengths = [len(option.text) for option in question.options]
        (key,) = [len(option.text) for option in question.options if option.correct]
        return sum(length > key for length in lengths) / (len(lengths) - 1)  # 0 longest, 1 shortest

    places = np.array([place_by_length(question) for question in CHOICES])
    assert (places == 0).mean() < 1 / 3
    assert (places == 1).mean() < 1 / 3


def test_the_places_of_the_keys_are_balanced():
    written, shown = Counter(), Counter()
    for question in CHOICES:
        if len(question.options) == 4:
            written[[option.correct for option in question.options].index(True)] += 1
            for seed in range(20):
                shown[ask(question, seed).key[0]] += 1
    for counts in (written, shown):
        assert min(counts[place] for place in range(4)) > 0.8 * sum(counts.values()) / 4


def test_every_option_says_something_of_its_own():
    reasons = Counter(option.why for question in QUESTIONS for option in getattr(question, "options", ()))
    assert [why for why, count in reasons.items() if count > 1] == []


def test_no_two_questions_are_nearly_the_same():
    texts = [f"{question.question} {question.code or ''}" for question in QUESTIONS]
    vectors = Embedder.load().encode(texts)
    cosines = np.triu(vectors @ vectors.T, k=1)
    close = [(QUESTIONS[i].id, QUESTIONS[j].id) for i, j in zip(*np.nonzero(cosines > 0.85), strict=True)]
    assert close == []


# Parametric questions.


@pytest.mark.parametrize("question", PARAMETRIC, ids=lambda question: question.id)
def test_drawn_numbers_make_sense(question):
    drawn = [question.draw(seed) for seed in range(60)]
    assert question.draw(7) == question.draw(7)
    assert len({one.answer for one in drawn}) >= 5
    for one in drawn:
        assert np.isfinite(one.answer)
        assert one.answer > 0
        assert not re.search(r"[{}]", one.question + one.hint + one.explanation)
        assert readable(one.answer) in one.explanation
        # Whoever types the answer as shown must be right.
        shown = float(readable(one.answer).replace(",", ""))
        assert abs(shown - one.answer) <= question.tolerance * abs(one.answer) * (1 + 1e-9)


def test_every_formula_is_asked_for_and_checked():
    """For each there is a test that gets the same by another route, named after it."""
    tests = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("test_formulas_*.py")
    )
    assert set(FORMULAS) == {question.formula for question in PARAMETRIC}
    assert [name for name in FORMULAS if f"def test_{name}" not in tests] == []


# What is wrong with a file is said with the question and the reason.

GOOD = """
- id: 01-x
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
        ("correct: true", "correct: false", "01-x: needs exactly one correct option, but has 0"),
        ("{text: two,", "{text: two, correct: true,", "01-x: needs exactly one correct option, but has 2"),
        ("text: two", "text: one", "01-x: two options are the same"),
        ("why: It is the third of all numbers.", "why: No.", "at least 20 characters"),
        ("difficulty: 2", "difficulty: 6", "less than or equal to 5"),
        ("kind: single", "kind: bug", "01-x: asks for the bug in a piece of code, but shows none"),
        ("level: junior", "level: boss", "'junior', 'senior' or 'staff'"),
        ("hint:", "hnt:", "hint"),
        ("id: 01-x", "id: x", "pattern"),
        ("kind: single", "kind: [", "yaml"),
    ],
)
def test_a_mistake_in_a_file_is_named(tmp_path, old, new, message):
    assert old in GOOD
    file = tmp_path / "01_x.yaml"
    file.write_text(GOOD, encoding="utf-8")
    assert load(file)[0].id == "01-x"
    file.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(message)):
        load(file)


@pytest.mark.parametrize(
    ("name", "message"),
    [("77", "there is no topic '77'; topics: 01_tokenizer"), ("m", "may be 04_matryoshka"), ("", "no topic")],
)
def test_topics_are_found_or_named(name, message):
    with pytest.raises(ValueError, match=message):
        find_topic(name)
