"""``embedlab ask``, run as a person would run it, and what stands behind it."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from embedlab import engine
from embedlab.cli import app
from embedlab.engine import THRESHOLDS, PassageSearch, asker, passages_of
from embedlab.engine.answers import part_for

runner = CliRunner()
DOCUMENTS = {
    "snow.md": "# Albedo\n\nFresh snow reflects most of the light. It melts in spring.\n",
    "rust.md": "Iron rusts when it is wet. Rust is red.\n",
}


def run(*arguments):
    return runner.invoke(app, ["ask", *map(str, arguments)])


@pytest.fixture
def corpus(tmp_path):
    for name, text in DOCUMENTS.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_an_answer_and_its_passages(corpus):
    asked = "how much of the light does fresh snow reflect?", "--corpus", corpus
    printed = run(*asked)
    assert printed.exit_code == 0
    assert printed.stdout.startswith("Fresh snow reflects most of the light. [1]\n")
    assert "\n[1] snow.md\n    # Albedo Fresh snow" in printed.stdout
    answer = json.loads(run(*asked, "--json", "--passages", 1).stdout)
    assert list(answer) == [
        *("question", "found", "answer", "score", "note", "citations", "passages", "uncited", "left_out"),
        *("threshold", "generator"),
    ]
    assert answer["citations"][0] | {"support": None} == {
        **{"number": 1, "claim": "Fresh snow reflects most of the light."},
        **{"support": None, "supported": True},
    }
    assert [(one["number"], one["source"]) for one in answer["passages"]] == [(1, "snow.md")]
    assert answer["generator"] is None


def test_thin_evidence_is_no_error(corpus):
    printed = run("how do I bake bread?", "--corpus", corpus, "--threshold", 99)
    assert (printed.exit_code, printed.stdout.splitlines()[0]) == (0, "not found in the documents")
    none = run("zxqv", "--corpus", corpus, "--engine", "bm25", "--json")
    assert none.exit_code == 0
    answer = json.loads(none.stdout)
    assert (answer["found"], answer["score"], answer["passages"]) == (False, None, [])


def test_what_is_cut_or_left_out_is_said(corpus):
    (corpus / "rust.md").write_text("Iron rusts when it is wet and it gets red. " * 20)
    printed = run("iron rust", "--corpus", corpus, "--engine", "bm25", "--budget", 40, "--threshold", -99)
    assert "[1] rust.md, characters" in printed.stdout
    assert ", cut\n" in printed.stdout
    assert "no room in 40 tokens: " in printed.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["?!"], "the question '?!' has no words"),
        (["x", "--engine", "magic"], "there is no engine 'magic'"),
        (["x", "--corpus", "nowhere"], "nowhere"),
    ],
)
def test_what_is_wrong_is_one_line(arguments, message):
    found = run(*arguments)
    assert found.exit_code == 2
    assert message in found.stderr
    assert found.stderr.count("\n") == 1


def test_an_empty_folder_is_said_to_be_empty(tmp_path):
    found = run("x", "--corpus", tmp_path)
    assert (found.exit_code, "there are no documents in it" in found.stderr) == (2, True)


def test_an_interrupt_is_said_in_one_line(monkeypatch, corpus):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "asker", stopped)
    found = run("snow", "--corpus", corpus)
    assert (found.exit_code, found.stderr) == (130, "stopped; vectors that were computed are kept\n")


def test_several_passages_may_be_of_one_text():
    guide = "# Linux\n\n" + "Ask make. " * 60 + "\n\n# Windows\n\n" + "Ask the installer. " * 40
    found = passages_of(PassageSearch("bm25", ["a/guide.md"], [guide], files=True))("ask windows", 5)
    assert len(found) > 2
    assert found[0].title == "guide > Windows"
    assert found[0].source.startswith("a/guide.md, lines ")
    assert all(passage.text in guide for passage in found)


def test_of_a_docstring_the_part_is_read_that_has_the_words():
    docstring = "f\nSums. Quickly.\n\n" + "Adds. " * 99 + "\n\nNotes\n-----\nOverflow wraps."
    assert part_for("overflow", docstring) == "f\nSums. Quickly.\n\nNotes\n-----\nOverflow wraps."
    assert part_for("sums", docstring) == "f\nSums. Quickly."
    assert part_for("overflow", "Short.") == "Short."


@pytest.mark.slow
def test_rows_with_missing_values_are_dropped_by_dropna():
    answer = json.loads(run("How do I drop rows with missing values?", "--json").stdout)
    assert answer["found"]
    cited = {one["number"] for one in answer["citations"]}
    sources = {one["number"]: one["source"] for one in answer["passages"]}
    assert "pandas.DataFrame.dropna" in {sources[number] for number in cited}
    assert all(one["supported"] for one in answer["citations"])


@pytest.mark.slow
def test_readmes_example_prints_what_it_says():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    asked, expected = re.search(
        r'\$ embedlab ask "(.*?)" --passages 2\n(.*?)\$ embed', readme, re.DOTALL
    ).groups()
    assert run(asked, "--passages", 2).stdout == expected


@pytest.mark.slow
def test_another_subject_is_not_found_in_docsearch():
    found = run("Who wrote Animal Farm?")
    assert found.stdout.startswith("not found in the documents\n")
    assert asker()[1].threshold == THRESHOLDS["docsearch"]
