"""The picture of the house in README.md, drawn from the tree: each room with the first line of its docstring.

python tools/house.py
"""

import ast
import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "embedlab"

# The floors, the ground floor first. A room may import from lower floors only.
FLOORS = [
    ["machine", "pooling"],
    ["benchmark", "encoder", "index"],
    ["tokenizer", "hybrid", "matryoshka", "hnsw", "quantization"],
    ["embedder"],
    ["finetuning", "chunking"],
    ["reranking", "colbert"],
    ["rag"],
    ["scale", "serving", "pipelines", "vector_databases"],
    ["drift", "security"],
    ["engine"],
    ["system_design"],
    ["course", "speed"],
    ["study.bank"],
    ["study.practice", "study.exercises"],
    ["study.faces"],
    ["cli"],
]


def files_of(room: str) -> list[Path]:
    """Return the files of a room, its door first: a package's, or the one file that it is."""
    folder = PACKAGE / room.replace(".", "/")
    return sorted(folder.glob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


def picture() -> str:
    """Draw the house, the roof first: a line for each room, and below it the names of its files."""
    lines = []
    for floor in reversed(FLOORS):
        for room in floor:
            door, *files = files_of(room)
            docstring = ast.get_docstring(ast.parse(door.read_text(encoding="utf-8"))) or ""
            lines.append(f"{room:<16} {docstring.splitlines()[0]}")
            if files:
                lines += textwrap.wrap(
                    " ".join(file.stem for file in files),
                    92,
                    initial_indent=" " * 17,
                    subsequent_indent=" " * 17,
                )
        lines.append("")
    return "\n".join(lines).strip()


def between(readme: str, marker: str, block: str) -> str:
    """Put a block between its markers in the text of README.md."""
    whole = f"<!-- {marker} -->\n{block}\n<!-- /{marker} -->"
    pattern = rf"<!-- {marker} -->\n.*?\n<!-- /{marker} -->"
    text, found = re.subn(pattern, lambda _: whole, readme, flags=re.DOTALL)
    if not found:
        raise SystemExit(f"README.md lacks the markers of {marker}")
    return text


def draw(readme: str) -> str:
    """Put the picture between its markers in the text of README.md."""
    return between(readme, "house", f"```text\n{picture()}\n```")


if __name__ == "__main__":
    readme = ROOT / "README.md"
    readme.write_text(draw(readme.read_text(encoding="utf-8")), encoding="utf-8")
