"""What all commands have in common: how they print."""

import re
import sys
import warnings
from typing import Annotated

import typer
from typer.core import TyperGroup

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but tab and line feed


def without_control(text: str) -> str:
    r"""Take out what a terminal obeys: a model's answer may not move the cursor, nor set the clipboard.

    Examples
    --------
    >>> without_control("Snow\x1b[2J is\nwhite.")
    'Snow[2J is\nwhite.'
    """
    return CONTROL.sub("", text)


class Commands(TyperGroup):
    """Commands that print on any terminal.

    Texts and file names hold characters that the encoding of the terminal lacks (on Windows, cp1252 where the
    output goes to a file), and halves of surrogate pairs, which no encoding has. They come out as "?".
    """

    def main(self, *args, **kwargs):
        """Run the command that the arguments name."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):  # a notebook's cannot be, and needs not
                stream.reconfigure(errors="replace")
        with warnings.catch_warnings():
            warnings.showwarning = _note
            return super().main(*args, **kwargs)


def _note(message: Warning | str, *_: object, **__: object) -> None:
    typer.echo(f"note: {message}", err=True)


def flattened(nested: dict, above: str = "") -> dict:
    """Turn ``{"a": {"b": 1}}`` into ``{"a b": 1}``."""
    flat = {}
    for name, value in nested.items():
        flat |= flattened(value, f"{above}{name} ") if isinstance(value, dict) else {f"{above}{name}": value}
    return flat
