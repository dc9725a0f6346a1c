"""DocSearch: a labelled search benchmark that every Python installation carries in its docstrings.

numpy, scipy, scikit-learn and pandas document their functions in the numpydoc form, in which a section "See
Also" names related functions, each with a short description that a person wrote:

See Also
--------
    DataFrame.interpolate : Fill missing values using interpolation.

That description is a query, and the docstring that it points to is the relevant document. The sections are
cut out of the documents, so that the answer cannot be read off.
"""

import inspect
import re
import warnings
from collections import defaultdict
from collections.abc import Iterator
from functools import cache, partial
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from tqdm import tqdm

PACKAGES = ("numpy", "scipy", "sklearn", "pandas")
# Modules that are not for users, or that do things when they are imported.
SKIPPED = {"core", "tests", "testing", "testutils", "conftest", "externals", "f2py", "distutils", "__main__"}
SECTION = re.compile(r"^(?P<title>\S[^\n]*)\n-{3,}[ \t]*$", re.MULTILINE)
PRINTED_SET = re.compile(r"\{('\w+'(?:, '\w+')*)\}")
LINK = re.compile(r"`([^`<]+?)\s*<[^`>]*>`_{0,2}")
ROLE = re.compile(r":(?:\w+:)?\w+:`~?([^`<]+?)(?:\s*<[^`]*>)?`")


def collect() -> dict[str, list[str]]:
    """Gather the docstrings of all public functions, classes and methods.

    Returns
    -------
    dict
        Docstring to the dotted names under which it can be reached, the shortest first.

    Raises
    ------
    ImportError
        If one of the four packages is not installed.
    """
    names = defaultdict(set)
    tidy = cache(lambda text: stable(inspect.cleandoc(text)))  # a thing has five names on average
    bar = partial(tqdm, leave=False, mininterval=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated modules say so when they are imported
        # All are imported before the first text is read: scipy adds notes to docstrings of numpy's.
        packages = bar(PACKAGES, "building DocSearch, once: importing", unit="package")
        found = [(module, package) for package in packages for module in modules(import_module(package))]
        for module, package in bar(found, "building DocSearch, once: reading", unit="module"):
            for name, thing in members(module, package):
                raw = thing.__doc__
                text = tidy(raw if isinstance(raw, str) else inspect.getdoc(thing) or "")
                if len(text.split()) >= 5:
                    names[text].add(name)
    return {text: sorted(known, key=_length) for text, known in names.items()}


def stable(text: str) -> str:
    """Take out of a docstring what differs from one process to the next.

    Examples
    --------
    >>> stable("one of {'b', 'a'}, <f at 0x7f3a>\\narray([0.3])  # may vary")
    "one of {'a', 'b'}, <f>\\n"
    """
    text = re.sub(r"^.*# may vary$", "", text, flags=re.MULTILINE)  # drawn at random at import
    text = re.sub(r" at 0x[0-9a-f]+", "", text)
    return PRINTED_SET.sub(lambda found: "{" + ", ".join(sorted(found[1].split(", "))) + "}", text)


def modules(module: ModuleType) -> Iterator[ModuleType]:
    """Yield a module and the public ones below it, in the order of their names."""
    yield module
    for found in iter_modules(getattr(module, "__path__", ()), module.__name__ + "."):
        last = found.name.rpartition(".")[2]
        if last.startswith("_") or last in SKIPPED:
            continue
        try:
            below = import_module(found.name)
        except ImportError:  # needs something that is optional
            continue
        yield from modules(below)


def members(module: ModuleType, package: str) -> Iterator[tuple[str, object]]:
    """Yield the public functions and classes of a module, and the methods of those classes."""
    for name in sorted(getattr(module, "__all__", None) or vars(module)):
        thing = getattr(module, name, None)
        if name.startswith("_") or not _is_of(thing, package):
            continue
        yield f"{module.__name__}.{name}", thing
        if inspect.isclass(thing):
            for attribute, method in _methods(thing, package):
                yield f"{module.__name__}.{name}.{attribute}", method


@cache
def _methods(thing: type, package: str) -> list[tuple[str, object]]:
    public = [attribute for attribute in sorted(dir(thing)) if not attribute.startswith("_")]
    found = [(attribute, inspect.getattr_static(thing, attribute)) for attribute in public]
    found = [(attribute, getattr(method, "__func__", method)) for attribute, method in found]  # class methods
    return [(attribute, method) for attribute, method in found if _is_of(method, package)]


def _is_of(thing: object, package: str) -> bool:
    """Tell whether a thing can be called and was written in the package (str's methods are Python's)."""
    if not callable(thing) or inspect.ismodule(thing):
        return False
    home = getattr(thing, "__objclass__", thing)  # methods written in C know only their class
    place = getattr(home, "__module__", None) or type(thing).__module__
    return isinstance(place, str) and place.split(".")[0] == package


def sections(text: str) -> tuple[str, str]:
    """Split a docstring into (all but "See Also", the body of "See Also").

    Examples
    --------
    >>> sections("Add.\\n\\nSee Also\\n--------\\nsub : Subtract.\\n\\nNotes\\n-----\\nFast.")
    ('Add.\\n\\nNotes\\n-----\\nFast.', 'sub : Subtract.')
    """
    headings = list(SECTION.finditer(text))
    for heading, following in zip(headings, [*headings, None][1:], strict=True):
        if heading["title"].strip().lower() == "see also":
            end = following.start() if following else len(text)
            rest = f"{text[: heading.start()].rstrip()}\n\n{text[end:].lstrip()}"
            return rest.strip(), text[heading.end() : end].strip()
    return text.strip(), ""


def entries(see_also: str) -> Iterator[tuple[str, str]]:
    """Yield (name, description) for each name in the body of a "See Also" section.

    Examples
    --------
    >>> list(entries("sum, :func:`~numpy.prod` : Add up,\\n    or multiply.\\nmean\\ncumsum : Running sums."))
    [('sum', 'Add up, or multiply.'), ('numpy.prod', 'Add up, or multiply.'), ('cumsum', 'Running sums.')]
    """
    # A line that is indented goes on with the one above; a name may stand alone, its description below.
    lines: list[str] = []
    for line in see_also.splitlines():
        if line.strip() and line[0].isspace() and lines:
            joint = " " if ": " in lines[-1] or lines[-1].endswith(":") else " : "
            lines[-1] += joint + line.strip()
        elif line.strip():
            lines.append(line.strip())
    for line in lines:
        # numpydoc wants "name : text", but "name: text" is common.
        head, *description = re.split(r"\s*:\s+", ROLE.sub(r"\1", line), maxsplit=1)
        names = [name.strip().rstrip("()") for name in head.split(",")]
        if description and all(re.fullmatch(r"[\w.]+", name) for name in names):
            for name in names:
                yield name, clean(description[0])


def clean(description: str) -> str:
    """Drop markup from a description: roles, backquotes, runs of white space."""
    return " ".join(LINK.sub(r"\1", ROLE.sub(r"\1", description)).replace("`", "").split())


def summary(text: str) -> str:
    """Return a docstring's summary: its first paragraph, on one line; a signature above it is skipped.

    Examples
    --------
    >>> summary("add(x, y)\\n\\nAdd two\\nnumbers.\\n\\nMore.")
    'Add two numbers.'
    """
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip())]
    first = paragraphs[0]
    is_signature = re.match(r"^[\w.]+\([^)]*\)?", first) and not first.endswith(".")
    return paragraphs[1] if is_signature and len(paragraphs) > 1 else first


def build() -> tuple[list[str], list[str], list[tuple[str, list[int]]]]:
    """Build the benchmark: (document ids, documents, [(query, positions of its documents), ...]).

    A document is the shortest name of the thing and, from the next line on, its docstring. A name in a "See
    Also" section stands for all documents whose last part is that name, ``rfft`` for numpy's and scipy's; one
    that fits more than three (``fit``, ``sum``) says too little and is left out. A name with dots must fit
    with all its parts: ``DataFrame.index`` is not ``numpy.char.index``. A description that stands for more
    than three documents ("which should be used for new code.") is no question, and is left out as well.
    """
    names: dict[str, list[str]] = defaultdict(list)  # without See Also, more texts turn out the same
    asked = []
    for text, known in collect().items():
        rest, see_also = sections(text)
        names[rest] += known
        asked += entries(see_also)
    texts = sorted(names, key=lambda text: _shortest(names[text]))
    called = defaultdict(set)
    for i, text in enumerate(texts):
        for name in names[text]:
            called[name.rpartition(".")[2]].add(i)
    relevant = defaultdict(set)
    for name, query in asked:
        targets = called[name.rpartition(".")[2]]
        if len(targets) <= 3:
            full = "." + re.sub(r"^pd\.", "pandas.", re.sub(r"^np\.", "numpy.", name))
            targets = {i for i in targets if any(f".{known}".endswith(full) for known in names[texts[i]])}
        if len(query.split()) >= 4 and 1 <= len(targets) <= 3:
            relevant[query] |= targets
    queries = [
        (query, sorted(targets))
        for query, targets in sorted(relevant.items())
        if len(targets) <= 3
        and not any(_same(query, summary(texts[i])) for i in targets)  # too easy: the words stand there
    ]
    ids = [_shortest(names[text]) for text in texts]
    return ids, [f"{i}\n{text}" for i, text in zip(ids, texts, strict=True)], queries


def _shortest(names: list[str]) -> str:
    return min(names, key=_length)


def _length(name: str) -> tuple[int, int, str]:
    return name.count("."), len(name), name


def _same(a: str, b: str) -> bool:
    return a.lower().rstrip(". ") == b.lower().rstrip(". ")
