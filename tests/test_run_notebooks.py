"""The runner of the chapters: what it takes out of a notebook before it is saved."""

import base64
import io

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import run_notebooks
from PIL import Image
from run_notebooks import WIDGET, ChapterError, execute, lighten, questions, without_widget

from embedlab.benchmark import Scoreboard, docsearch
from embedlab.benchmark.scoreboard import Row

HEADER = "# Title\n\nReading 1 minutes · running under 60 s · memory under 4 GB"


def drawing():
    """Return a plot with labels and a crowd of points, as base64."""
    figure, axes = plt.subplots(figsize=(5, 3))
    points = np.random.default_rng(0).normal(size=(2, 400))
    axes.scatter(*points, c=points[0], alpha=0.6, label="points")
    axes.legend()
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=80)
    plt.close(figure)
    return base64.b64encode(file.getvalue()).decode()


def opened(data):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")).astype(int)


def test_a_light_figure_is_smaller_and_looks_the_same():
    before = drawing()
    data = [{"image/png": before, "text/plain": "<Figure>"}, {"text/plain": "0.5"}]
    outputs = [nbformat.v4.new_output("display_data", one) for one in data]
    cell = nbformat.v4.new_code_cell("draw()", outputs=outputs)
    lighten(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("text"), cell]))
    after = cell.outputs[0].data["image/png"]
    assert len(after) < len(before)
    assert np.abs(opened(after) - opened(before)).mean() < 1
    assert (opened(after)[0] == 255).all(), "paper stays white"
    assert cell.outputs[0].data["text/plain"] == "<Figure>"
    assert cell.outputs[1].data == {"text/plain": "0.5"}


@pytest.mark.parametrize(
    ("data", "stays", "left"),
    [
        ({"text/plain": "1"}, True, {"text/plain": "1"}),
        ({"text/html": "<p>quiz", WIDGET: {"model_id": "a"}}, True, {"text/html": "<p>quiz"}),
        ({"text/plain": "bar", WIDGET: {"model_id": "a"}}, False, {"text/plain": "bar"}),
    ],
)
def test_of_a_widget_only_the_page_stays(data, stays, left):
    output = nbformat.v4.new_output("display_data", data)
    assert without_widget(output) is stays
    assert output.data == left


def test_the_questions_of_a_chapter_are_read_and_missed():
    asked = nbformat.v4.new_markdown_cell("## The interviewer asks\n\n1. What?\n2. Why?\n\nAnd more.")
    assert questions(nbformat.v4.new_notebook(cells=[asked])) == ["What?", "Why?"]
    with pytest.raises(ChapterError, match="no section '## The interviewer asks'"):
        questions(nbformat.v4.new_notebook(cells=[]))


@pytest.mark.parametrize(("engine", "kept"), [("dense", False), ("one that this cache lacks", True)])
def test_a_scoreboard_is_not_replaced_by_a_smaller_one(tmp_path, monkeypatch, capsys, engine, kept):
    before = f"<!-- scoreboard -->\n| engine | ms |\n| --- | --- |\n| {engine} | 1 |\n<!-- /scoreboard -->\n"
    readme = tmp_path / "README.md"
    readme.write_text(f"{before}<!-- chapters -->\n\n<!-- /chapters -->\n")
    monkeypatch.setattr(run_notebooks, "README", readme)
    benchmark = docsearch()
    monkeypatch.setattr("embedlab.benchmark.docsearch", lambda: benchmark)
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    Scoreboard(benchmark).add(Row("dense", "00", 0.5, 0.4, 0.6, 0.9, 1, 1536, (0.5,)))
    run_notebooks.write_readme({})
    assert (before in readme.read_text()) is kept
    assert (engine in capsys.readouterr().out) is kept
    assert "| chapter |" in readme.read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("header", "code", "why"),
    [
        ("# Title", "1", "its first cell lacks the line"),
        (HEADER, "1 / 0", "ZeroDivisionError"),
        (HEADER, "import sys; print('look', file=sys.stderr)", "a cell writes to stderr"),
        (HEADER.replace("60 s", "0 s"), "1", "more than the header promises"),
    ],
)
def test_what_is_not_fit_is_not_saved(tmp_path, header, code, why):
    cells = [nbformat.v4.new_markdown_cell(header), nbformat.v4.new_code_cell(code)]
    path = tmp_path / "chapter.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    before = path.read_bytes()
    with pytest.raises(ChapterError, match=why):
        execute(path)
    assert path.read_bytes() == before
