"""From building to shadow to live and back, each step one transaction; old vectors go last."""

from __future__ import annotations

import hashlib
import sqlite3
import time

from embedlab.drift.registry import states, writing

STALE = """
SELECT count(*) FROM pending WHERE index_id = :target
AND NOT EXISTS (SELECT 1 FROM pending AS other WHERE other.document = pending.document
                AND other.index_id = (SELECT index_id FROM answering))
"""


class SwitchRefused(RuntimeError):  # noqa: N818, nothing failed: the step may not be taken yet
    """The reasons why an index may not take the step, in one message."""


def may_switch(
    state: str, filled: bool, pending: set[int], pending_live: set[int], agrees: bool | None
) -> list[str]:
    """Say what speaks against a switch to an index; an empty list: nothing.

    Parameters
    ----------
    state : str
        Of the target: "building", "shadow", "live" or "retired".
    filled : bool
        Whether its back-fill has come to the end.
    pending, pending_live : sets of int
        The documents that wait to be embedded for the target, and for the index that answers now. An edit
        waits in both for a moment, which is no reason: nothing would become staler by the switch.
    agrees : bool or None
        The judge's verdict on the target against what answers now; None: there is none.

    Returns
    -------
    list of str
        Of "not in shadow", "back-fill unfinished", "staler than live", "no verdict", "judge disagrees", in
        this order.

    Examples
    --------
    >>> may_switch("shadow", True, {7}, {7, 8}, True)
    []
    >>> may_switch("building", False, {7}, set(), None)
    ['not in shadow', 'back-fill unfinished', 'staler than live', 'no verdict']
    """
    against = {
        "not in shadow": state != "shadow",
        "back-fill unfinished": not filled,
        "staler than live": bool(pending - pending_live),
        "no verdict": agrees is None,
        "judge disagrees": agrees is False,
    }
    return [reason for reason, holds in against.items() if holds]


def to_shadow(db: sqlite3.Connection, index: int) -> None:
    """Let an index be asked beside the live one, unseen by users.

    Raises
    ------
    SwitchRefused
        If it is not building, its back-fill is unfinished, or it is staler than what answers now.
    """
    with writing(db):
        _into_shadow(db, index)


def note_verdict(db: sqlite3.Connection, index: int, agrees: bool, why: str) -> int:
    """Write down what the judge says of an index against what answers now; return the epoch it is of.

    After the next switch the verdict is void: it compared with another index.
    """
    with writing(db):
        now = epoch(db)
        db.execute("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?)", (now, index, int(agrees), why))
        return now


def epoch(db: sqlite3.Connection) -> int:
    """Return how often the answering index was set: 0 before the first time."""
    found = db.execute("SELECT epoch FROM answering").fetchone()
    return found[0] if found else 0


def first_live(db: sqlite3.Connection, index: int) -> None:
    """Let the very first index answer: there is nothing to compare it with.

    Raises
    ------
    SwitchRefused
        If an index answers already.
    """
    with writing(db):
        if epoch(db):
            raise SwitchRefused(f"an index answers already; judge index {index}, then switch")
        _into_shadow(db, index)
        _set(db, index, "the first")


def switch(db: sqlite3.Connection, target: int, why: str) -> int:
    """Let another index answer, query encoder and vectors at once; return the new epoch.

    The check, the one row, and the note of it are one transaction. The index that answered until now stays in
    shadow: it gets every edit, so that the way back is as short as the way there.

    Raises
    ------
    SwitchRefused
        With everything that `may_switch` finds.
    """
    with writing(db):
        state, filled = _state(db, target)
        live = db.execute("SELECT index_id FROM answering").fetchone()
        waiting = [
            {row[0] for row in db.execute("SELECT document FROM pending WHERE index_id = ?", [index])}
            for index in (target, live and live[0])
        ]
        question = "SELECT agrees FROM verdicts WHERE epoch = ? AND index_id = ?"
        verdict = db.execute(question, (epoch(db), target)).fetchone()
        agrees = None if verdict is None else bool(verdict[0])
        if against := may_switch(state, filled, *waiting, agrees):
            raise SwitchRefused(f"no switch to index {target}: {', '.join(against)}")
        return _set(db, target, why)


def roll_back(db: sqlite3.Connection, why: str) -> int:
    """Let the index answer again that answered before the last switch; return the new epoch.

    Neither the judge nor what is pending is asked: at night, with errors on the screen, the way back has to
    be one call. The old index got every edit; what it has not embedded yet comes within moments.

    Raises
    ------
    SwitchRefused
        If there was no switch, the last one was a way back already, or the index before it is retired.
    """
    with writing(db):
        last = db.execute("SELECT left_index, back FROM switches ORDER BY epoch DESC LIMIT 1").fetchone()
        if last is None or last[0] is None or last[1]:
            raise SwitchRefused("there is no switch that could be undone")
        state, _ = _state(db, last[0])
        if state != "shadow":
            raise SwitchRefused(f"no way back to index {last[0]}: it is {state}")
        return _set(db, last[0], why, back=True)


def ramp_index(user: str, old: int, new: int, share: float, salt: str) -> int:
    """Return which index answers a user while the new one is ramped up: a hash of the user decides.

    The same user gets the same index at each search, and who has the new one keeps it when the share grows.
    The ``salt`` names this migration: with another one, other users come first.

    Parameters
    ----------
    share : float
        Of the users that the new index answers, 0 to 1.

    Examples
    --------
    >>> [ramp_index(user, 1, 2, 0.5, "fine-tuned") for user in ("ann", "bob", "eve", "gil")]
    [1, 1, 2, 2]
    >>> ramp_index("eve", 1, 2, 0.0, "fine-tuned"), ramp_index("ann", 1, 2, 1.0, "fine-tuned")
    (1, 2)
    """
    place = int.from_bytes(hashlib.sha256(f"{salt}/{user}".encode()).digest()[:8], "big") / 2**64
    return new if place < share else old


def retire(db: sqlite3.Connection, index: int, keep_seconds: float, *, now: float | None = None) -> int:
    """End the dual write to an index and delete its vectors; return how many. There is no way back.

    Parameters
    ----------
    keep_seconds : float
        How long an index that has answered is kept after it was left: a working week, rather than a night.
    now : float, optional
        Seconds since 1970; the clock's, if not given.

    Raises
    ------
    SwitchRefused
        If it answers, is retired already, or was left too short a time ago.
    """
    now = time.time() if now is None else now
    with writing(db):
        state, _ = _state(db, index)
        left = db.execute("SELECT max(at) FROM switches WHERE left_index = ?", [index]).fetchone()[0]
        if state in ("live", "retired"):
            raise SwitchRefused(f"index {index} is {state}")
        if left is not None and now - left < keep_seconds:
            raise SwitchRefused(
                f"index {index} was left {now - left:.0f} s ago: kept for {keep_seconds:.0f} s"
            )
        db.execute("UPDATE indexes SET state = 'retired' WHERE id = ?", [index])
        db.execute("DELETE FROM pending WHERE index_id = ?", [index])
        return db.execute("DELETE FROM vectors WHERE index_id = ?", [index]).rowcount


def _into_shadow(db: sqlite3.Connection, index: int) -> None:
    state, filled = _state(db, index)
    waiting = db.execute(STALE, {"target": index}).fetchone()[0]
    if state != "building" or not filled or waiting:
        about = f"{state}, back-fill {'finished' if filled else 'unfinished'}, {waiting} documents staler"
        raise SwitchRefused(f"index {index} cannot be asked in shadow: {about}")
    db.execute("UPDATE indexes SET state = 'shadow' WHERE id = ?", [index])


def _state(db: sqlite3.Connection, index: int) -> tuple[str, bool]:
    found = db.execute("SELECT filled FROM indexes WHERE id = ?", [index]).fetchone()
    if found is None:
        raise ValueError(f"there is no index {index}")
    return states(db)[index], bool(found[0])


def _set(db: sqlite3.Connection, index: int, why: str, *, back: bool = False) -> int:
    """Write the one row, and the note of it."""
    before = db.execute("SELECT index_id, epoch FROM answering").fetchone() or (None, 0)
    new = before[1] + 1
    db.execute("INSERT OR REPLACE INTO answering VALUES (1, ?, ?)", (index, new))
    row = (new, before[0], index, why, time.time(), int(back))
    db.execute("INSERT INTO switches VALUES (?, ?, ?, ?, ?, ?)", row)
    return new
