"""Design rounds in a pseudo-terminal of 80 columns: a whole one, one that is interrupted, and the list."""

import os
import re
import subprocess

import pytest
from pseudo_terminal import COLOURS, EMBEDLAB, pexpect, records, terminal

from embedlab.study.practice import begun, round_file
from embedlab.system_design import PHASES, case_names, find_case, steps_of

pytestmark = pytest.mark.slow
PROMPTS = {
    "questions": r"when you have none left\.",
    "number": r"Type a number with its unit[^\n]*\n",
    "words": r"when you are done\.",
    "tick": r"Enter for none\.",
    "end": pexpect.EOF,
}
ANSWERS = {
    "questions": ["How many tenants are there?", "Is it raining?", "?", ""],
    "number": ["ten parsecs", "12"],
    "words": ["what I would say", ""],
    "tick": ["none", "1"],
}


def design(*words):
    return terminal("design", *words)


def play(child, steps=None):
    """Answer so many steps, or all; return the screen, without colours, and the kinds of the steps."""
    screen, kinds = "", []
    while steps is None or len(kinds) < steps:
        found = list(PROMPTS)[child.expect(list(PROMPTS.values()))]
        screen += child.before + (child.after if found != "end" else "")
        if found == "end":
            break
        kinds.append(found)
        for typed in ANSWERS[found]:
            child.expect("> ")
            screen += child.before
            child.sendline(typed)
    return COLOURS.sub("", screen), kinds


def test_a_whole_round_from_the_prompt_to_the_result(folder):
    screen, kinds = play(design("tickets", "--fast", "--level", "staff"))
    case = find_case("tickets")
    assert kinds == [step.kind for step in steps_of(case, fast=True)]
    for place, title in enumerate(("Clarify", "Estimate", "Draw", "Go deep", "A change", "Wrap up"), start=1):
        assert f"{place} of 6 · {title}" in screen
    assert "Interviewer: About 800 tenants." in screen
    assert "The interviewer waits." in screen
    assert f"Hint: {len(case.clarify)} things are worth asking for" in screen
    assert "'ten parsecs' is no number with a unit" in screen
    assert "numbers of points are wanted, such as 1 3, but got 'none'" in screen
    assert "you asked for staff" in screen
    assert "A staff engineer's answer" in screen
    assert "notebooks/19_vector_databases.ipynb, “Tenants”" in screen
    assert max(map(len, screen.replace("\r", "").split("\n"))) <= 80
    stored = records(folder)
    assert {one.question for one in stored} == {f"design/tickets-{phase}" for phase in PHASES}
    share = sum(one.score for one in stored) / len(PHASES)
    assert f"{share:.0%}: at" in screen
    clarify = next(one for one in stored if one.question.endswith("clarify"))
    assert clarify.typed.splitlines() == ["How many tenants are there?", "Is it raining?"]
    assert clarify.hinted
    assert not round_file("tickets").exists()


def test_interrupted_in_the_middle_and_resumed(folder):
    child = design("docs", "--fast")
    play(child, steps=4)
    child.expect(list(PROMPTS.values()))
    child.expect("> ")
    child.sendline("half of an")
    child.expect(["> ", PROMPTS["number"]])
    child.sendcontrol("c")
    child.expect("Stopped; all of it is kept. Go on: embedlab design docs")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    waiting = begun("docs")
    assert len(waiting.notes) >= 3
    assert "one begun" in COLOURS.sub("", pexpect.run(f"{EMBEDLAB} design", encoding="utf-8"))
    screen, _ = play(design("docs", "--fast"))
    assert "You go on with the round of" in screen
    assert "How it went" in screen
    assert len(records(folder)) == len(PHASES)
    assert begun("docs") is None


def test_killed_in_the_middle_loses_one_line_at_most(folder):
    child = design("docs", "--fast")
    play(child, steps=5)
    child.expect(list(PROMPTS.values()))
    child.kill(9)
    child.wait()
    assert begun("docs").place == 5
    assert round_file("docs").exists()


def test_new_drops_the_round_that_waits(folder):
    child = design("docs", "--fast")
    play(child, steps=2)
    child.expect("> ")
    child.sendline("q")
    child.expect(pexpect.EOF)
    child = design("docs", "--fast", "--new")
    child.expect("1 of 6 · Clarify")
    child.sendcontrol("c")
    child.expect(pexpect.EOF)


def test_progress_shows_the_rounds(folder):
    play(design("tickets", "--fast"))
    screen = COLOURS.sub("", pexpect.run(f"{EMBEDLAB} progress", encoding="utf-8"))
    assert "Design rounds, the best of each case" in screen
    assert re.search(r"tickets \d+% \(1\)", screen)


def run(*words, **environment):
    return subprocess.run(
        [EMBEDLAB, "design", *words],
        capture_output=True,
        encoding="utf-8",
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
    )


def test_the_list_names_all_cases(folder):
    done = run(COLUMNS="88")
    assert done.returncode == 0
    for name in case_names():
        assert re.search(rf"^{name} ", done.stdout, re.MULTILINE), name
    assert "embedlab design CASE" in done.stdout


@pytest.mark.parametrize("case", ["docs", "device"])
def test_a_case_can_be_read_without_a_terminal(folder, case):
    done = run(case, "--read")
    assert done.returncode == 0
    for line in find_case(case).draw.model.splitlines():
        assert line.strip() in done.stdout
    assert "A staff engineer's answer" in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["zebra"], "error: there is no case 'zebra'; cases: docs, tickets"),
        (["docs", "--level", "boss"], "error: there is no level 'boss'; levels: junior, senior, staff"),
        (["docs"], "error: this waits for your answers, so it needs a terminal"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(folder, words, message):
    done = run(*words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
