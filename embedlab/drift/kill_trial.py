"""The kill test: everybody who writes or reads the registry ends with SIGKILL at random moments.

``python -m embedlab.drift.kill_trial`` runs the long form, both ways, and writes ``data/drift/kills.json``.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np

from embedlab.drift.dual_write import backfill, edit, work
from embedlab.drift.kill_roles import CARDS, DOCUMENTS, ENCODERS, WAYS, point_encoder
from embedlab.drift.registry import connect, new_index, states
from embedlab.drift.switching import first_live
from embedlab.machine import data_path, machine_name, shipped_figures, write_figures

PROCESSES = ("editor", "worker", "mover", "reader", "reader")
LOGS = ("acknowledged", "answers", "transactions")
WEIGHTS = (2, 2, 4, 1, 1)  # the mover has the most to lose


@dataclass(frozen=True)
class Outcome:
    """What the kill test found."""

    way: str
    kills: int
    in_a_write: int  # of these, within a transaction that writes; the rest met who slept, read or started
    switches: int
    ways_back: int
    indexes: int  # that were built or begun
    edits: int  # acknowledged
    lost_edits: int  # acknowledged, and not there in the end
    answers: int
    mixed: int  # a query of one model was compared with vectors of another
    longest_mixed: float  # seconds in a row in which all answers were
    missing: int  # vectors that ought to be there, in all indexes that are not retired
    stale: int  # of an older text
    wrong: int  # not, bit by bit, what the index's model makes of the text
    left_over: int  # of a document that is gone, or an index that is retired
    sound: bool  # SQLite's own check of the file, one answering row, epochs without a gap
    seconds: float

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, stale, wrong or mixed."""
        faults = (self.lost_edits, self.mixed, self.missing, self.stale, self.wrong, self.left_over)
        return self.sound and not any(faults)


def kill_test(kills: int = 50, seed: int = 0, *, way: str = "one row") -> Outcome:
    """Migrate, edit and search while processes are killed; then check every vector and every answer.

    Parameters
    ----------
    kills : int
        With SIGKILL, of a process drawn at random, 0.1 to 0.5 seconds after the one before.
    seed : int
        Of the victims, the moments, the edits and the steps.
    way : str
        "one row": one row says whose encoder and whose vectors. "two places", the control: the encoder is
        read from a file, the vectors from the database, and each is switched atomically, one after the other.

    Raises
    ------
    ValueError
        If there is no such way, or nothing to kill.

    Examples
    --------
    >>> kill_test(way="three places")
    Traceback (most recent call last):
    ValueError: there is no way 'three places', but one row, two places
    """
    if way not in WAYS:
        raise ValueError(f"there is no way {way!r}, but {', '.join(WAYS)}")
    if kills < 1:
        raise ValueError(f"{kills} kills: the test needs one at least")
    dice, start = random.Random(seed), time.perf_counter()
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        _prepare(folder)
        running: dict[int, subprocess.Popen] = {}
        ends.callback(_end_all, running)
        for place in range(len(PROCESSES)):
            running[place] = _begin(place, folder, dice, way)
        _wait_for_logs(folder)
        time.sleep(0.5)  # and all of them have to start
        for _ in range(kills):
            time.sleep(dice.uniform(0.1, 0.5))
            place = dice.choices(range(len(PROCESSES)), WEIGHTS)[0]
            _end(running[place])
            running[place] = _begin(place, folder, dice, way)
        for process in running.values():
            _end(process)
        return _outcome(folder, way, kills, round(time.perf_counter() - start, 1))


def _prepare(folder: Path) -> None:
    db = connect(folder / "registry.sqlite")
    index = new_index(db, CARDS[0], "whole", {})
    for document in range(1, DOCUMENTS + 1):
        edit(db, document, f"document {document}, as it was first")
    backfill(db, index, page=DOCUMENTS + 1)
    _drain(db)
    first_live(db, index)
    point_encoder(folder, index)
    db.close()


def _wait_for_logs(folder: Path, most: float = 60.0) -> None:
    """Wait until editor, reader and writers have begun, which takes long on a busy machine."""
    until = time.perf_counter() + most
    while not all((folder / name).exists() for name in LOGS) and time.perf_counter() < until:
        time.sleep(0.05)


def _drain(db) -> None:
    for index in [i for i, state in states(db).items() if state != "retired"]:
        while work(db, index, ENCODERS):
            pass


def _begin(place: int, folder: Path, dice: random.Random, way: str) -> subprocess.Popen:
    arguments = (PROCESSES[place], str(folder), str(dice.getrandbits(32)), way)
    # What it says when a kill meets it while it starts is of no interest; what it did is checked in the end.
    return subprocess.Popen([sys.executable, "-m", "embedlab.drift.kill_roles", *arguments])


def _end(process: subprocess.Popen) -> None:
    if process.poll() is not None:
        raise RuntimeError(f"{process.args[3:5]} ended by itself, with code {process.returncode}")
    process.kill()
    process.wait()


def _end_all(running: dict[int, subprocess.Popen]) -> None:
    """Leave no process behind, whatever happened."""
    for process in running.values():
        process.kill()
        process.wait()


def _lines(folder: Path, name: str) -> list[list]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def longest_stretch(times: list[float], mixed: list[bool]) -> float:
    """Return the longest time in which all answers were mixed, from the first to the last of them.

    Examples
    --------
    >>> longest_stretch([0.0, 1.0, 2.5, 3.0], [False, True, True, False])
    1.5
    """
    longest, since = 0.0, None
    for moment, bad in sorted(zip(times, mixed, strict=True)):
        since = (moment if since is None else since) if bad else None
        longest = max(longest, moment - since) if bad else longest
    return longest


def _outcome(folder: Path, way: str, kills: int, seconds: float) -> Outcome:
    db = connect(folder / "registry.sqlite")
    _drain(db)
    told, answers, transactions = (_lines(folder, name) for name in LOGS)
    steps = [line[0] for line in transactions]
    now = {row[0]: row[1:] for row in db.execute("SELECT id, version, hash FROM documents")}
    lost = sum(
        now[i][0] < version or (now[i][0] == version and now[i][1] != made) for i, version, made in told
    )
    epochs = [row[0] for row in db.execute("SELECT epoch FROM switches ORDER BY epoch")]
    row = db.execute("SELECT epoch FROM answering").fetchall()
    whole = db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    back = db.execute("SELECT count(*) FROM switches WHERE back").fetchone()[0]
    found = Outcome(
        way=way,
        kills=kills,
        in_a_write=steps.count("begin") - steps.count("end"),
        switches=len(epochs) - 1,
        ways_back=back,
        indexes=len(states(db)),
        edits=len(told),
        lost_edits=lost,
        answers=len(answers),
        mixed=sum(line[4] for line in answers),
        longest_mixed=round(longest_stretch([a[0] for a in answers], [a[4] for a in answers]), 3),
        **check(db),
        sound=whole and epochs == list(range(1, len(epochs) + 1)) and row == [(len(epochs),)],
        seconds=seconds,
    )
    db.close()
    return found


def check(db) -> dict[str, int]:
    """Compare every vector with what its index's model makes of the text as it is now, bit by bit.

    Returns
    -------
    {fault: count}
        "missing", "stale", "wrong" and "left_over", as in `Outcome`; of an index whose back-fill is not
        finished, only what is there is compared.
    """
    texts = dict(db.execute("SELECT id, text FROM documents WHERE text IS NOT NULL"))
    counts = {"missing": 0, "stale": 0, "wrong": 0, "left_over": 0}
    for index, model, state, filled in db.execute("SELECT id, model, state, filled FROM indexes").fetchall():
        question = "SELECT document, vectors.hash = documents.hash, vector FROM vectors "
        question += "LEFT JOIN documents ON documents.id = document WHERE index_id = ?"
        rows = {row[0]: row[1:] for row in db.execute(question, [index])}
        expected = {} if state == "retired" else texts
        counts["left_over"] += len(rows.keys() - expected.keys())
        counts["missing"] += len(expected.keys() - rows.keys()) if filled else 0
        own = sorted(rows.keys() & expected.keys())
        made = ENCODERS[model]([texts[i] for i in own]) if own else np.zeros((0, 1), np.float32)
        counts["stale"] += sum(not rows[i][0] for i in own)
        counts["wrong"] += sum(rows[i][1] != vector.tobytes() for i, vector in zip(own, made, strict=True))
    return counts


def shipped_kills() -> dict:
    """Return what ``python -m embedlab.drift.kill_trial`` measured: ``{way: outcome}`` and a card."""
    return shipped_figures("drift", "kills")


def main(kills: int = 50) -> None:
    """Run both ways, and write what comes with the course."""
    outcomes = {way: asdict(kill_test(kills, seed=20, way=way)) for way in WAYS}
    about = {"machine": machine_name(), "date": date.today().isoformat(), "python": sys.version.split()[0]}
    write_figures(data_path("drift") / "kills.json", {"card": about, "figures": outcomes})


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
