"""What redaction finds, costs and leaves: measured once with Presidio, and shipped in ``data/security``."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import Benchmark, docsearch, ndcg, quality
from embedlab.embedder import Embedder
from embedlab.hybrid import BM25Index, reciprocal_rank
from embedlab.index import FlatIndex
from embedlab.machine import data_path, machine_name, shipped_figures, write_figures
from embedlab.security.labelled import Sentence, labelled_sentences
from embedlab.security.presidio import MODEL, above, analyzer, both, presidio_proposals, reaching
from embedlab.security.recognisers import recognised
from embedlab.security.redaction import Pseudonyms, masked
from embedlab.security.span_scores import counts, ratios
from embedlab.security.spans import KINDS, Span, resolved
from embedlab.security.tickets import Tickets, make_tickets

KEY = b"a key for the course, not a secret"
WAYS = ("as written", "masked", "pseudonyms", "invented names")
ENGINES = ("dense", "BM25", "hybrid")
DEPTH = 100


def choose_cutoffs(sentences: Sequence[Sentence], proposals: Sequence[Sequence[Span]]) -> dict[str, float]:
    """Choose for each kind the lowest score that is kept: the one with the best F1 on these sentences.

    Of equals the lowest, so that more is found. A kind of which nothing is right at any score gets none: it
    is not reported at all.

    Parameters
    ----------
    sentences : sequence of n Sentence
        Of dev.
    proposals : n sequences of Span

    Examples
    --------
    >>> ana = Sentence("Ana, Monday", (Span(0, 3, "PERSON"),), "hr", "dev")
    >>> choose_cutoffs([ana], [[Span(0, 3, "PERSON", 0.9), Span(5, 11, "PERSON", 0.4)]])
    {'PERSON': 0.9}
    """
    chosen = {}
    for kind in KINDS:
        scores = sorted({one.score for spans in proposals for one in spans if one.kind == kind})
        found = [[above(spans, {kind: score}) for spans in proposals] for score in scores]
        f1 = [ratios(counts(sentences, spans)[:, KINDS.index(kind)].sum(0))[2] for spans in found]
        if f1 and np.nanmax(f1) > 0:
            chosen[kind] = scores[int(np.nanargmax(f1))]
    return chosen


def shipped_proposals() -> list[list[Span]]:
    """Return what Presidio proposed for each labelled sentence, in the order of `labelled_sentences`."""
    rows = shipped_figures("security", "redaction")["proposals"]
    return [[Span(*one) for one in row] for row in rows]


def found_by(split: str) -> dict[str, list[list[Span]]]:
    """Return what each of three recognisers finds in the sentences of a split.

    "patterns" are ours; "Presidio" with the cutoffs chosen on dev; "both": patterns, and Presidio's names.
    Those of different kinds may overlap: each is counted, and a redaction covers what any of them covers.

    Examples
    --------
    >>> {name: len(found) for name, found in found_by("dev").items()}
    {'patterns': 161, 'Presidio': 161, 'both': 161}
    """
    sentences, proposals = labelled_sentences(), shipped_proposals()
    rows = {name: [i for i, one in enumerate(sentences) if one.split == name] for name in ("dev", split)}
    dev = [sentences[i] for i in rows["dev"]]
    cutoffs = choose_cutoffs(dev, [proposals[i] for i in rows["dev"]])
    own = [recognised(sentences[i].text) for i in rows[split]]
    theirs = [above(proposals[i], cutoffs) for i in rows[split]]
    return {
        "patterns": own,
        "Presidio": theirs,
        "both": [both(a, b) for a, b in zip(own, theirs, strict=True)],
    }


def hidings() -> dict[str, Callable[[str, Sequence[Span]], str]]:
    """Return the four `WAYS` to write a text before it leaves, each ``hide(text, spans) -> str``."""
    return {
        "as written": lambda text, spans: text,
        "masked": masked,
        "pseudonyms": Pseudonyms(KEY, "support"),
        "invented names": Pseudonyms(KEY, "support", names=True),
    }


def rankings(texts: Sequence[str], queries: Sequence[str], embedder: Embedder) -> dict[str, tuple]:
    """Rank texts for queries by each of `ENGINES`: {engine: (scores, ids)}, `DEPTH` each."""
    index, words = FlatIndex(embedder.dims), BM25Index()
    index.add(embedder.encode(list(texts), cache=True, on_long="cut"))
    words.add(list(texts))
    found = {
        "dense": index.search(embedder.encode(list(queries), cache=True), DEPTH),
        "BM25": words.search(list(queries), DEPTH),
    }
    return found | {"hybrid": reciprocal_rank(list(found.values()), DEPTH)}


def ticket_quality(tickets: Tickets, embedder: Embedder, way: str) -> dict[str, list[float]]:
    """Return nDCG@10 of each query for each engine, texts and queries written in one of `WAYS`."""
    texts, queries = tickets.written(hidings()[way])
    qrels = {str(q): {str(target): 1} for q, target in enumerate(tickets.relevant)}
    values = {}
    for engine, (scores, ids) in rankings(texts, queries, embedder).items():
        run = {
            str(q): {str(i): float(s) for i, s in zip(ids[q], scores[q], strict=True) if i >= 0}
            for q in range(len(queries))
        }
        values[engine] = [round(value, 4) for value in ndcg(qrels, run).values()]
    return values


def false_positives(
    benchmark: Benchmark, find: Callable[[str], Sequence[Span]], embedder: Embedder
) -> tuple[dict[str, NDArray[np.float64]], Counter, int]:
    """Redact a collection without personal data: quality by engine, what was replaced, documents changed.

    Documents and test queries are masked alike.
    """
    replaced: Counter = Counter()

    def hidden(text: str) -> str:
        spans = find(text)
        replaced.update((one.kind, text[one.start : one.end]) for one in spans)
        return masked(text, spans)

    documents = [hidden(text) for text in benchmark.documents]
    queries = [hidden(text) for text in benchmark.split("test")[1]]
    changed = sum(a != b for a, b in zip(documents, benchmark.documents, strict=True))
    found = rankings(documents, queries, embedder)
    return {engine: quality(benchmark, ranking) for engine, ranking in found.items()}, replaced, changed


def measure_redaction(documents: int = 500) -> dict:
    """Measure all that the chapter says of redaction; Presidio is needed.

    Parameters
    ----------
    documents : int
        Of DocSearch, a seeded sample, on which false positives are counted.
    """
    sentences, embedder = labelled_sentences(), Embedder.load()
    analyzer(), presidio_proposals("Warm up.")
    seconds, proposals = [], []
    for one in sentences:
        start = time.perf_counter()
        proposals.append(presidio_proposals(one.text))
        seconds.append(time.perf_counter() - start)
    dev = [i for i, one in enumerate(sentences) if one.split == "dev"]
    cutoffs = choose_cutoffs([sentences[i] for i in dev], [proposals[i] for i in dev])
    small = docsearch().sample(documents)
    finders = {
        "nothing": lambda text: [],
        "patterns": recognised,
        # the surest of those that overlap, of whatever kind
        "Presidio": lambda text: resolved(reaching(presidio_proposals(text), cutoffs)),
    }
    wrong = {}
    for name, find in finders.items():
        start = time.perf_counter()
        values, replaced, changed = false_positives(small, find, embedder)
        wrong[name] = {
            "ndcg": {engine: np.round(each, 4).tolist() for engine, each in values.items()},
            "replaced": [[*what, n] for what, n in replaced.most_common(25)],
            "spans": sum(replaced.values()),
            "changed": changed,
            "seconds": round(time.perf_counter() - start, 1),
        }
    tickets = make_tickets(docsearch())
    return {
        "about": {
            "machine": machine_name(),
            "date": time.strftime("%Y-%m-%d"),
            "command": "embedlab.security.write_redaction()",
            "versions": {name: version(name) for name in ("presidio-analyzer", "spacy", MODEL)},
            "ms_a_sentence": round(1000 * float(np.median(seconds)), 1),
            "documents": documents,
        },
        "proposals": [[[s.start, s.end, s.kind, round(s.score, 2)] for s in row] for row in proposals],
        "tickets": {way: ticket_quality(tickets, embedder, way) for way in WAYS},
        "false positives": wrong,
    }


def shipped_redaction() -> Mapping:
    """Return the measurement that comes with the course; see its ``about``."""
    return shipped_figures("security", "redaction")


def write_redaction() -> None:
    """Measure anew, and put the result in the place of the one that comes with the course; some minutes."""
    write_figures(data_path("security") / "redaction.json", measure_redaction())
