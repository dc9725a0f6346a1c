"""What chunking is judged by: Wikipedia articles, and three sets of queries that have a place in them.

- *written*: questions written by hand for this course, each with the span that answers it;
- *heading*: an article's title and one of its headings; the answer is the section. Made by code, and easy on
  chunks that begin with that heading, whose words the query repeats;
- *sentence*: a sentence that was cut out of its paragraph; the answer is the sentences around the gap. Made
  by code, and closer in wording to its place than a question would be.

Articles are dealt to dev and test whole, so that no article answers queries of both.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import yaml

from embedlab.benchmark import Article, BenchmarkError, wikipedia
from embedlab.chunking.cuts import headings_of
from embedlab.chunking.reading import Place, fresh
from embedlab.machine import cached, content_key, data_path

KINDS = ("written", "heading", "sentence")
PER_ARTICLE = 6  # queries of a made set, at most
SECTION = (200, 1500)  # characters of a section that a heading asks for
SENTENCE = (60, 300)  # characters of a sentence that is cut out
DEV_SHARE = 0.4


@dataclass(frozen=True)
class Query:
    """A query and the place that answers it: ``articles[article].text[start:end]``."""

    name: str
    text: str
    kind: str
    split: str
    article: int
    start: int
    end: int
    about: str = ""  # of a written question: fact, context, paraphrase, table, list, why
    answer: str = ""  # of a written question: the answer in a few words

    @property
    def place(self) -> Place:
        """Document and characters of the answer."""
        return self.article, self.start, self.end


@dataclass(frozen=True)
class Passages:
    """Articles and queries whose answers have a place in them."""

    articles: list[Article]
    queries: list[Query]

    def __post_init__(self):
        if len({query.name for query in self.queries}) < len(self.queries):
            raise BenchmarkError("two queries have the same name")

    def of(self, split: str, kind: str | None = None) -> list[Query]:
        """Return the queries of a split ("dev", "test"), and of one kind.

        Raises
        ------
        BenchmarkError
            If there is no such split or kind.
        """
        if split not in ("dev", "test") or kind not in (None, *KINDS):
            raise BenchmarkError(
                f"no queries {split!r}, {kind!r}: dev or test, and one of {', '.join(KINDS)}"
            )
        return [one for one in self.queries if one.split == split and kind in (None, one.kind)]

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all texts and queries."""
        return content_key(json.dumps([asdict(one) for one in (*self.articles, *self.queries)]))


@lru_cache(maxsize=1)
def passages() -> Passages:
    """Make the articles and their queries; the same on every machine.

    Examples
    --------
    >>> found = passages()
    >>> query = found.of("test", "sentence")[0]
    >>> found.articles[query.article].text[query.start : query.end] != query.text
    True
    """
    written = yaml.safe_load(data_path("wikipedia_questions.yaml").read_text(encoding="utf-8"))
    whole = wikipedia()
    code = Path(__file__).read_bytes()
    key = content_key(json.dumps([asdict(one) for one in whole]), json.dumps(written), code)
    return cached("passages", key, lambda: _make(whole, written), _write, _read, suffix=".json")


def _make(whole: list[Article], written: list[dict]) -> Passages:
    asked = {one["id"]: _placed(one, whole) for one in written if one["kind"] != "unanswerable"}
    articles, queries = [], []
    for number, article in enumerate(whole):
        rng = np.random.default_rng(int.from_bytes(hashlib.sha256(article.title.encode()).digest()[:8]))
        split = "dev" if rng.random() < DEV_SHARE else "test"
        keep = [(a, b) for where, a, b in asked.values() if where == number]
        gone = sorted(_drawn(list(_removable(article.text, keep)), rng))
        text = _without(article.text, gone)
        articles.append(Article(article.title, text))

        def query(name, asks, kind, start, end, *more, number=number, split=split):
            queries.append(Query(name, asks, kind, split, number, start, end, *more))

        for one in written:
            if one["id"] in asked and asked[one["id"]][0] == number:
                _, start, end = asked[one["id"]]
                start, end = _moved(start, gone), _moved(end, gone)
                query(one["id"], one["question"], "written", start, end, one["kind"], str(one["answer"]))
        for start, end, title in sorted(_drawn(list(_sections(text)), rng)):
            query(f"{article.title}/heading/{start}", f"{article.title}: {title}", "heading", start, end)
        for start, end, before, behind in gone:
            place = _moved(before, gone), _moved(behind, gone)
            query(f"{article.title}/sentence/{place[0]}", article.text[start:end].strip(), "sentence", *place)
    return Passages(articles, queries)


def _placed(one: dict, articles: list[Article]) -> Place:
    """Find where a written question's quote stands: once, or the file is wrong."""
    for number, article in enumerate(articles):
        if article.title == one["article"]:
            if article.text.count(one["quote"]) != 1:
                times = article.text.count(one["quote"])
                raise BenchmarkError(f"{one['id']}: the quote stands {times} times in {one['article']!r}")
            start = article.text.index(one["quote"])
            return number, start, start + len(one["quote"])
    raise BenchmarkError(f"{one['id']}: there is no article {one['article']!r}")


def _removable(text: str, keep: list[tuple[int, int]]) -> Iterator[tuple[int, int, int, int]]:
    """Yield sentences that may be cut out, one of a paragraph: (start, end, start before, end behind)."""
    import sentencex

    line_start = 0
    for line in text.split("\n"):
        edges = [line_start]
        if len(line) > 4 * SENTENCE[0] and line[0] not in "|#-":
            for sentence in sentencex.segment("en", line):
                edges.append(edges[-1] + len(sentence))
        middle = len(edges) // 2
        answers = any(a < line_start + len(line) and line_start < b for a, b in keep)  # a written question
        if not answers and len(edges) > 4 and SENTENCE[0] <= edges[middle] - edges[middle - 1] <= SENTENCE[1]:
            yield edges[middle - 1], edges[middle], edges[middle - 2], edges[middle + 1]
        line_start += len(line) + 1


def _sections(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, title) of each section's own text, below its heading."""
    found = [*headings_of(text), (len(text), len(text), 0, "")]
    for (_, start, _, title), (end, *_) in pairwise(found):
        own = text[start:end]
        start, end = start + len(own) - len(own.lstrip()), end - len(own) + len(own.rstrip())
        if SECTION[0] <= end - start <= SECTION[1]:
            yield start, end, title


def _drawn(these: list, rng: np.random.Generator) -> list:
    return [these[i] for i in rng.permutation(len(these))[:PER_ARTICLE]]


def _without(text: str, gone: list[tuple]) -> str:
    return "".join(text[a:b] for a, b in fresh(0, len(text), [one[:2] for one in gone]))


def _moved(place: int, gone: list[tuple]) -> int:
    """Return where a character is once the sentences before it are gone."""
    return place - sum(min(end, place) - start for start, end, *_ in gone if start < place)


def _write(path: Path, made: Passages) -> None:
    path.write_bytes(json.dumps({name: [asdict(x) for x in getattr(made, name)] for name in _PARTS}).encode())


def _read(path: Path) -> Passages:
    stored = json.loads(path.read_bytes())
    return Passages(*([kind(**one) for one in stored[name]] for name, kind in _PARTS.items()))


_PARTS = {"articles": Article, "queries": Query}
