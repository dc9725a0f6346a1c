"""The house holds: imports run down its floors, rooms are entered by the door, a chapter has one name."""

import ast
import json
import re
from graphlib import TopologicalSorter
from itertools import chain
from pathlib import Path

import house
import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "embedlab"
LONGEST = 250  # lines: a file that wants more is two ideas

FLOOR = {room: floor for floor, rooms in enumerate(house.FLOORS) for room in rooms}
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
CHAPTERS = sorted(path.stem.partition("_")[2] for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
CHAPTERS.remove("start_here")


def room_of(module):
    """Return the room of a dotted name: "study.bank" of "embedlab.study.bank.markup"."""
    parts = module.split(".")[1:]
    return ".".join(parts[:2] if parts[:1] == ["study"] else parts[:1])


def imported(source):
    """Yield (module, name) of all that a text imports from the package, within functions, too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write the whole name of what is imported"
            if node.module.split(".")[0] == "embedlab":
                yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.split(".")[0] == "embedlab")


def file_of(module, name):
    """Return the file that ``from module import name`` reads, as a dotted name."""
    return f"{module}.{name}" if f"{module}.{name}" in FILES else module


HOUSE = {name: list(imported(path.read_text(encoding="utf-8"))) for name, path in FILES.items()}


@pytest.mark.parametrize("file", [name for name in FILES if room_of(name) not in ("", "study")])
def test_imports_run_down_and_enter_by_the_door(file):
    here = room_of(file)
    assert here in FLOOR, f"say in tools/house.py on which floor {here} is"
    for module, name in HOUSE[file]:
        there = room_of(module) or name
        if there == here:
            continue
        assert there in FLOOR, f"{file} imports {there}, which is on no floor"
        assert FLOOR[there] < FLOOR[here], f"{file} imports {there}, which is not below it"
        assert module in ("embedlab", f"embedlab.{there}"), f"{file}: enter {there} by its __init__"


def test_no_circle_between_files():
    graph = {file: {file_of(*one) for one in found} & set(FILES) - {file} for file, found in HOUSE.items()}
    for room, path in FILES.items():
        if path.name == "__init__.py":  # its files may ask the room's door for a file of the room
            graph[room] = set()
    assert list(TopologicalSorter(graph).static_order())  # raises CycleError with the circle


def test_every_room_is_on_one_floor():
    assert set(FLOOR) == {room_of(name) for name in FILES} - {"", "study"}
    assert len(FLOOR) == len(list(chain.from_iterable(house.FLOORS)))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_has_one_name(chapter):
    for place in (
        f"embedlab/study/exercises/{chapter}.py",
        f"data/questions/{chapter}.yaml",
    ):
        assert (ROOT / place).exists(), place
    for place in (f"embedlab/{chapter}", f"tests/{chapter}"):
        alone = Path(place).parent / f"{'test_' if place.startswith('tests') else ''}{chapter}.py"
        assert (ROOT / place).is_dir() or (ROOT / alone).exists(), place


@pytest.mark.parametrize("notebook", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebooks_enter_by_the_door(notebook):
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    for found in re.finditer(r"^\s*(?:from|import) (embedlab[\w.]*)", code, re.MULTILINE):
        module = found[1]
        assert module in ("embedlab", f"embedlab.{room_of(module)}"), f"{module}: enter the room by its door"


@pytest.mark.parametrize(
    "path", [*FILES.values(), *sorted((ROOT / "tests").rglob("*.py"))], ids=lambda p: str(p.relative_to(ROOT))
)
def test_no_file_is_long(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST
