"""What the answers add up to."""

from sittings import QUESTIONS, play

from embedlab.study.bank import bank, topics
from embedlab.study.practice import progress, quizzes


def test_progress_of_nothing_and_of_something(history, tmp_path):
    rows = progress.mastery([], bank())
    assert [row.name for row in rows] == list(topics())
    assert sum(row.questions for row in rows) == len(QUESTIONS)
    mean, sd = progress.readiness(rows)
    play(quizzes.quiz(QUESTIONS, history, 40, seed=0))
    records = history.records()
    after = progress.mastery(records, bank())
    better, surer = progress.readiness(after)
    assert better > mean + 0.1
    assert surer < sd
    assert any("guess" in line for line in progress.remarks([], rows))
    progress.draw(after, tmp_path / "progress.png")
    assert (tmp_path / "progress.png").stat().st_size > 10_000
    progress.write_csv(records, tmp_path / "answers.csv")
    lines = (tmp_path / "answers.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 41
    assert lines[0].startswith("topic,uid,at,day,mode,question")
