"""All that the small generator says for chapter 11, made anew and written as it comes with the course."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from embedlab.machine import data_path, write_atomically
from embedlab.rag.conditions import CONDITIONS, MIDDLE, READ
from embedlab.rag.experiments import Answers, in_parts, made_up, rewritten, worded_anew
from embedlab.rag.gguf_weights import PACKAGED
from embedlab.rag.judging import FILLER, is_right, is_supported, margins, preferred
from embedlab.rag.labels import labelled_answers, labelled_sentences
from embedlab.rag.passages import Passage
from embedlab.rag.prompts import prompt
from embedlab.rag.replies import MODEL, likely, recorded

PACKAGES = ("embedlab", "torch", "gguf", "gensim", "sentencex")
PAIR = ("generator", "gold"), ("quotes", "dense 5")  # whose answers are compared in both orders


def ship(folder: Path | None = None, *, report: Callable[[str], None] = print) -> None:
    """Have everything said and judged again, and write it with a card; a day on two cores without a GPU.

    What is shipped already and still fits, and what an interrupted run computed, is taken over.

    Parameters
    ----------
    folder : Path, optional
        By default that of the files that come with the course.
    report : callable
        Gets the name of each part before it is computed.
    """
    path = (folder or data_path("rag")) / "replies.json"
    with recorded() as seen:
        say_everything(report)
    parts = []
    for kind, found in seen.items():
        rows = [f"{json.dumps(key)}: {json.dumps(found[key], ensure_ascii=False)}" for key in sorted(found)]
        parts.append(f'"{kind}": {{\n' + ",\n".join(rows) + "\n}")
    write(path, "{\n" + ",\n".join(parts) + "\n}\n")
    about = {
        "model": {"file": PACKAGED, "sha256 begins": MODEL},
        "replies": len(seen["said"]),
        "likelihoods": len(seen["likely"]),
        "versions": {package: version(package) for package in PACKAGES},
    }
    write(path.with_name("replies-card.json"), json.dumps(about, indent=1) + "\n")


def write(path: Path, text: str) -> None:
    """Write a text, all or nothing."""
    write_atomically(path, lambda file: file.write_text(text, encoding="utf-8"))


def say_everything(report: Callable[[str], None] = lambda name: None) -> None:
    """Ask for each reply and likelihood that chapter 11 shows."""
    answers = Answers()
    evidence = answers.evidence
    for name, condition in CONDITIONS.items():
        report(name)
        for split in ("dev", "test"):
            answers.replies(name, split)
            if condition in (*READ, *MIDDLE):
                answers.likelihoods(name, split)
    report("questions without an answer, and other queries in their place")
    for style in ("plain", "refuse"):
        answers.unanswerable(style)
    queries = {one.name: one for split in ("dev", "test") for one in evidence.questions(split)}
    asked = [one.text for one in evidence.questions("test")]
    made_up(asked)
    worded_anew(asked)
    in_parts()
    rewritten()
    report("judges")
    labelled = labelled_answers()
    margins([is_right(queries[one.name].text, queries[one.name].answer, one.text) for one in labelled])
    texts = {(one.name, one.reader, one.condition): one.text for one in labelled}
    pairs = [(query.text, *(texts[name, *one] for one in PAIR)) for name, query in queries.items()]
    preferred(pairs)
    preferred([(question, own, own + FILLER) for question, own, _ in pairs])
    for one in labelled_sentences():
        query = queries[one.name]
        read = [passage.text for passage in evidence.passages(query, CONDITIONS[one.condition])]
        margins([is_supported(one.text, read)])
        likely([prompt(query.text, [Passage("", text) for text in read])], [one.text])
        likely([prompt(query.text, [], "closed book")], [one.text])
