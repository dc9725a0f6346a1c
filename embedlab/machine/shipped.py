"""Where the data that comes with the course lies: questions, trained weights, vectors."""

import json
from pathlib import Path

from embedlab.machine.cache import write_atomically

PACKAGE = Path(__file__).parents[1]


def data_path(name: str) -> Path:
    """Return a file or folder of ``data``: within an installed package, or beside it in a checkout.

    Examples
    --------
    >>> data_path("questions").is_dir()
    True
    """
    inside = PACKAGE / "data"
    return (inside if inside.exists() else PACKAGE.parent / "data") / name


def shipped_figures(room: str, name: str) -> dict:
    """Read the figures of a run that is too long for a notebook; they come with the course.

    Raises
    ------
    ValueError
        If there are none of that name.

    Examples
    --------
    >>> shipped_figures("serving", "luck")
    Traceback (most recent call last):
    ValueError: no figures 'luck' come with the course, but ...
    """
    path = data_path(room) / f"{name}.json"
    if not path.exists():
        there = ", ".join(sorted(file.stem for file in path.parent.glob("*.json")))
        raise ValueError(f"no figures {name!r} come with the course, but {there}")
    return json.loads(path.read_text(encoding="utf-8"))


def write_figures(file: Path, figures: dict) -> None:
    """Write figures as JSON, all or nothing, readable for all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(figures, indent=1) + "\n"
    write_atomically(file, lambda path: path.write_text(text, encoding="utf-8"))
    file.chmod(0o644)
