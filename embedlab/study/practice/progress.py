"""What the answers add up to: the summary of a session, mastery by topic and level, readiness."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from embedlab.study.bank import AnyQuestion, bank, number_of, place_of, title_of, topic_of, topics
from embedlab.study.practice.ability import Ability, estimate
from embedlab.study.practice.challenge import days_done
from embedlab.study.practice.history import Record
from embedlab.study.practice.schedule import forecast, streak
from embedlab.study.practice.session import GOOD, Session

LEVELS = ("junior", "senior", "staff")


@dataclass(frozen=True)
class Summary:
    """How a session went."""

    verdict: str
    strengths: list[str]
    gaps: list[str]
    reread: list[str]
    remarks: list[str]


def summary(session: Session) -> Summary:
    """Sum a session up: points, what was strong, what was not, and which cells to read again."""
    records, questions = session.records, bank()
    share = session.points / len(records)
    verdict = f"{session.points:.3g} of {len(records)} points ({share:.0%})"
    if session.mode == "mock":
        verdict += f": {judgement(records)}"
    scores: dict[str, list[float]] = {}
    for record in records:
        question = questions[record.question]
        topic = topic_of(question.id)
        scores.setdefault(f"{number_of(topic)} {question.teaches or title_of(topic)}", []).append(
            record.score
        )
    means = {point: sum(got) / len(got) for point, got in scores.items()}
    missed = [questions[record.question] for record in records if record.score < GOOD]
    reread = [place for place in map(place_of, missed) if place]
    return Summary(
        verdict,
        [point for point, mean in means.items() if mean >= GOOD],
        [point for point, mean in means.items() if mean < GOOD],
        list(dict.fromkeys(reread)),
        _remarks(session),
    )


def judgement(records: Sequence[Record]) -> str:
    """Say which level was shown: the highest with two questions or more and 70 % of their points.

    Free answers, which candidates score themselves by the rubric, count as the others.

    Examples
    --------
    >>> judgement([])
    'no level shown yet; go through the chapter once more'
    """
    passed = [
        level
        for level in LEVELS
        if len(got := [record.score for record in records if record.level == level]) >= 2
        and sum(got) / len(got) >= GOOD
    ]
    if not passed:
        return "no level shown yet; go through the chapter once more"
    return f"answers at the level of a {passed[-1]} engineer"


def _remarks(session: Session) -> list[str]:
    remarks = []
    if session.mode == "daily":
        remarks.append(f"Streak: {streak_text(session.history.records())}.")
    slow = [record for record in session.records if record.seconds > 180]
    if session.mode == "mock" and slow:
        remarks.append(f"{len(slow)} answers took over three minutes; in an interview, think aloud earlier.")
    missed = sum(record.score < 1 or record.hinted for record in session.records)
    if missed and session.mode != "review":
        remarks.append(f"{missed} of these come back soon: embedlab review")
    return remarks


def streak_text(records: Sequence[Record]) -> str:
    """Say how long the streak of daily challenges is."""
    count = streak(days_done(records), date.today())
    return "1 day" if count == 1 else f"{count} days"


@dataclass(frozen=True)
class Topic:
    """How somebody stands with a topic; shares are of its questions, as they would be known today."""

    name: str
    questions: int
    answered: int
    mastery: float
    sd: float
    levels: dict[str, float | None]  # None: no answer at this level


def mastery(records: Sequence[Record], questions: dict[str, AnyQuestion]) -> list[Topic]:
    """Estimate the share of each topic's questions that would be known, without guessing.

    Examples
    --------
    >>> rows = mastery([], bank())
    >>> rows[0].name, rows[0].answered, 0.3 < rows[0].mastery < 0.6
    ('tokenizer', 0, True)
    """
    return [standing(topic, records, questions) for topic in topics()]


def standing(topic: str, records: Sequence[Record], questions: dict[str, AnyQuestion]) -> Topic:
    """Estimate how somebody stands with one topic."""
    own = [question for question in questions.values() if topic_of(question.id) == topic]
    answers = [r for r in records if topic_of(r.question) == topic and r.question in questions]
    ability = estimate(answers)
    mean, sd = ability.expected(question.difficulty for question in own)
    levels = {level: _share(ability, own, answers, level) for level in LEVELS}
    return Topic(topic, len(own), ability.answers, mean, sd, levels)


def _share(
    ability: Ability, own: Sequence[AnyQuestion], answers: Sequence[Record], level: str
) -> float | None:
    difficulties = [question.difficulty for question in own if question.level == level]
    if not difficulties or not any(record.level == level for record in answers):
        return None
    return ability.expected(difficulties)[0]


def readiness(rows: Sequence[Topic]) -> tuple[float, float]:
    """Return the share of an interview over all topics that would be known, and its standard deviation.

    Topics without answers count as the prior has them: about even, and very uncertain.
    """
    mean = sum(row.mastery for row in rows) / len(rows)
    return mean, math.sqrt(sum(row.sd**2 for row in rows)) / len(rows)


def remarks(records: Sequence[Record], rows: Sequence[Topic]) -> list[str]:
    """Say what the table does not: readiness, streak, what is due today and on the days to come."""
    mean, sd = readiness(rows)
    low, high = max(0.0, mean - 1.96 * sd), min(1.0, mean + 1.96 * sd)
    untouched = sum(row.answered == 0 for row in rows)
    lines = [
        f"Readiness: you would know about {mean:.0%} of an interview over all topics"
        f" (95 %: {low:.0%} to {high:.0%})."
    ]
    if untouched:
        lines.append(f"{untouched} of {len(rows)} topics have no answer yet, which makes that a guess.")
    plan = forecast(list(records), bank())
    ahead = ", ".join(f"{day:%a} {count}" for day, count in plan)
    lines += [
        f"Streak of daily challenges: {streak_text(records)}.",
        f"To review today: {plan[0][1]}. The next days: {ahead}.",
    ]
    return lines


def draw(rows: Sequence[Topic], path: str | Path | None = None):
    """Draw mastery by topic, with its 95 % interval, and by level; save it to ``path`` if given.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 0.32 * len(rows) + 1.2), layout="constrained")
    axes = figure.subplots()
    places = range(len(rows))
    begun = [row.answered > 0 for row in rows]
    axes.barh(
        places,
        [100 * row.mastery * is_begun for row, is_begun in zip(rows, begun, strict=True)],
        xerr=[196 * row.sd * is_begun for row, is_begun in zip(rows, begun, strict=True)],
        color="#0072B2",
        ecolor="#555555",
        label="all levels, 95 % interval",
    )
    for level, marker, colour in zip(LEVELS, "o^s", ("#009E73", "#E69F00", "#D55E00"), strict=True):
        known = [(100 * row.levels[level], place) for place, row in enumerate(rows) if row.levels[level]]
        axes.scatter(
            *zip(*known, strict=True) if known else ([], []),
            marker=marker,
            color=colour,
            label=level,
            zorder=3,
        )
    axes.set_yticks(places, [f"{title_of(row.name)} ({row.answered}/{row.questions})" for row in rows])
    axes.invert_yaxis()
    axes.set(xlim=(0, 100), xlabel="questions you would know, %", title="Mastery (answered / questions)")
    axes.legend(loc="lower right", fontsize="small")
    if path is not None:
        figure.savefig(path, dpi=110)
    return figure


def write_csv(records: Sequence[Record], path: str | Path) -> None:
    """Write the answers to a CSV file, one a row."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["topic", *Record.model_fields])
        writer.writeheader()
        for record in records:
            writer.writerow({"topic": topic_of(record.question), **record.model_dump(mode="json")})
