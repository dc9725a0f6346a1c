"""Where long texts are cut; kept in the cache, as a million characters take two seconds."""

from __future__ import annotations

import json
import sqlite3
import time
import warnings
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from embedlab import chunking
from embedlab.embedder import text_key
from embedlab.machine import cache_file, content_key
from embedlab.tokenizer import WordPieceTokenizer

SIZE = 128  # tokens: on the development queries of chapter 10, 64 to 256 are a plateau
PER_CHARACTER = 4  # tokens, at most: what Unicode's decomposition can make of one
PROSE = {".md", ".markdown", ".mdx", ".qmd", ".rmd", ".rst", ".txt"}  # elsewhere, "# ..." is a comment
SLOW = 500_000  # characters: about a second


def has_headings(file: str) -> bool:
    """Tell by its name whether what looks like a heading in a file is one.

    Examples
    --------
    >>> has_headings("docs/guide.md"), has_headings("setup.py"), has_headings("Dockerfile")
    (True, False, False)
    """
    return PurePosixPath(file).suffix.lower() in PROSE


def cut_all(texts: Sequence[str], headed: Sequence[bool]) -> list[list[chunking.Chunk]]:
    """Cut texts of more than `SIZE` tokens; a shorter one has no chunks, but stays whole.

    Parameters
    ----------
    texts : sequence of n str
    headed : sequence of n bool
        Whether each has headings, at which it is cut. Without, it is cut where paragraphs and lines end, and
        what is small is joined.

    Examples
    --------
    >>> short, long = cut_all(["A cat sleeps.", "A cat sleeps. " * 40], [True, True])
    >>> len(short), [chunk.tokens for chunk in long]
    (0, [128, 32])
    """
    code = [Path(chunking.__file__).with_name(f"{name}.py") for name in ("cuts", "splitters", "words")]
    path = cache_file("chunks", f"{content_key(*(file.read_bytes() for file in code))}.sqlite")
    try:
        with closing(sqlite3.connect(path, timeout=30)) as database:
            return _cut_all(texts, headed, database)
    except sqlite3.DatabaseError as error:
        warnings.warn(f"{path} cannot be used ({error}); cutting the texts again", stacklevel=2)
        if not isinstance(error, sqlite3.OperationalError):  # locked, or only to be read: nothing is damaged
            path.unlink(missing_ok=True)
        with closing(sqlite3.connect(":memory:")) as database:
            return _cut_all(texts, headed, database)


def _cut_all(
    texts: Sequence[str], headed: Sequence[bool], database: sqlite3.Connection
) -> list[list[chunking.Chunk]]:
    """Look up where texts are cut; cut and keep those that are new."""
    long = [i for i, text in enumerate(texts) if PER_CHARACTER * len(text) > SIZE]
    keys = {i: text_key(f"{SIZE} {headed[i]} {texts[i]}") for i in long}
    database.execute("CREATE TABLE IF NOT EXISTS chunks (key BLOB PRIMARY KEY, places TEXT) WITHOUT ROWID")
    found = {}
    for start in range(0, len(long), 500):
        part = [keys[i] for i in long[start : start + 500]]
        marks = ",".join("?" * len(part))
        found.update(database.execute(f"SELECT key, places FROM chunks WHERE key IN ({marks})", part))
    _add_missing({keys[i]: (texts[i], headed[i]) for i in long if keys[i] not in found}, found, database)
    return [_read(found[keys[i]]) if i in keys else [] for i in range(len(texts))]


def _add_missing(
    missing: dict[bytes, tuple[str, bool]], found: dict[bytes, str], database: sqlite3.Connection
) -> None:
    """Cut texts; after an interrupt, those that were cut are kept, too."""
    if not missing:
        return
    tokenizer = WordPieceTokenizer.load()
    lengths = [len(text) for text, _ in missing.values()]
    quiet = {} if sum(lengths) > SLOW else {"disable": True}
    # A bar moves when a text is done: where one alone takes long, it is shown at once.
    delay = 0 if max(lengths) > SLOW else 1
    fresh, due = [], time.monotonic() + 1

    def keep() -> None:
        with database:
            database.executemany("INSERT OR REPLACE INTO chunks VALUES (?, ?)", fresh)
        fresh.clear()

    with tqdm(total=sum(lengths), desc="cutting", unit="char", leave=False, delay=delay, **quiet) as bar:
        try:
            for key, (text, headings) in missing.items():
                found[key] = _cut(text, headings, tokenizer)
                fresh.append((key, found[key]))
                bar.update(len(text))
                if time.monotonic() > due:  # not for each: to be safe on disk takes longer than a short text
                    keep()
                    due = time.monotonic() + 1
        finally:
            keep()


def _cut(text: str, headings: bool, tokenizer: WordPieceTokenizer) -> str:
    """Cut one text; its chunks as JSON."""
    words = chunking.Words(text, tokenizer)
    if words.before[-1] <= SIZE:
        return "[]"
    chunks = chunking.chunk(words, "sections" if headings else "recursive", size=SIZE)
    return json.dumps([[c.start, c.end, c.first, c.last, c.headings if headings else []] for c in chunks])


def _read(places: str) -> list[chunking.Chunk]:
    return [chunking.Chunk(*four, tuple(headings)) for *four, headings in json.loads(places)]
