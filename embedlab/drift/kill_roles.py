"""The processes of the kill test: an editor, a worker, a mover and readers, each of which may end any time.

``python -m embedlab.drift.kill_roles ROLE FOLDER SEED WAY`` runs one of them until it is killed.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from embedlab.drift.dual_write import backfill, edit, work
from embedlab.drift.registry import ModelCard, connect, new_index, states, text_hash
from embedlab.drift.snapshots import search, snapshot
from embedlab.drift.switching import SwitchRefused, note_verdict, retire, roll_back, switch, to_shadow
from embedlab.machine import write_atomically
from embedlab.pipelines import hashed

DOCUMENTS, DIMS = 120, 16
WAYS = ("one row", "two places")
CARDS = tuple(ModelCard(f"toy-{salt}", salt, "none", 512, DIMS) for salt in "ab")
ENCODERS = {
    card.id: lambda texts, salt=card.weights: hashed([salt + text for text in texts], DIMS) for card in CARDS
}


class Log:
    """Lines that survive a kill: each is one write to the system, which keeps it."""

    def __init__(self, folder: Path, name: str):
        self.file = os.open(folder / name, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    def write(self, *values: object) -> None:
        """Append a line of JSON."""
        os.write(self.file, (json.dumps(values) + "\n").encode())


def slowed(folder: Path, seconds: float = 0.0003) -> Callable[[str], None]:
    """Return what SQLite calls before each statement: it waits, and notes where transactions begin and end.

    So the moments between the statements of a transaction are long enough for a kill to meet them, and how
    often one did can be counted: a beginning without an end.
    """
    log, writes = Log(folder, "transactions"), []

    def before(statement: str) -> None:
        if statement.startswith("BEGIN IMMEDIATE"):
            writes.append(log.write("begin"))
        elif writes and statement.startswith(("COMMIT", "ROLLBACK")):
            log.write("end", writes.pop())
        time.sleep(seconds)

    return before


def editor(db: sqlite3.Connection, folder: Path, dice: random.Random) -> None:
    """Edit and delete documents, and note each change after its commit: from then on it must not be lost."""
    told = Log(folder, "acknowledged")
    while True:
        document, number = dice.randrange(1, DOCUMENTS + 1), dice.getrandbits(32)
        text = None if dice.random() < 0.1 else f"document {document}, as edited {number}"
        version = edit(db, document, text)
        told.write(document, version, None if text is None else text_hash(text))
        time.sleep(0.003)


def worker(db: sqlite3.Connection, folder: Path, dice: random.Random) -> None:
    """Embed what is pending, for every index that is not retired."""
    while True:
        for index in [i for i, state in states(db).items() if state != "retired"]:
            work(db, index, ENCODERS, limit=dice.randrange(4, 32))
        time.sleep(0.002)


def mover(db: sqlite3.Connection, folder: Path, dice: random.Random, *, two_places: bool = False) -> None:
    """Migrate without end: build, fill, shadow, switch, sometimes back, retire; and begin anew.

    It keeps nothing in memory: what is to be done next stands in the registry, wherever it was killed.
    """
    while True:
        with suppress(SwitchRefused):  # staler than live, say: the worker has not come there yet
            next_step(db, folder, dice, two_places)
        time.sleep(0.002)


def next_step(db: sqlite3.Connection, folder: Path, dice: random.Random, two_places: bool) -> None:
    """Take the step that the registry asks for."""
    now = states(db)
    live = next(i for i, state in now.items() if state == "live")
    other = next((i for i, state in now.items() if state in ("building", "shadow")), None)
    if other is None:
        new_index(db, CARDS[live % 2], "whole", {})
    elif now[other] == "building":
        if backfill(db, other, page=60) < 60:
            to_shadow(db, other)
    elif other > live and dice.random() < 0.8:
        note_verdict(db, other, agrees=True, why="a test")
        _switch(db, folder, other, two_places)
    elif other < live and dice.random() < 0.3:
        if two_places:
            point_encoder(folder, other)
        roll_back(db, "a test")
    else:
        retire(db, other, keep_seconds=0)


def point_encoder(folder: Path, index: int) -> None:
    """Write down, in a file beside the database, whose model encodes queries: the mistake of the control."""
    write_atomically(folder / "encoder.json", lambda path: path.write_text(json.dumps(index)))


def _switch(db: sqlite3.Connection, folder: Path, index: int, two_places: bool) -> None:
    if two_places:  # each of the two is atomic; together they are not
        point_encoder(folder, index)
    switch(db, index, "a test")


def reader(db: sqlite3.Connection, folder: Path, dice: random.Random, *, two_places: bool = False) -> None:
    """Search, and note of each answer whose encoder and whose vectors it came from."""
    log = Log(folder, "answers")
    while True:
        text = f"document {dice.randrange(1, DOCUMENTS + 1)}"
        encoder = json.loads((folder / "encoder.json").read_text()) if two_places else None
        answer = search(snapshot(db), ENCODERS, [text])[0]
        encoder = answer.encoder_index if encoder is None else encoder
        mixed = any(index != encoder for index in answer.vector_indexes)
        log.write(time.time(), answer.epoch, encoder, sorted(set(answer.vector_indexes)), mixed)
        time.sleep(0.002)


ROLES = {"editor": editor, "worker": worker, "mover": mover, "reader": reader}


def main(role: str, folder: str, seed: str, way: str) -> None:
    """Run a role until somebody kills it."""
    options = {"two_places": way == "two places"} if role in ("mover", "reader") else {}
    db = connect(Path(folder) / "registry.sqlite")
    db.set_trace_callback(slowed(Path(folder)))
    ROLES[role](db, Path(folder), random.Random(seed), **options)


if __name__ == "__main__":
    main(*sys.argv[1:])
