"""One table through all chapters: what each technique buys, and what it costs."""

import html
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
from filelock import FileLock

from embedlab.benchmark.collection import Benchmark
from embedlab.benchmark.comparisons import paired_difference, seeded_sample
from embedlab.benchmark.metrics import bootstrap_interval, ndcg, recall
from embedlab.benchmark.rankings import Rank, as_run, run_of
from embedlab.machine import cache_file, data_path, write_atomically

HEADINGS = ("engine", "nDCG@10", "95 % interval", "recall@100", "ms per query", "bytes per document")
# Milliseconds of all engines, measured together: `embedlab bench engines`.
LATENCY = data_path("latency.json")


@dataclass(frozen=True)
class Row:
    """How one engine did on the test queries."""

    engine: str
    chapter: str
    ndcg: float
    low: float  # 95 % bootstrap interval of the mean, over queries
    high: float
    recall: float
    ms_per_query: float  # median, one query at a time, embedding the query included
    bytes_per_doc: float
    per_query: tuple[float, ...]  # nDCG@10 of each test query, for paired comparisons

    def cells(self, ms: str | None = None) -> tuple[str, ...]:
        """Return what the table shows, rounded to what is stable; ``ms`` in place of the row's own time."""
        interval = f"{self.low:.3f} to {self.high:.3f}"
        cost = (ms or f"{self.ms_per_query:.1f}", f"{self.bytes_per_doc:,.0f}")
        return (self.engine, f"{self.ndcg:.3f}", interval, f"{self.recall:.3f}", *cost)

    def as_json(self) -> dict:
        """Return the row by the names that ``embedlab evaluate --json`` prints."""
        return {
            "engine": self.engine,
            "ndcg@10": round(self.ndcg, 4),
            "ndcg@10_interval": [round(self.low, 4), round(self.high, 4)],
            "recall@100": round(self.recall, 4),
            "ms_per_query": round(self.ms_per_query, 2),
            "bytes_per_doc": round(self.bytes_per_doc, 1),
        }


def measure(
    engine: str,
    rank: Rank,
    benchmark: Benchmark,
    *,
    bytes_per_doc: float,
    chapter: str = "",
    split: str = "test",
    timed: int = 50,
    ranking: tuple[np.ndarray, np.ndarray] | None = None,
) -> Row:
    """Measure one engine: quality over all queries at once, then the time of single ones.

    Parameters
    ----------
    engine : str
        Its name in the table.
    rank : callable
        ``rank(texts, k) -> (scores, rows)``, each (q, k): positions in ``benchmark.doc_ids``, best first.
    benchmark : Benchmark
    bytes_per_doc : float
    chapter : str
        The notebook that adds the row.
    split : str
    timed : int
        How many single queries to time, drawn at random.
    ranking : (scores, rows), optional
        What ``rank`` finds for the queries of the split, where that is known (`embedlab.engine.Runs`).

    Raises
    ------
    ValueError
        If the split has no queries.
    """
    _, texts, qrels = benchmark.split(split)
    if not texts:
        raise ValueError(f"{benchmark.name} has no {split} queries to measure with")
    ids = benchmark.splits[split]
    run = as_run(benchmark, ids, ranking) if ranking else run_of(benchmark, rank, split)
    values = list(ndcg(qrels, run, k=10).values())
    mean, low, high = bootstrap_interval(values)
    recalls = list(recall(qrels, run, k=100).values())
    ms = median_ms(lambda text: rank([text], 10), seeded_sample(texts, timed))
    per_query = tuple(np.round(values, 5).tolist())
    return Row(engine, chapter, mean, low, high, float(np.mean(recalls)), ms, bytes_per_doc, per_query)


def median_ms(call: Callable[[str], object], inputs: Sequence[str]) -> float:
    """Return the median of the milliseconds that ``call`` takes for each input, after one to warm up."""
    call(inputs[0])
    times = []
    for value in inputs:
        start = time.perf_counter()
        call(value)
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1000


@cache
def latency() -> dict:
    """Return what one query takes in each engine, measured together: ``machine``, ``queries``, ``ms``."""
    return json.loads(LATENCY.read_text(encoding="utf-8"))


def as_text(rows: Sequence[Row], cells: Callable[[Row], Sequence[str]] = Row.cells) -> str:
    """Set rows as a table of plain text."""
    table = [HEADINGS, *map(cells, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = []
    for first, *rest in table:
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]))
    return "\n".join(lines)


class Scoreboard:
    """The rows measured so far on one benchmark, kept on disk, so that each chapter shows those before it.

    Parameters
    ----------
    benchmark : Benchmark
        Rows belong to one benchmark: other documents or queries, other table.
    path : Path, optional
        Where the rows are kept; by default in the cache folder.
    """

    def __init__(self, benchmark: Benchmark, path: Path | None = None):
        self.benchmark = benchmark
        self.path = path or cache_file("scoreboard", f"{benchmark.fingerprint[:16]}.json")

    @property
    def rows(self) -> list[Row]:
        """The rows, in the order of the chapters that added them."""
        if not self.path.exists():
            return []
        rows = [Row(**row) for row in json.loads(self.path.read_text())]
        return sorted(rows, key=lambda row: row.chapter)

    def __getitem__(self, engine: str) -> Row:
        """Return the row of an engine; KeyError names the engines there are."""
        for row in self.rows:
            if row.engine == engine:
                return row
        raise KeyError(f"no row {engine!r}; there are {[row.engine for row in self.rows]}")

    def add(self, row: Row) -> Row:
        """Add a row, in place of one for the same engine."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self.path}.lock"):
            rows = [asdict(old) for old in self.rows if old.engine != row.engine] + [asdict(row)]
            write_atomically(self.path, lambda file: file.write_text(json.dumps(rows)))
        return row

    def compare(self, better: str, worse: str) -> dict[str, float]:
        """Compare two engines query by query.

        Returns
        -------
        dict
            ``difference`` of nDCG@10 with its 95 % interval ``low``, ``high``, and the ``p`` value of the
            paired randomisation test.
        """
        found = paired_difference(self[better].per_query, self[worse].per_query)
        return {"difference": found.mean, "low": found.low, "high": found.high, "p": found.p}

    def cells(self, row: Row) -> tuple[str, ...]:
        """Return what the table shows of a row: of a known engine, its time in the common measurement."""
        ms = latency()["ms"].get(row.engine)
        return row.cells(f"{row.ms_per_query:.1f}*" if ms is None else f"{ms:.1f}")

    @property
    def note(self) -> str:
        """What is to be known about the columns."""
        common = latency()
        return (
            f"Milliseconds: median of {common['queries']} single queries, text to ten results, all engines "
            f"warm in one process and interleaved, on {common['machine']}; * measured in this notebook."
        )

    def as_text(self, engines: Sequence[str] | None = None) -> str:
        """Set some rows, by default all, as plain text."""
        return as_text(self._some(engines), self.cells)

    def as_html(self, engines: Sequence[str] | None = None) -> str:
        """Set some rows, by default all, as an HTML table; the best of all rows is bold."""
        best = max((row.ndcg for row in self.rows), default=0)
        head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in HEADINGS)
        body = ""
        for row in self._some(engines):
            cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in self.cells(row))
            style = ' style="font-weight:bold"' if row.ndcg == best else ""
            body += f"<tr{style}>{cells}</tr>"
        caption = f"{self.benchmark.name}, {len(self.benchmark.split('test')[0])} test queries; best in bold"
        return f"<table><caption>{html.escape(caption)}</caption><tr>{head}</tr>{body}</table>"

    def _some(self, engines: Sequence[str] | None) -> list[Row]:
        return [row for row in self.rows if engines is None or row.engine in engines]

    def _repr_html_(self) -> str:
        return f"{self.as_html()}<p><small>{html.escape(self.note)}</small></p>"

    def __repr__(self) -> str:
        return self.as_text()
