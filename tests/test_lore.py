"""Each claim that is checked stands once, with its source, its conditions and the cell that shows it."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LORE = runpy.run_path(str(ROOT / "tools" / "lore.py"))
CLAIMS = LORE["claims"]()


def tags_of(chapter):
    import nbformat  # takes seconds: not while tests are collected

    notebook = nbformat.read(ROOT / "notebooks" / f"{chapter}.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return {tag: cell for cell in cells for tag in cell.metadata.get("tags", [])}


TAGS = {chapter: tags_of(chapter) for chapter in {claim["chapter"] for claim in CLAIMS}}
every_claim = pytest.mark.parametrize("claim", CLAIMS, ids=[claim["id"] for claim in CLAIMS])


@every_claim
def test_a_claim_is_whole(claim):
    assert set(claim) == set(LORE["FIELDS"])
    assert claim["verdict"] in LORE["VERDICTS"]
    assert set(claim["source"]) <= {"title", "url", "quote"}
    assert claim["source"]["title"]
    assert claim["conditions"].endswith(".")
    assert len(claim["source"].get("quote", "").split()) <= 25


@every_claim
def test_the_cell_that_shows_it_is_there_and_asserts_something(claim):
    assert claim["cell"] in TAGS[claim["chapter"]]
    assert "assert" in TAGS[claim["chapter"]][claim["cell"]].source


def test_no_claim_stands_twice_and_chapters_follow_each_other():
    assert len({claim["id"] for claim in CLAIMS}) == len(CLAIMS)
    chapters = [claim["chapter"] for claim in CLAIMS]
    assert chapters == sorted(chapters)


def test_the_page_is_made_from_the_data():
    page = (ROOT / "docs" / "lore.md").read_text(encoding="utf-8")
    assert page == LORE["page"](CLAIMS), "run: python tools/lore.py"
