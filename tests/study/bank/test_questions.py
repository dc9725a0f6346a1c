"""The question bank: valid, balanced, taught where it says, and no question twice."""

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from embedlab import Embedder
from embedlab.study.bank import (
    FORMULAS,
    ask,
    bank,
    link_to,
    load,
    notebook_of,
    number_of,
    readable,
    topic_of,
    topics,
)

ROOT = Path(__file__).parents[3]
QUESTIONS = list(bank().values())
CHOICES = [question for question in QUESTIONS if question.kind in ("single", "bug")]
PARAMETRIC = [question for question in QUESTIONS if question.kind == "parametric"]
WRITTEN = [topic for topic in topics() if (ROOT / "notebooks" / notebook_of(topic)).exists()]
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
each_topic = pytest.mark.parametrize("topic", topics())


# Files whose questions keep to the limits of balance and evidence below, each by itself.
BALANCED = [
    "tokenizer",
    "encoder",
    "pooling",
    "matryoshka",
    "quantization",
    "hnsw",
    "colbert",
    "reranking",
    "hybrid",
    "chunking",
    "rag",
    "scale",
    "serving",
    "vector_databases",
]
each_balanced = pytest.mark.parametrize("topic", BALANCED)
KINDS = {"single", "multiple", "bug", "numeric", "parametric", "ordering", "flashcard"}
LEVELS = {"junior", "senior", "staff"}


def of(topic):
    return [question for question in QUESTIONS if topic_of(question.id) == topic]


def chapter_headings(topic):
    """Return the headings of a chapter's notebook, or None where there is no chapter yet."""
    if topic not in WRITTEN:
        return None
    path = ROOT / "notebooks" / notebook_of(topic)
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return set(re.findall(r"^#+ +(.+?)\s*$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE))


def test_there_are_enough():
    assert len(QUESTIONS) >= 240
    later = [question for question in QUESTIONS if int(number_of(topic_of(question.id))) >= 10]
    assert len(later) >= 60


def test_no_id_is_given_twice():
    counts = Counter(question.id for path in topics().values() for question in load(path))
    assert counts.most_common(1)[0][1] == 1


@each_topic
def test_a_file_holds_questions_on_its_topic(topic):
    own = load(topics()[topic])
    assert own
    assert {topic_of(question.id) for question in own} == {topic}


@pytest.mark.parametrize("topic", WRITTEN)
def test_a_chapter_asks_all_sorts(topic):
    own = of(topic)
    assert len(own) >= 20
    assert {question.kind for question in own} == KINDS
    assert {question.difficulty for question in own} == {1, 2, 3, 4, 5}
    assert {question.level for question in own} == LEVELS


@pytest.mark.parametrize("numbers", [range(10, 16), range(16, 23)], ids=["use it", "run it"])
def test_a_part_without_chapters_yet_asks_all_sorts(numbers):
    own = [question for question in QUESTIONS if int(number_of(topic_of(question.id))) in numbers]
    assert {question.kind for question in own} >= KINDS - {"numeric", "ordering"}
    assert {question.difficulty for question in own} >= {2, 3, 4, 5}
    assert {question.level for question in own} == LEVELS


@each_topic
def test_what_is_asked_is_taught(topic):
    headings = chapter_headings(topic)
    for question in of(topic):
        if headings is None:
            assert question.teaches is None, question.id
            assert len(question.explanation) > 200, f"{question.id}: nothing else teaches it"
        else:
            assert question.teaches in headings, question.id
            assert link_to(question).startswith(f"{notebook_of(topic)}#")


@each_topic
def test_what_is_said_to_be_measured_is(topic):
    headings = chapter_headings(topic) or set()
    for question in of(topic):
        if question.measured and question.measured.startswith("test_"):
            assert re.search(rf"^def {question.measured}\(", TESTS, re.MULTILINE), question.id
        else:
            assert question.measured is None or question.measured in headings, question.id


def test_nearly_all_is_measured_or_has_a_source():
    assert sum(question.measured is not None for question in QUESTIONS) >= len(QUESTIONS) / 3
    assert sum(bool(question.measured or question.sources) for question in QUESTIONS) >= 0.75 * len(QUESTIONS)


@each_balanced
def test_half_of_a_file_has_sources(topic):
    own = of(topic)
    assert sum(bool(question.sources) for question in own) >= len(own) / 2


# A key must not be found by its place or its looks.


def place_by_length(question):
    """Return where the key stands among the options by length: 0 the longest, 1 the shortest."""
    lengths = [len(option.text) for option in question.options]
    (key,) = [len(option.text) for option in question.options if option.correct]
    return sum(length > key for length in lengths) / (len(lengths) - 1)


@pytest.mark.parametrize("topic", [None, *BALANCED])
def test_the_right_option_is_not_usually_the_longest_or_shortest(topic):
    """A quarter each would be chance; a single file has few questions, and more of it."""
    own = [question for question in CHOICES if topic in (None, topic_of(question.id))]
    places = np.array([place_by_length(question) for question in own])
    limit = 0.3 if topic is None else 0.36
    assert (places == 0).mean() <= limit
    assert (places == 1).mean() <= limit


@each_balanced
def test_how_many_options_are_right_differs_within_a_file(topic):
    right = {
        sum(option.correct for option in question.options)
        for question in of(topic)
        if question.kind == "multiple"
    }
    assert len(right) >= 2


def test_two_three_or_four_options_of_a_multiple_are_right():
    own = [question for topic in BALANCED for question in of(topic) if question.kind == "multiple"]
    counts = Counter(sum(option.correct for option in question.options) for question in own)
    assert set(counts) == {2, 3, 4}
    assert min(counts.values()) >= len(own) / 8


@each_balanced
def test_a_bug_is_not_always_there(topic):
    """Some code is right, and where it is not, this is offered as an answer all the same."""
    bugs = [question for question in of(topic) if question.kind == "bug"]
    nothing = [
        option
        for bug in bugs
        for option in bug.options
        if option.text.startswith("Nothing") or ": it is right" in option.text
    ]
    assert any(option.correct for option in nothing)
    assert any(not option.correct for option in nothing)


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


@pytest.mark.slow
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
    assert set(FORMULAS) == {question.formula for question in PARAMETRIC}
    assert [name for name in FORMULAS if f"def test_{name}" not in TESTS] == []
