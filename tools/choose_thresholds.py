"""Below which score `embedlab ask` says "not found": measured on dev queries, printed as a table.

python tools/choose_thresholds.py docsearch
python tools/choose_thresholds.py wikipedia

DocSearch: each query with all documents, and without those of the package that answers it. Wikipedia: the
written dev questions, those that no article answers, and queries of DocSearch, which are of another subject.
"""

import sys

import numpy as np
import yaml

from embedlab.benchmark import docsearch
from embedlab.chunking import passages
from embedlab.engine import PassageSearch, build_engine, cross_encoder, kept_scores, passages_of
from embedlab.engine.answers import part_for
from embedlab.machine import data_path
from embedlab.rag import Passage, candidates, diverse

READ, FOUND = 5, 15  # passages: as `ask` has it
DEPTH = 60  # documents, so that enough are left without those of a package


def best(question: str, found: list[Passage]) -> tuple[float, str]:
    """Return the score of the best sentence of passages, and its source."""
    quotes = candidates(diverse(found[:FOUND], READ))
    if not quotes:
        return -np.inf, ""
    pairs = [(question, f"{passage.title}\n{text}") for passage, text in quotes]
    scores = kept_scores(cross_encoder(), pairs)
    return float(scores.max()), quotes[int(scores.argmax())][0].source


def drawn(n: int) -> list[str]:
    """Draw dev queries of DocSearch: their ids."""
    ids = docsearch().split("dev")[0]
    return [ids[i] for i in np.random.default_rng(0).permutation(len(ids))[:n]]


def on_docsearch(n: int = 60) -> dict[str, list[float]]:
    """Score n queries with and without what answers them."""
    benchmark = docsearch()
    engine = build_engine("hybrid", benchmark.documents, benchmark.doc_ids)
    scores: dict[str, list[float]] = {"answered": [], "of these right": [], "package taken out": []}
    for i in drawn(n):
        query, relevant = benchmark.queries[i], set(benchmark.qrels[i])
        packages = {target.split(".")[0] for target in relevant}
        hits = engine.search(query, DEPTH)
        others = [hit for hit in hits if hit.id.split(".")[0] not in packages]
        for name, some in (("answered", hits), ("package taken out", others)):
            found = [Passage(hit.id, part_for(query, hit.text), hit.id, hit.score) for hit in some[:FOUND]]
            score, source = best(query, found)
            scores[name].append(score)
            if name == "answered" and source in relevant:
                scores["of these right"].append(score)
    return scores


def on_wikipedia(n: int = 24) -> dict[str, list[float]]:
    """Score questions that an article answers, and two kinds that none does; found by words."""
    found, benchmark = passages(), docsearch()
    ids = [f"{article.title.replace('/', '-')}.md" for article in found.articles]
    search = passages_of(PassageSearch("bm25", ids, [one.text for one in found.articles], files=True))
    written = yaml.safe_load(data_path("wikipedia_questions.yaml").read_text(encoding="utf-8"))
    asked = {
        "answered": [query.text for query in found.of("dev", "written")],
        "in no article": [one["question"] for one in written if one["kind"] == "unanswerable"],
        "another subject": [benchmark.queries[i] for i in drawn(n)],
    }
    return {
        name: [best(question, search(question, FOUND))[0] for question in questions]
        for name, questions in asked.items()
    }


def as_table(scores: dict[str, list[float]], begin: float = 8, end: float = 17) -> str:
    """Write which share of each kind reaches each threshold, and how well the score parts them."""
    right = scores.pop("of these right", None)
    arrays = {name: np.array(values) for name, values in scores.items()}
    answered, *others = arrays.values()
    lines = [f"{name}: {len(values)}" for name, values in arrays.items()]
    for name, values in list(arrays.items())[1:]:
        lines.append(f"AUC against {name}: {(answered[:, None] > values).mean():.2f}")
    lines.append("threshold  " + "  ".join(arrays) + ("  right" if right else ""))
    for threshold in np.arange(begin, end, 0.5):
        shares = [f"{(values >= threshold).mean():.2f}" for values in (answered, *others)]
        if right:
            shares.append(
                f"{(np.array(right) >= threshold).sum() / max((answered >= threshold).sum(), 1):.2f}"
            )
        lines.append(f"{threshold:9.1f}  " + "  ".join(shares))
    return "\n".join(lines)


if __name__ == "__main__":
    print(as_table({"docsearch": on_docsearch, "wikipedia": on_wikipedia}[sys.argv[1]]()))
