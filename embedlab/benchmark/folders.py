"""Folders and files of one's own: labelled queries in BEIR's format, and plain collections of texts."""

import json
import os
import re
import warnings
from collections.abc import Container, Iterator
from itertools import chain, count
from pathlib import Path

from embedlab.benchmark.collection import Benchmark, BenchmarkError, Qrels

# Left out of a folder, as are hidden ones (.git, .venv): what others wrote, and what programs made.
VENDORED = {"node_modules", "bower_components", "vendor", "site-packages", "venv", "__pycache__"}


def load_beir(folder: str | Path, split: str = "test") -> Benchmark:
    """Load a folder in the format of BEIR (Thakur et al. 2021).

    ``corpus.jsonl`` has lines with ``_id``, ``text`` and perhaps ``title``; ``queries.jsonl`` lines with
    ``_id`` and ``text``; ``qrels/test.tsv`` perhaps a heading, then query id, document id, gain, separated by
    tabs or spaces. TREC's qrels, which have a field between the two ids, are read as well.

    A judged document that the corpus lacks (published sets have some) stays judged, and so counts as not
    found; a warning says so.

    Raises
    ------
    BenchmarkError
        If a file is missing or empty, a line is malformed, a judgement names an unknown query, or none names
        a document of the corpus: with the file and the line.
    """
    folder = Path(folder)
    corpus = _texts_by_id(folder / "corpus.jsonl", id_needed=True)
    all_queries = _texts_by_id(folder / "queries.jsonl", id_needed=True)
    file = folder / "qrels" / f"{split}.tsv"
    judgements = list(_judgements(file, all_queries))
    qrels: Qrels = {}
    for place, query_id, doc_id, gain in judgements:
        if query_id not in all_queries:
            raise BenchmarkError(f"{place}: there is no query {query_id[:80]!r}")
        if qrels.setdefault(query_id, {}).setdefault(doc_id, gain) != gain:
            raise BenchmarkError(f"{place}: {query_id!r} and {doc_id!r} were judged otherwise further up")
    missing = [
        f"{place}: there is no document {i[:80]!r}" for place, _, i, _ in judgements if i not in corpus
    ]
    if not judgements:
        raise BenchmarkError(f"{file}: there are no judgements in it")
    if len(missing) == len(judgements):
        raise BenchmarkError(f"{missing[0]}, nor any other that was judged")
    if missing:
        share = f"{len(missing)} of {len(judgements)} judged documents"
        warnings.warn(f"{missing[0]}: {share} are missing, and count as not found", stacklevel=2)
    own = [i for i, gains in qrels.items() if gains.get(i, 0) > 0]
    if own:
        message = "is relevant to itself, but a query's own document is left out of its ranking (BEIR's rule)"
        warnings.warn(f"{file}: {own[0][:80]!r} {message}; queries of this kind: {len(own)}", stacklevel=2)
    queries = {i: all_queries[i] for i in qrels}
    return Benchmark(folder.name, list(corpus), list(corpus.values()), queries, qrels, {split: list(qrels)})


def _judgements(file: Path, queries: Container[str]) -> Iterator[tuple[str, str, str, int]]:
    """Yield (place, query id, document id, gain) for each line of qrels."""
    for number, line in enumerate(lines_of(file), start=1):
        place = f"{file}, line {number}"
        fields = line.split("\t") if "\t" in line else line.split()
        if not line.strip():
            continue
        if number == 1 and fields[0] not in queries and not re.match(r"\s*[+-]?\.?[0-9]", fields[-1]):
            continue  # the heading
        if len(fields) == 4:
            del fields[1]  # TREC's "iteration", which nobody uses
        if len(fields) != 3 or not re.fullmatch(r"\s*[+-]?[0-9]{1,9}\s*", fields[2]):
            got = [field[:80] for field in fields]
            raise BenchmarkError(f"{place}: expected query id, document id and a whole number, but got {got}")
        yield place, fields[0], fields[1], int(fields[2])


def load_corpus(path: str | Path) -> tuple[list[str], list[str]]:
    """Load your own documents: (ids, texts).

    Parameters
    ----------
    path : str or Path
        A ``.jsonl`` file (a line each with ``text`` and perhaps ``id`` or ``_id``, and ``title``), a ``.txt``
        file (a document a line), or a folder, of which each text file is a document: whatever its ending, as
        long as it is UTF-8. Hidden and vendored folders are left out (``.git``, ``node_modules``, ...); a
        warning names files that are no text.

    Raises
    ------
    BenchmarkError
        If there is nothing there, or nothing in it, or it cannot be read: with the file and the line.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if path.is_dir():
        texts = _texts_in(path)
    elif suffix == ".jsonl":
        texts = _texts_by_id(path)
    elif suffix == ".txt":
        texts = {f"line {n}": line for n, line in enumerate(lines_of(path), start=1)}
    elif not path.exists():
        raise BenchmarkError(f"{path} does not exist: expected a folder, a .jsonl or a .txt file")
    else:
        raise BenchmarkError(f"{path}: expected a folder, a .jsonl or a .txt file")
    texts = {i: text for i, text in texts.items() if text.strip()}
    if not texts:
        raise BenchmarkError(f"{path}: there are no documents in it")
    return list(texts), list(texts.values())


def _texts_in(folder: Path) -> dict[str, str]:
    """Read the text files of a folder: relative path to text."""
    files = []
    for parent, below, names in os.walk(folder):
        below[:] = [name for name in below if not name.startswith(".") and name not in VENDORED]
        files += [Path(parent, name) for name in names if not name.startswith(".")]
    found = {
        file.relative_to(folder).as_posix(): _text_of(file)
        for file in sorted(files)
        if file.is_file()  # no pipe, no broken link
    }
    left_out = [name for name, text in found.items() if text is None]
    if left_out:
        named = ", ".join(left_out[:3]) + (", ..." if len(left_out) > 3 else "")
        warnings.warn(
            f"{len(left_out)} of {len(found)} files in {folder} cannot be read as text in UTF-8 and are left "
            f"out: {named}",
            stacklevel=3,
        )
    return {name: text for name, text in found.items() if text is not None}


def _text_of(file: Path) -> str | None:
    """Read a text; None where the file may not be read, is not UTF-8, or holds a NUL, as texts never do."""
    try:
        with file.open(encoding="utf-8-sig") as stream:
            start = stream.read(4096)  # of a film, no more than that
            return None if "\0" in start else start + stream.read()
    except (OSError, UnicodeDecodeError):
        return None


def _texts_by_id(file: Path, *, id_needed: bool = False) -> dict[str, str]:
    """Read a line each with a text: id to text. What has no id gets the number of its line."""
    records: list[tuple[int, str | None, str]] = []
    for number, line in enumerate(lines_of(file), start=1):
        place = f"{file}, line {number}"
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BenchmarkError(f"{place}: not JSON: {error}") from error
        if not isinstance(record, dict) or not isinstance(record.get("text"), str):
            raise BenchmarkError(f"{place}: expected an object with a string 'text', but got {line[:80]}")
        given = [record.get("_id"), None if id_needed else record.get("id")]
        key = next((str(one) for one in given if one not in (None, "")), None)
        if id_needed and key is None:
            raise BenchmarkError(f"{place}: there is no '_id', which judgements need")
        title = record.get("title") or ""
        records.append((number, key, f"{title}\n{record['text']}" if title else record["text"]))
    if not records:
        raise BenchmarkError(f"{file}: there is nothing in it")
    taken = {key for _, key, _ in records}
    texts: dict[str, str] = {}
    for number, key, text in records:
        if key in texts:
            raise BenchmarkError(f"{file}, line {number}: the id {key[:80]!r} is there twice")
        names = chain([str(number)], (f"{number}.{i}" for i in count(1)))
        texts[next(name for name in names if name not in taken) if key is None else key] = text
    return texts


def lines_of(file: Path) -> list[str]:
    """Read the lines of a text file; BenchmarkError where it cannot be read."""
    try:
        # Not splitlines(): that cuts at characters that JSON allows.
        return file.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise BenchmarkError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise BenchmarkError(f"{file} is no text in UTF-8, line {line}: {error}") from error
