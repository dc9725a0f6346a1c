"""What every notebook uses: the source of the package shown in place, and one style for all figures."""

import ast
import html
import inspect
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer


class Source:
    """The source of functions, classes or methods: highlighted in a notebook, plain text elsewhere."""

    def __init__(self, *things: Any, docstring: bool = False, folded: bool = False):
        if not things:
            raise TypeError("nothing to show: name one or more functions or classes")
        self.folded = folded
        self.parts = [(_place(thing), source(thing, docstring=docstring)) for thing in things]

    def __repr__(self) -> str:
        return "\n\n".join(f"# {place}\n{text}" for place, text in self.parts)

    def _repr_html_(self) -> str:
        # Styles stand within the tags, and both colours are set: it reads the same on a dark page, and on
        # pages that drop style sheets. Of pygments' light styles, xcode has the strongest contrast (5.7 : 1).
        style = (
            "padding: 0.6em 0.8em; border-radius: 4px; overflow-x: auto; line-height: 1.35; color: #000000"
        )
        # JupyterLab gives bare <pre> a background of its own, and the font of the text.
        inner = "font-family: var(--jp-code-font-family, monospace); background: transparent; margin: 0"
        formatter = HtmlFormatter(
            noclasses=True, style="xcode", cssstyles=style + "; background: #F7F7F7", prestyles=inner
        )
        head = "<div style='margin: 0.4em 0 0'><small>{}</small></div>{}"
        if self.folded:
            head = "<details><summary><small>Show {}</small></summary>{}</details>"
        return "".join(
            head.format(html.escape(place), highlight(text, PythonLexer(), formatter))
            for place, text in self.parts
        )


def show(*things: Any, docstring: bool = False, folded: bool = False) -> None:
    """Display the source of functions, classes or methods, as it stands in the package.

    In a notebook it appears highlighted, wherever in the cell the call is; elsewhere it is printed.

    Parameters
    ----------
    *things : functions, classes, methods or properties, written in Python
    docstring : bool
        Whether to show the docstrings, too.
    folded : bool
        Whether only the names show until the reader asks for more, by a click.

    Raises
    ------
    TypeError
        If a thing is none of these, or its source is not available.

    Examples
    --------
    >>> from embedlab.pooling import cosine
    >>> show(cosine)
    # embedlab.pooling: cosine
    def cosine(a: Floats, b: Floats) -> Floats:
        return dot(l2_normalize(a), l2_normalize(b))
    """
    shown = Source(*things, docstring=docstring, folded=folded)
    ipython = sys.modules.get("IPython")  # a notebook has loaded it already; elsewhere print will do
    if ipython is not None and ipython.get_ipython() is not None:
        from IPython.display import display

        display(shown)
    else:
        print(shown)


def source(thing: Callable | type, *, docstring: bool = False) -> str:
    """Return the source text of a function, class, method or property.

    Examples
    --------
    >>> from embedlab.pooling import cosine
    >>> len(source(cosine).splitlines()) < len(source(cosine, docstring=True).splitlines())
    True
    """
    try:
        text = textwrap.dedent(inspect.getsource(_plain(thing))).rstrip()
    except OSError as error:
        raise TypeError(f"the source of {thing!r} is not available: {error}") from None
    return text if docstring else _without_docstrings(text)


def use_style() -> None:
    """Draw all figures from here on in the style of the course (`course.mplstyle`).

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> with plt.rc_context():
    ...     use_style()
    ...     plt.rcParams["axes.titlelocation"]
    'left'
    """
    import matplotlib.pyplot as plt

    plt.style.use(Path(__file__).with_name("course.mplstyle"))


def _plain(thing: Any) -> Any:
    """Return the function or class itself, without decorators."""
    if isinstance(thing, property):
        thing = thing.fget
    if callable(thing):
        thing = inspect.unwrap(thing)
    if not (inspect.isfunction(thing) or inspect.ismethod(thing) or inspect.isclass(thing)):
        raise TypeError(f"a function, class or method written in Python is wanted, but got {thing!r}")
    return thing


def _place(thing: Any) -> str:
    plain = _plain(thing)
    return f"{plain.__module__}: {plain.__qualname__}"


def _without_docstrings(text: str) -> str:
    """Cut the docstrings out of a definition; one that is the whole body stays, as no code would be left."""
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if ast.get_docstring(node) is None or len(node.body) == 1:
            continue
        first, following = node.body[:2]
        start = min([following.lineno, *(d.lineno for d in getattr(following, "decorator_list", []))])
        # A comment between the docstring and the code belongs to the code: only blank lines go as well.
        end = first.end_lineno
        while end < start - 1 and not lines[end].strip():
            end += 1
        if start > first.end_lineno:  # else they share a line
            lines[first.lineno - 1 : end] = [None] * (end - first.lineno + 1)
    return "\n".join(line for line in lines if line is not None)
