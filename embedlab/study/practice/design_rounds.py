"""Design rounds in the history: a record for each finished phase, and rounds that wait to be resumed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from embedlab.study.bank import notebook_of
from embedlab.study.practice.history import History, Record, history_file
from embedlab.system_design import LEVELS, PHASES, Round, case_names

DIFFICULTY = {"junior": 2, "senior": 3, "staff": 5}


def round_file(case: str) -> Path:
    """Return where a round of a case is saved until it is finished: beside the history."""
    return history_file().parent / "rounds" / f"{case}.json"


def begun(case: str) -> Round | None:
    """Return the round of a case that was interrupted, or None.

    Raises
    ------
    ValueError
        If there is a file that holds no round: with its name.
    """
    path = round_file(case)
    return Round.load(path) if path.exists() else None


def records_of(played: Round) -> list[Record]:
    """Make a record of each finished phase; made again it has the same id, so nothing is stored twice."""
    phases = played.score().phases
    return [_record(played, phase, share) for phase, share in phases.items()]


def _record(played: Round, phase: str, share: float) -> Record:
    steps = [step.name for step in played.steps if step.phase == phase]
    return Record(
        uid=f"{played.uid}-{phase}",
        at=played.begun,
        day=played.begun.astimezone().date(),
        mode="design",
        question=f"design/{played.case}-{phase}",
        kind="design",
        difficulty=DIFFICULTY[played.level],
        level=played.level,
        seed=0,
        answer=tuple(played.ticked[phase]),
        score=share,
        hinted=any(name in played.hints for name in steps),
        seconds=round(played.spent.get(phase, 0.0), 1),
        typed="\n".join(line for name in steps for line in played.notes.get(name, [])),
    )


def keep(played: Round, history: History) -> str:
    """Save a round and put what is finished into the history; return what went wrong, or nothing.

    A history that is locked loses nothing: the round's file stays, and the next call adds what is missing.
    """
    path = round_file(played.case)
    try:
        played.save(path)
        history.merge(records_of(played))
    except OSError as error:
        return f"Not in your history yet: {error}. The next phase tries again."
    if played.step is None:
        path.unlink(missing_ok=True)
    return ""


@dataclass(frozen=True)
class Standing:
    """How somebody stands with a case: rounds finished, the best share, and the day of the last one."""

    case: str
    rounds: int
    best: float
    last: date | None


def design_standing(records: Sequence[Record]) -> list[Standing]:
    """Sum up the rounds of each case that was begun; a round is finished when all its phases are.

    Examples
    --------
    >>> design_standing([])
    []
    """
    rounds: dict[str, dict[str, list[Record]]] = {}
    for record in records:
        if record.mode == "design":
            case = record.question.partition("/")[2].rpartition("-")[0]
            rounds.setdefault(case, {}).setdefault(record.uid.rpartition("-")[0], []).append(record)
    order = [*case_names(), *(case for case in rounds if case not in case_names())]
    rows = []
    for case in order:
        if case not in rounds:
            continue
        whole = [played for played in rounds[case].values() if len(played) == len(PHASES)]
        shares = [sum(one.score for one in played) / len(played) for played in whole]
        last = max(one.day for played in rounds[case].values() for one in played)
        rows.append(Standing(case, len(whole), max(shares, default=0.0), last))
    return rows


def design_remarks(records: Sequence[Record]) -> list[str]:
    """Say in a line how the design rounds went, for the page of progress; nothing where there were none.

    Examples
    --------
    >>> design_remarks([])
    []
    """
    rows = design_standing(records)
    if not rows:
        return []
    parts = [
        f"{row.case} {row.best:.0%} ({row.rounds})" if row.rounds else f"{row.case} begun" for row in rows
    ]
    return [f"Design rounds, the best of each case (how many): {', '.join(parts)}."]


def remarks_on(played: Round) -> list[str]:
    """Say what to work on after a round: the weakest phase, the clock, and what was never asked."""
    score, case = played.score(), played.about
    lines = []
    if score.phases and min(score.phases.values()) < 1:
        weakest = min(score.phases, key=lambda phase: score.phases[phase])
        lines.append(f"Work on: {weakest} ({score.phases[weakest]:.0%}).")
    missed = [fact.ask for i, fact in enumerate(case.clarify) if i not in played.asked]
    if missed and "clarify" in score.phases:
        lines.append(f"Never asked: {' '.join(missed[:3])}")
    for level in LEVELS[1:]:
        left = [
            case.fill(point.point)
            for phase in score.phases
            for i, point in enumerate([one for one in case.rubric if one.phase == phase])
            if point.level == level and i not in played.ticked[phase]
        ]
        if left:
            lines.append(f"For {level}: {left[0]}.")
            break
    return lines


def reading_of(played: Round) -> list[str]:
    """Name the headings to read again: those of the topics that were asked."""
    reads = [one for step in played.steps for one in step.reads]
    places = [f"notebooks/{notebook_of(one.chapter)}, “{one.heading}”" for one in reads]
    return list(dict.fromkeys(places))
