"""A round: from the first question to the score; saved, resumed, and never more than it was."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.system_design import LEVELS, PHASES, Round, case_names, find_case, minutes_of, steps_of
from embedlab.system_design.estimates import UNITS


def played(case="tickets", *, known=True, fast=False, until=None):
    """Play a round: all right, or all wrong; until a phase, if one is given."""
    playing = Round(case=case, level="senior", fast=fast)
    numbers = playing.about.numbers()
    while (step := playing.step) is not None and step.phase != until:
        playing.spend(30)
        match step.kind:
            case "questions":
                for fact in playing.about.clarify if known else ():
                    playing.heard(fact.ask)
                playing.done("")
            case "number":
                guess = numbers[step.name] / (1 if known else 100) / UNITS.get(step.unit, ("", 1))[1]
                playing.estimate(f"{guess:.12f}")
            case "words":
                playing.note("what I would say")
                playing.done("")
            case "tick":
                playing.tick(range(len(step.shows[0].lines)) if known else ())
    return playing


@pytest.mark.parametrize("case", case_names())
@pytest.mark.parametrize("fast", [False, True], ids=["45 minutes", "fast"])
def test_whoever_knows_all_gets_all(case, fast):
    score = played(case, fast=fast).score()
    assert score.share == 1
    assert score.shown == "staff"
    assert score.estimates[0] == score.estimates[1] > 2
    assert set(score.phases) == set(PHASES)
    assert all(got == of > 0 for got, of in score.levels.values())


@pytest.mark.parametrize("case", case_names())
def test_whoever_knows_nothing_gets_nothing(case):
    score = played(case, known=False).score()
    assert score.share == 0
    assert score.shown is None
    assert score.estimates[0] == 0


def test_a_question_brings_out_what_it_asks_for_and_a_stranger_one_nothing():
    playing = Round(case="tickets", level="senior")
    (answer,) = playing.heard("what's the p95 you promise?")
    assert answer.startswith("300 ms at p95")
    assert playing.heard("do you like music?") == []
    assert playing.notes["clarify"] == ["what's the p95 you promise?", "do you like music?"]
    assert playing.asked == [3]


@pytest.mark.parametrize("case", case_names())
def test_each_fact_is_brought_out_by_its_own_question(case):
    about = find_case(case)
    for i, fact in enumerate(about.clarify):
        playing = Round(case=case, level="senior")
        assert playing.heard(fact.ask) == [about.fill(fact.answer)]
        assert i in playing.asked


def test_a_level_needs_those_below():
    """Staff points alone show no level; a candidate has to be a junior first."""
    playing = Round(case="tickets", level="staff")
    while step := playing.step:
        if step.kind == "tick":
            staff = [i for i, line in enumerate(step.shows[0].lines) if line.endswith("(staff)")]
            playing.tick(staff)
        else:
            playing.skip()
    score = playing.score()
    assert score.levels["staff"][0] == score.levels["staff"][1]
    assert score.shown is None


def test_a_level_above_junior_needs_numbers():
    """Ticking everything does not make up for estimates that are far off."""
    playing = Round(case="tickets", level="staff")
    while step := playing.step:
        match step.kind:
            case "tick":
                playing.tick(range(len(step.shows[0].lines)))
            case "number":
                playing.estimate("0.001")
            case _:
                playing.done("")
    score = playing.score()
    assert score.estimates[0] == 0
    assert score.shown == "junior"


def test_what_was_asked_for_comes_first():
    playing = Round(case="tickets", level="senior")
    step = playing.step
    assert [block.title for block in playing.shows(step)] == ["You did not ask for"]
    playing.heard("how many tenants?")
    asked, rest = playing.shows(step)
    assert "How many tenants" in asked.lines[0]
    assert len(asked.lines) + len(rest.lines) == len(playing.about.clarify)


def test_skipped_estimates_count_as_missed_and_phases_to_come_do_not_count():
    half = played(until="draw")
    assert set(half.score().phases) == {"clarify", "estimate"}
    playing = Round(case="tickets", level="senior")
    while playing.step.phase in ("clarify", "estimate"):
        playing.tick(()) if playing.step.kind == "tick" else playing.skip()
    assert playing.score().estimates == (0.0, len(playing.about.estimates))


def test_a_wrong_number_leaves_the_step(tmp_path):
    playing = played(until="estimate")
    step = playing.step
    with pytest.raises(ValueError, match="is time, but bytes are asked for"):
        playing.estimate("20 ms")
    assert playing.step == step
    playing = played(until="draw")
    while playing.step.kind != "tick":
        playing.skip()
    with pytest.raises(ValueError, match=r"points 1 to \d+, but no 99"):
        playing.tick([98])


@given(st.integers(0, 40))
def test_a_round_is_resumed_where_it_stood(tmp_path_factory, steps):
    path = tmp_path_factory.mktemp("rounds") / "deeper" / "tickets.json"
    playing = Round(case="tickets", level="junior", fast=True)
    for _ in range(steps):
        if playing.step is None:
            break
        playing.spend(1.5)
        answer = {"tick": lambda: playing.tick([0]), "number": lambda: playing.estimate("7")}
        answer.get(playing.step.kind, lambda: playing.done("a line"))()
    playing.save(path)
    again = Round.load(path)
    assert again == playing
    assert again.step == playing.step
    assert again.score() == playing.score()


@pytest.mark.parametrize(
    "text", ["", "{", '{"case": "tickets"}', '{"case": "zebra", "level": "junior"}', "[1]"]
)
def test_a_file_that_holds_no_round_is_refused_with_its_name(tmp_path, text):
    path = tmp_path / "tickets.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"tickets\.json holds no round that can be resumed"):
        Round.load(path)


def test_a_place_beyond_the_end_is_refused(tmp_path):
    path = tmp_path / "tickets.json"
    Round(case="tickets", level="junior").save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"place": 999}), encoding="utf-8")
    with pytest.raises(ValueError, match="stands at step 999"):
        Round.load(path)


def test_a_round_takes_45_minutes_and_a_fast_one_18():
    assert sum(minutes_of(phase) for phase in PHASES) == 45
    assert sum(minutes_of(phase, fast=True) for phase in PHASES) == pytest.approx(18)
    for name in case_names():
        assert len(steps_of(find_case(name), fast=True)) < len(steps_of(find_case(name)))


def test_all_levels_have_a_model_answer():
    assert set(find_case("docs").answers) == set(LEVELS)
