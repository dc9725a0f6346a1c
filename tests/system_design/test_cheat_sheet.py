"""The arithmetic sheet is what its tool makes of the shipped measurements, and its sums are right."""

import re
import runpy
from pathlib import Path

from embedlab.machine import shipped_figures
from embedlab.study.bank import CHAPTERS

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


def test_bytes_by_hand():
    assert "| int8, 384 numbers | 384 B; 100 million: 38.4 GB |" in PAGE
    assert "| HNSW over float32 | 1,668 B; 100 million: 167 GB |" in PAGE  # chapter 06 prints the same


def test_a_search_line_is_the_row_of_chapter_19():
    rows = shipped_figures("vector_databases", "recall")["rows"]
    row = next(row for row in rows if row["engine"] == "faiss HNSW" and row["value"] == 80)
    assert f"| faiss HNSW efSearch 80 | {row['ms']:.2g} ms, recall@10 {row['recall']:.3f} |" in PAGE


def test_no_engine_has_left_the_scoreboard():
    board = SHEET["scoreboard"]()
    for name, much, _ in SHEET["compression"]():
        assert board[name]["nDCG@10"] in much
