"""A user leaves a group: how long until searches show it, by where the right is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from embedlab.index import Floats
from embedlab.machine import data_path, machine_name, postgres, shipped_figures, write_figures
from embedlab.security.group_ways import fill
from embedlab.security.groups_measured import some_vectors
from embedlab.security.shared_folders import USER, draw_folders
from embedlab.vector_databases import connect


class CachedGroups:
    """A user's groups, asked again when they are older than a time to live.

    Parameters
    ----------
    ask : callable
        ``ask(user) -> groups``.
    ttl : float
        Seconds.
    clock : callable

    Examples
    --------
    >>> groups, now = {0: [1, 2]}, [0.0]
    >>> cached = CachedGroups(groups.get, ttl=30, clock=lambda: now[0])
    >>> cached(0), groups.update({0: []}), cached(0)
    ([1, 2], None, [1, 2])
    >>> now[0] = 30.0
    >>> cached(0)
    []
    """

    def __init__(self, ask: Callable[[int], Any], ttl: float, clock: Callable[[], float] = time.monotonic):
        self.ask, self.ttl, self.clock = ask, ttl, clock
        self._kept: dict[int, tuple[float, Any]] = {}

    def __call__(self, user: int) -> Any:
        """Return the groups, perhaps of some time ago."""
        now = self.clock()
        asked, groups = self._kept.get(user, (float("-inf"), None))
        if now - asked >= self.ttl:
            self._kept[user] = now, (groups := self.ask(user))
        return groups

    def forget(self, user: int) -> None:
        """Ask again at the next call: what a change of membership should trigger."""
        self._kept.pop(user, None)


def measure_changes(
    url: str, vectors: Floats, *, shares: tuple[float, ...] = (0.01, 0.1), ttl: float = 0.5, tries: int = 20
) -> list[dict]:
    """Take a right away in three designs, and time the write, and how long the right is still in effect.

    "copied to users": each row lists the users that may read it, so that a row for each document of the
    folders changes, and with it, where the row moves, the graph. "asked at query time": one row of
    ``members``. "cached": the same, behind a cache with a time to live; the wait is counted until a search
    that polls each 2 ms shows nothing, from changes at random moments.

    Returns
    -------
    list of dict
        ``way``, ``documents`` (that the group could read), ``write_ms``, ``wal_bytes``, ``index_bytes`` (by
        which the graph has grown), ``seen_ms`` (how long after the write the search still showed them).
    """
    found = []
    for share in shares:
        drawn = draw_folders(len(vectors), share, mine=1)
        group, rows = int(drawn.mine[0]), int(drawn.visible.sum())
        with connect(url) as connection:
            fill(connection, vectors, drawn)
            connection.execute("ALTER TABLE shared ADD readers int[] NOT NULL DEFAULT '{}'")
            connection.execute(
                "UPDATE shared SET readers = %s WHERE folder = ANY(%s)",
                ([USER, 1, 2], drawn.open_folders.tolist()),
            )
            connection.execute("CREATE INDEX ON shared USING gin (readers)")
            connection.execute("VACUUM ANALYZE shared")
            leave = f"DELETE FROM members WHERE usr = {USER} AND grp = {group}"
            rewrite = (
                f"UPDATE shared SET readers = array_remove(readers, {USER}) WHERE groups && '{{{group}}}'"
            )
            looks = {
                "copied to users": (rewrite, lambda: copied_to(connection)),
                "asked at query time": (leave, lambda: visible(connection, groups_of(connection, USER))),
            }
            for way, (statement, look) in looks.items():
                assert look() == rows  # before the right goes, all of them are seen
                one = written(connection, statement) | {"way": way, "documents": rows}
                found.append(one | {"seen_ms": [shown_for(look)]})
            back = f"INSERT INTO members VALUES ({USER}, {group})"
            waits = []
            for number in range(tries):
                connection.execute(back)
                cached = CachedGroups(lambda user: groups_of(connection, user), ttl)
                cached(USER)
                time.sleep(ttl * (number + 0.5) / tries)  # how old the copy is when the right goes
                connection.execute(leave)
                waits.append(shown_for(lambda cached=cached: visible(connection, cached(USER))))
            found.append({**found[-1], "way": "cached", "ttl_ms": 1000 * ttl, "seen_ms": waits})
    return found


def shown_for(look: Callable[[], int]) -> float:
    """Look each 2 ms, and return after how many milliseconds something was still shown for the last time."""
    start, last = time.perf_counter(), 0.0
    while look():
        last = time.perf_counter() - start
        time.sleep(0.002)
    return round(1000 * last, 1)


def written(connection: Any, statement: str) -> dict:
    """Run one statement: its milliseconds, the bytes of log, and by how much the graph has grown."""
    graph = "SELECT pg_relation_size('shared_embedding_idx')"
    position = connection.execute("SELECT pg_current_wal_insert_lsn()").fetchone()[0]
    size = connection.execute(graph).fetchone()[0]
    start = time.perf_counter()
    connection.execute(statement)
    took = time.perf_counter() - start
    wal = connection.execute("SELECT pg_current_wal_insert_lsn() - %s::pg_lsn", (position,)).fetchone()[0]
    grown = connection.execute(graph).fetchone()[0] - size
    return {"write_ms": round(1000 * took, 2), "wal_bytes": int(wal), "index_bytes": grown}


def groups_of(connection: Any, user: int) -> list[int]:
    """Return the groups of a user, as the database has them now."""
    return [
        row[0] for row in connection.execute("SELECT grp FROM members WHERE usr = %s", (user,)).fetchall()
    ]


def copied_to(connection: Any) -> int:
    """Count the rows that list the user."""
    statement = "SELECT count(*) FROM shared WHERE readers @> ARRAY[%s::int]"
    return connection.execute(statement, (USER,)).fetchone()[0]


def visible(connection: Any, groups: list[int]) -> int:
    """Count the documents that somebody in these groups may read."""
    return connection.execute("SELECT count(*) FROM shared WHERE groups && %s::int[]", (groups,)).fetchone()[
        0
    ]


def write_changes(n: int = 6_152) -> None:
    """Measure anew, in the place of what comes with the course; about a minute."""
    vectors, _ = some_vectors(n, 1)
    with postgres(settings={"shared_buffers": "512MB"}) as url:
        rows = measure_changes(url, vectors)
    about = {
        "machine": machine_name(),
        "date": time.strftime("%Y-%m-%d"),
        "command": "embedlab.security.write_changes()",
        "vectors": n,
    }
    write_figures(data_path("security") / "acl_changes.json", {"about": about, "rows": rows})


def shipped_changes() -> Mapping[str, Any]:
    """Return the measurement that comes with the course; see its ``about``."""
    return shipped_figures("security", "acl_changes")
