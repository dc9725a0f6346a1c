"""The right to be forgotten, step by step: what each step removes, and what it leaves."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from embedlab.hnsw import HNSWIndex
from embedlab.index import Floats
from embedlab.security.envelope import Keys
from embedlab.security.estate import OWNER, Estate, an_estate


def delete_rows(estate: Estate) -> None:
    """Delete the source and the vector by their ids; mark the vector in the index of our own."""
    for table in ("sources", "vectors"):
        estate.connection.execute(f"DELETE FROM {table} WHERE id = %s", (estate.number,))
    estate.index.delete(np.array([estate.number]))
    estate.save()


def clear_caches(estate: Estate) -> None:
    """Drop the answers that cite the document, and end the log of requests."""
    estate.cache.invalidate([str(estate.number)])
    (estate.folder / "requests.log").write_text("")


def vacuum(estate: Estate) -> None:
    """Let the database clear away dead rows, and what the graph has of them."""
    for table in ("sources", "vectors"):
        estate.connection.execute(f"VACUUM {table}")


def vacuum_indexes(estate: Estate) -> None:
    """Clear the indexes, too: by default they are left out where under 2 % of the pages have dead rows."""
    for table in ("sources", "vectors"):
        estate.connection.execute(f"VACUUM (INDEX_CLEANUP ON) {table}")


def rebuild(estate: Estate) -> None:
    """Write tables, indexes and codes anew from what is left."""
    for table in ("sources", "vectors"):
        estate.connection.execute(f"VACUUM FULL {table}")
    left = estate.index.vectors_of(np.arange(estate.number))
    estate.index = HNSWIndex(left.shape[1])
    estate.index.add(left, show_progress=False)
    estate.codes = np.delete(estate.codes, estate.number, axis=0)
    estate.save()


def renew_log(estate: Estate) -> None:
    """Let old segments of the write-ahead log go; by default they are renamed and used again, as they are."""
    for setting in ("wal_recycle = off", "min_wal_size = '32MB'", "wal_keep_size = 0"):
        estate.connection.execute(f"ALTER SYSTEM SET {setting}")
    estate.connection.execute("SELECT pg_reload_conf()")
    for _ in range(3):
        estate.connection.execute("SELECT pg_switch_wal()")
        estate.connection.execute("CREATE TABLE IF NOT EXISTS tick (t int); INSERT INTO tick VALUES (1)")
        estate.connection.execute("CHECKPOINT")


def expire_backup(estate: Estate) -> None:
    """Replace the backup by one of today."""
    estate.back_up()


STEPS: dict[str, Callable[[Estate], None]] = {
    "deleted": delete_rows,
    "caches cleared": clear_caches,
    "vacuumed": vacuum,
    "indexes vacuumed": vacuum_indexes,
    "rebuilt": rebuild,
    "log renewed": renew_log,
    "backup expired": expire_backup,
}


def forget(vectors: Floats, planted: Floats, *, sealed: bool = False) -> dict[str, dict[str, set[str]]]:
    """Plant a sentence everywhere, take the steps, and look after each: {step: {place: what is left}}.

    Parameters
    ----------
    vectors : float32 array (n, d)
        Of other documents.
    planted : float32 array (d,)
        Of `estate.SENTENCE`.
    sealed : bool
        Whether texts are encrypted under a key of their owner, which the first step destroys.
    """
    keys = Keys() if sealed else None
    with tempfile.TemporaryDirectory() as folder, an_estate(Path(folder), vectors, planted, keys) as estate:
        left = {"before": estate.check()}
        for name, step in STEPS.items():
            step(estate)
            if keys:
                keys.shred(OWNER)
            left[name] = estate.check()
        return left
