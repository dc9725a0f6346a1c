"""Execute the notebooks from fresh kernels, save their outputs, and bring README's tables up to date.

    python tools/run_notebooks.py [--busy] notebooks/*.ipynb

A notebook that fails, writes to stderr or needs more time or memory than its header promises is not saved.
With --busy, for a machine that does other work as well, the time is neither judged nor written down.
"""

import base64
import io
import json
import re
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image
from tqdm import tqdm

ROOT = Path(__file__).parents[1]
MEASURED = ROOT / "data" / "chapters.json"
README = ROOT / "README.md"
HEADER = re.compile(r"Reading (\d+) minutes · running under (\d+) s · memory under ([\d.]+) GB")
LARGE = 900_000  # bytes; tests/course/test_chapters.py allows a million
WIDGET = "application/vnd.jupyter.widget-view+json"
PEAK = "import resource, sys; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, sys.platform)"


class ChapterError(Exception):
    """A notebook is not fit to be saved; the message says why."""


def execute(path: Path, *, busy: bool = False) -> dict:
    """Run one notebook and save it; return what was measured."""
    notebook = nbformat.read(path, as_version=4)
    header = HEADER.search(notebook.cells[0].source)
    if not header:
        raise ChapterError("its first cell lacks the line 'Reading ... minutes · running under ...'")
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
    }
    # Only the kernel itself knows its peak: a last cell asks it, and is taken out again.
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK))
    start = time.perf_counter()
    try:
        NotebookClient(
            notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}, record_timing=False
        ).execute()
    except CellExecutionError as error:
        raise ChapterError(str(error)) from error
    seconds = time.perf_counter() - start
    peak, platform = notebook.cells.pop().outputs[0].text.split()
    gigabytes = int(peak) / (1e9 if platform == "darwin" else 1e6)  # macOS counts bytes, Linux KiB
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if without_widget(output)]
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                raise ChapterError(f"a cell writes to stderr:\n{cell.source}\n\n{output.text}")
    if (seconds > float(header[2]) and not busy) or gigabytes > float(header[3]):
        raise ChapterError(
            f"{seconds:.0f} s and {gigabytes:.1f} GB: more than the header promises. That is for a warm "
            "cache: if this was the first run, run it again."
        )
    if len(nbformat.writes(notebook)) > LARGE:
        lighten(notebook)
    nbformat.write(notebook, path)
    title = notebook.cells[0].source.splitlines()[0].lstrip("# ")
    return {
        "title": title,
        "questions": questions(notebook),
        "minutes": int(header[1]),
        "seconds": round(seconds),
        "gigabytes": round(gigabytes, 1),
    }


def lighten(notebook: nbformat.NotebookNode) -> None:
    """Give the figures of a large notebook a palette, which halves them; 192 colours do for drawings."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                image = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))).convert("RGB")
                stored = io.BytesIO()
                image.quantize(192, dither=Image.Dither.NONE).save(stored, "PNG", optimize=True)
                output.data["image/png"] = base64.b64encode(stored.getvalue()).decode() + "\n"


def without_widget(output: nbformat.NotebookNode) -> bool:
    """Take the widget out of an output, since it lived in the kernel; return whether a page of HTML is left.

    The quiz has one. Progress bars of other libraries have none: nothing of them is to stay.
    """
    data = output.get("data", {})
    return data.pop(WIDGET, None) is None or "text/html" in data


def questions(notebook: nbformat.NotebookNode) -> list[str]:
    """Return the questions listed under 'The interviewer asks'."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## The interviewer asks"):
            return re.findall(r"^(?:\d+\.|-) (.+)$", cell.source, flags=re.MULTILINE)
    raise ChapterError("it has no section '## The interviewer asks'")


def engines_of(text: str) -> set[str]:
    """Return the engines that stand on the scoreboard of README's text."""
    board = text.partition("<!-- scoreboard -->")[2].partition("<!-- /scoreboard -->")[0]
    return set(re.findall(r"^\| ([^|]+) \|", board, flags=re.MULTILINE)) - {"engine", "---"}


def write_readme(chapters: dict[str, dict]) -> None:
    """Put the chapter table and the scoreboard between their markers in README.md."""
    from embedlab.benchmark import HEADINGS, Scoreboard, docsearch

    table = ["| chapter | questions it answers | read | run | memory |", "| --- | --- | --- | --- | --- |"]
    for name, chapter in sorted(chapters.items()):
        asked = "<br>".join(chapter["questions"])
        cost = f"{chapter['minutes']} min | {chapter['seconds']} s | {chapter['gigabytes']} GB"
        table.append(f"| [{chapter['title']}](notebooks/{name}) | {asked} | {cost} |")
    board = [f"| {' | '.join(HEADINGS)} |", "| --- " * len(HEADINGS) + "|"]
    measured = Scoreboard(docsearch())
    board += [f"| {' | '.join(measured.cells(row))} |" for row in measured.rows]
    board += ["", measured.note.replace("*", r"\*")]
    text = README.read_text(encoding="utf-8")
    blocks = {"chapters": table, "scoreboard": board}
    # A new machine's cache knows few engines; what all notebooks measured is not thrown away for that.
    if lost := engines_of(text) - {row.engine for row in measured.rows}:
        del blocks["scoreboard"]
        print(f"README keeps its scoreboard: run all notebooks to measure {', '.join(sorted(lost))}")
    for marker, lines in blocks.items():
        pattern = rf"(<!-- {marker} -->\n).*?(\n<!-- /{marker} -->)"
        block = "\n".join(lines).replace("\\", r"\\")
        text, found = re.subn(pattern, rf"\g<1>{block}\g<2>", text, flags=re.DOTALL)
        if not found:
            raise SystemExit(f"README.md lacks the markers of {marker}")
    README.write_text(text, encoding="utf-8")


def main(paths: list[str]) -> int:
    """Execute the notebooks given, all of them even where one fails; return the number of failures."""
    chapters = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    failures, busy = 0, "--busy" in paths
    for path in tqdm([Path(path) for path in paths if path != "--busy"], unit="notebook"):
        try:
            found = execute(path, busy=busy)
            if busy and path.name in chapters:
                found["seconds"] = chapters[path.name]["seconds"]
            chapters[path.name] = found
            tqdm.write("{}: {seconds} s, {gigabytes} GB".format(path.name, **chapters[path.name]))
        except ChapterError as error:
            failures += 1
            tqdm.write(f"{path.name}: {error}", file=sys.stderr)
    MEASURED.write_text(json.dumps(chapters, indent=1, sort_keys=True) + "\n")
    write_readme(chapters)
    return failures


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
