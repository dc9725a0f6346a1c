"""Where the data that comes with the course lies: questions, trained weights, vectors."""

from pathlib import Path

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
