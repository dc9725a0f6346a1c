"""Search in long texts: they are cut, and each stands where its best chunk does.

That is MaxP (Dai & Callan 2019): what answers a query is a passage, and the rest of a long text says nothing
against it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np
from tqdm import tqdm

from embedlab import chunking
from embedlab.engine.catalogue import ENGINES, Parts, build_engine
from embedlab.engine.cutting import cut_all, has_headings
from embedlab.engine.first_stages import DenseStage
from embedlab.engine.search import Hit, documents_with_ids
from embedlab.engine.stages import Step, Trace

STEP = 32  # chunks: about a second's work, what an interrupt may lose
DEEPER = 4  # times as many chunks are asked for, until they are of enough texts
LONGEST = 80  # characters of a heading: what stands above a line of "---" may be a whole paragraph
LINE_END = re.compile(r"\r\n?|\n")


@dataclass(frozen=True)
class Place:
    """Where in a text: ``text[start:end]``, the first and the last line (from 1), the headings above."""

    start: int
    end: int
    lines: tuple[int, int]
    headings: tuple[str, ...] = ()


@dataclass(frozen=True)
class PassageHit(Hit):
    """A text that was found, and where in it: the whole, where it is not longer than a chunk."""

    place: Place
    whole: bool

    @property
    def passage(self) -> str:
        """The chunk."""
        return self.text[self.place.start : self.place.end]

    @property
    def label(self) -> str:
        """Say what was found where: "guide.md, lines 120-134, under Installation > Windows"."""
        place, (first, last) = self.place, self.place.lines
        if self.whole:
            return self.id
        if LINE_END.search(self.text.rstrip()):
            where = f"line {first}" if first == last else f"lines {first}-{last}"
        else:  # the text is one line
            where = f"characters {place.start}-{place.end}"
        above = " > ".join(_short(place.headings))
        return f"{self.id}, {where}" + (f", under {above}" if above else "")


class PassageSearch:
    """An engine over the chunks of texts, which finds texts.

    Parameters
    ----------
    engine : str
        One of `ENGINES`.
    ids, texts : sequence of n str
    files : bool
        Whether the ids are names of files. Then a chunk is read below the name without its ending, and what
        looks like a heading in a source file is a comment.

    Examples
    --------
    >>> guide = "# Linux\\n\\n" + "Ask make. " * 40 + "\\n\\n# Windows\\n\\n" + "Run the installer. " * 20
    >>> found = PassageSearch("bm25", ["guide.md", "cat.md"], [guide, "A cat sleeps."], files=True)
    >>> [hit.label for hit in found.search("where is the installer?")]
    ['guide.md, lines 5-7, under Windows']
    """

    def __init__(self, engine: str, ids: Sequence[str], texts: Sequence[str], *, files: bool = False):
        self.texts, self.ids = documents_with_ids(texts, ids)
        self.files = files
        if engine not in ENGINES:
            build_engine(engine, self.texts)  # says which there are
        self._row = {i: row for row, i in enumerate(self.ids)}
        cut = cut_all(self.texts, [not files or has_headings(i) for i in self.ids])
        self.chunks: dict[str, tuple[int, chunking.Chunk | None]] = {}  # by id: row of the text, place in it
        read = []
        for row, chunks in enumerate(cut):
            for key, chunk, text in self._read(row, chunks, files):
                self.chunks[key] = row, chunk
                read.append(text)
        self._text_of = [row for row, _ in self.chunks.values()]
        self.engine = build_engine(engine, _Chunks(read, list(self.chunks)))

    def _read(self, row: int, chunks: list[chunking.Chunk], files: bool) -> Iterator[tuple]:
        """Yield id, place and what is read of each chunk of a text."""
        own, text = self.ids[row], self.texts[row]
        if not chunks:
            yield own, None, text
        title = PurePosixPath(own).stem[:LONGEST] if files else ""
        seen: Counter[str] = Counter()
        for chunk in chunks:
            bare = text[chunk.start : chunk.end]
            above = replace(chunk, headings=_short(chunk.headings))
            yield chunking.chunk_id(own, bare, seen[bare]), chunk, chunking.with_headings(above, text, title)
            seen[bare] += 1

    def search(self, query: str, k: int = 10, trace: Trace | None = None) -> list[PassageHit]:
        """Find the k best texts for one query, fewer where there are not so many.

        Arguments and errors are those of `Engine.search`; the places in a trace are those of texts.
        """
        k, steps = min(k, len(self.ids)), []
        asked = k if len(self.chunks) == len(self.ids) else min(DEEPER * k, len(self.chunks))
        while True:
            inner = Trace() if trace else None
            best: dict[int, tuple[Hit, chunking.Chunk | None]] = {}
            for hit in self.engine.search(query, asked, inner):
                row, chunk = self.chunks[hit.id]
                best.setdefault(row, (hit, chunk))
            if trace:
                steps = self._added(steps, inner.steps)
            if len(best) >= k or asked == len(self.chunks):
                break
            asked = min(DEEPER * asked, len(self.chunks))
        if trace:
            trace.steps += steps
        return [self._hit(row, chunk, hit) for row, (hit, chunk) in list(best.items())[:k]]

    def chunk_hits(self, query: str, k: int = 10) -> list[PassageHit]:
        """Find the k best chunks, several of one text where it has them.

        Arguments and errors are those of `Engine.search`.
        """
        return [self._hit(*self.chunks[hit.id], hit) for hit in self.engine.search(query, k)]

    def _hit(self, row: int, chunk: chunking.Chunk | None, hit: Hit) -> PassageHit:
        text = self.texts[row]
        start, end, headings = (chunk.start, chunk.end, chunk.headings) if chunk else (0, len(text), ())
        place = Place(start, end, _lines(text, start, end), headings)
        return PassageHit(self.ids[row], hit.score, text, place, chunk is None)

    def _added(self, before: list[Step], steps: list[Step]) -> list[Step]:
        """Return the steps with places of texts, and the time of those before, too shallow, added."""
        spent = [step.ms for step in before] or [0.0] * len(steps)
        rows = [dict.fromkeys(self._text_of[place] for place in step.places) for step in steps]
        return [
            Step(step.name, step.ms + ms, {row: place for place, row in enumerate(found, start=1)})
            for step, ms, found in zip(steps, spent, rows, strict=True)
        ]

    def places(self, hit: Hit, trace: Trace) -> dict[str, int | None]:
        """Say where each stage of a trace put a text, by its best chunk; None where it was not found."""
        return {step.name: step.places.get(self._row[hit.id]) for step in trace.steps}


class _Chunks(Parts):
    """Parts whose vectors are computed, and kept, few at a time: an interrupt loses little, a bar moves."""

    def _filled(self, stage: DenseStage) -> DenseStage:
        quiet = {} if len(self.texts) > STEP else {"disable": True}
        made = []
        with tqdm(total=len(self.texts), desc="embedding", unit="text", leave=False, delay=1, **quiet) as bar:
            for start in range(0, len(self.texts), STEP):
                made.append(stage.encoded(self.texts[start : start + STEP]))
                bar.update(len(made[-1]))
        stage.append(self.texts, np.concatenate(made))
        return stage


def _short(headings: Sequence[str]) -> tuple[str, ...]:
    return tuple(one if len(one) <= LONGEST else f"{one[: LONGEST - 3]}..." for one in headings)


def _lines(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the numbers of the first and the last line of a stretch, from 1.

    Examples
    --------
    >>> _lines("one\\r\\ntwo\\r\\nthree\\n", 5, 15), _lines("", 0, 0)
    ((2, 3), (1, 1))
    """
    ends = [match.end() for match in LINE_END.finditer(text)]
    return bisect_right(ends, start) + 1, bisect_right(ends, max(start, end - 1)) + 1
