"""What every committed notebook keeps to. That it runs is for nbval to say (`make test`)."""

import ast
import importlib.util
import re
from functools import cache
from pathlib import Path

import pytest

from embedlab import quiz
from embedlab.study.bank import CHAPTERS, notebook_of

ROOT = Path(__file__).parents[2]
PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))
HEADER = re.compile(r"^Reading \d+ minutes · running under (\d+) s · memory under [\d.]+ GB$", re.MULTILINE)
SECTIONS = [
    "The interviewer asks",
    "The idea in a picture",
    "Against the real thing",
    "Scoreboard",
    "Lore, checked",
    "Your turn",
    "Common mistakes",
    "Say it in an interview",
]
TOUR_SECTIONS = ["The interviewer asks", "Scoreboard", "Your turn"]  # what a tour cannot do without
# A file of the author's machine says nothing to a reader, and the name of its owner is nobody's business.
ABSOLUTE = re.compile(r"(?<![\w/.:])/(?:home|tmp|root|Users|work|var)/|\b[A-Z]:\\\\?\w", re.ASCII)
# Code, formulas, links and HTML attributes are not prose.
NOT_PROSE = [
    r"```.*?```",
    r"`[^`]*`",
    r"\$\$.*?\$\$",
    r"\$[^$\n]+\$",
    r"\]\([^)]*\)",
    r"<[^>]*>",
    r"https?://\S+",
]
MEASURED = re.compile(r"(?<![\w.])[01]\.\d{2,}\b")

each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


@cache
def read(path):
    import nbformat  # takes seconds: not while tests are collected

    return nbformat.read(path, as_version=4)


def code_cells(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def prose(path):
    """Return the text of all markdown cells."""
    return "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")


def headings(path):
    text = re.sub(r"```.*?```", "", prose(path), flags=re.DOTALL)
    return re.findall(r"^## (.+?)\s*$", text, flags=re.MULTILINE)


def measured_numbers(text):
    """List what looks like a measured number: it is out of date as soon as anything changes."""
    for pattern in NOT_PROSE:
        text = re.sub(pattern, " ", text, flags=re.DOTALL)
    return MEASURED.findall(text)


def test_the_chapters_have_their_names_and_numbers():
    """There may be gaps: a chapter stands alone, and is written when its time has come."""
    assert {path.name for path in PATHS} <= {notebook_of(chapter) for chapter in CHAPTERS}
    assert PATHS[0].stem == "00_start_here"  # where 'make lab' begins


@each_notebook
def test_it_is_a_small_valid_notebook_for_python(path):
    import nbformat

    nbformat.validate(read(path))
    assert path.stat().st_size < 1_000_000
    assert read(path).metadata["kernelspec"]["name"] == "python3"  # without, JupyterLab asks for one
    assert not {"widgets", "jupytext"} & set(read(path).metadata)


@each_notebook
def test_it_was_run_from_top_to_bottom(path):
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))


@each_notebook
def test_it_shows_no_errors_and_no_noise(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", output.text


@pytest.mark.parametrize("path", PATHS[1:], ids=lambda path: path.stem)
def test_it_ends_with_a_quiz(path):
    """Saved is the page with folded answers, not the widget, which would be dead without its kernel."""
    last = read(path).cells[-1]
    assert f'quiz("{path.stem[3:]}")' in last.source
    (output,) = last.outputs
    assert output.data["text/html"].count("<details>") == 5
    assert not [kind for kind in output.data if "widget" in kind]
    assert output.data["text/html"] == quiz(path.stem)._repr_html_(), (
        "the questions have changed: execute it again"
    )


@each_notebook
def test_it_names_no_place_on_a_disk(path):
    for cell in read(path).cells:
        texts = [cell.source]
        for output in cell.get("outputs", []):
            texts += [str(output.get("text", ""))]
            texts += [str(data) for kind, data in output.get("data", {}).items() if "image" not in kind]
        for text in texts:
            assert not ABSOLUTE.search(text), text[:200]


@each_notebook
def test_it_begins_with_a_title_and_what_it_takes(path):
    first = read(path).cells[0]
    assert first.cell_type == "markdown"
    assert re.match(rf"# {path.name[:2]} · \S", first.source)
    (seconds,) = HEADER.findall(first.source)
    assert int(seconds) <= 90


@each_notebook
def test_its_sections_are_in_order(path):
    wanted = TOUR_SECTIONS if path.stem == "00_start_here" else SECTIONS
    found = [heading for heading in headings(path) if heading in SECTIONS]
    assert found == [name for name in SECTIONS if name in found]
    assert [name for name in found if name in wanted] == wanted


@each_notebook
def test_the_interviewer_asks_a_few_questions(path):
    text = prose(path).split("## The interviewer asks")[1].split("\n## ")[0]
    questions = re.findall(r"^\d+\. (.+)$", text, flags=re.MULTILINE)
    assert 3 <= len(questions) <= 5


@each_notebook
def test_its_code_cells_are_short(path):
    for cell in code_cells(path):
        assert cell.source.strip(), "an empty cell"
        assert len(cell.source.splitlines()) <= 25, cell.source


@each_notebook
def test_prose_states_no_measured_number(path):
    assert measured_numbers(prose(path)) == []


def test_what_counts_as_a_measured_number():
    assert measured_numbers("nDCG of 0.554, or 1.00. Up to 0.61 (0.2 more)") == ["0.554", "1.00", "0.61"]
    exempt = (
        "`eps=0.001`, $\\tau = 0.05$, [Smith](https://a.org/0.123), arXiv 1908.10084, version 2.13.0, 0.5"
    )
    assert measured_numbers(exempt) == []


@each_notebook
def test_what_it_names_exists(path):
    named = set(re.findall(r"\bembedlab(?:\.\w+)*", prose(path).replace("/", ".")))
    for cell in code_cells(path):
        for node in ast.walk(ast.parse(re.sub(r"^[%!].*$", "", cell.source, flags=re.MULTILINE))):
            if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "embedlab":
                named.add(node.module)
                named |= {f"{node.module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names if alias.name.startswith("embedlab")}
    for name in named:
        assert exists(name.removesuffix(".py")), f"{path.name} names {name}"
    for name in re.findall(r"\b\d\d_[a-z_]+\b", prose(path)):
        assert (ROOT / "notebooks" / f"{name}.ipynb").exists(), f"{path.name} names {name}"


def exists(name):
    """Tell whether a dotted name is a module, or something in a module; nothing of it is run."""
    parent, _, last = name.rpartition(".")
    try:
        if importlib.util.find_spec(name):
            return True
    except ModuleNotFoundError:  # the parent is no package
        pass
    return bool(parent) and hasattr(importlib.import_module(parent), last)
