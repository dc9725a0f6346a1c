"""The arithmetic sheet is what its tool makes of the shipped measurements, and its sums are right."""

import re
import runpy
from pathlib import Path

from embedlab.machine import shipped_figures
from embedlab.study.bank import CHAPTERS
from embedlab.system_design import constants

ROOT = Path(__file__).parents[2]
SHEET = runpy.run_path(str(ROOT / "tools" / "cheat_sheet.py"))
PAGE = (ROOT / "docs" / "cheat-sheet.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_tool_makes():
    assert SHEET["page"]() == PAGE, "run: python tools/cheat_sheet.py"


def test_each_line_says_where_it_is_from():
    lines = [line for line in PAGE.splitlines() if line.startswith("| ") and "---" not in line]
    assert len(lines) > 50
    for line in lines:
        what, much, where = (cell.strip() for cell in line.strip("|").split(" | "))
        assert min(len(what), len(much), len(where)) > 1, line
    for chapter in re.findall(r"chapter (\d\d)", PAGE):
        assert int(chapter) < len(CHAPTERS)


def test_pairs_stand_above_the_chosen_design_as_chapter_22_says():
    board = {name: float(row["nDCG@10"]) for name, row in SHEET["scoreboard"]().items()}
    assert board["full"] > board["rerank"] > board["design, chosen"] > board["hybrid"]


def test_bytes_by_hand():
    assert "| int8, 384 numbers | 384 B; 100 million: 38.4 GB |" in PAGE
    assert "| HNSW over float32 | 1,668 B; 100 million: 167 GB |" in PAGE  # chapter 06 prints the same


def test_each_constant_stands_there_with_its_source_and_date():
    lines = {found[1]: line for line in PAGE.splitlines() if (found := re.match(r"\| `(\w+)`: ", line))}
    assert set(lines) == set(constants())
    for name, one in constants().items():
        cells = lines[name].strip("| ").split(" | ")
        assert one.about in cells[0], name
        number = re.match(r"\$?([\d,.]+)", cells[1])[1]
        assert float(number.replace(",", "")) == one.value, name
        assert one.unit.removeprefix("$") in cells[1], name
        assert cells[2] == f"{one.source}, {one.date}", name


def test_a_search_line_is_the_row_of_chapter_19():
    rows = shipped_figures("vector_databases", "recall")["rows"]
    row = next(row for row in rows if row["engine"] == "faiss HNSW" and row["value"] == 80)
    assert f"| faiss HNSW efSearch 80 | {row['ms']:.2g} ms, recall@10 {row['recall']:.3f} |" in PAGE


def test_no_engine_has_left_the_scoreboard():
    board = SHEET["scoreboard"]()
    for name, much, _ in SHEET["compression"]():
        assert board[name]["nDCG@10"] in much
