import ast
import functools
import html
import inspect
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import ClassVar

import matplotlib as mpl
import pytest

from embedlab import pooling
from embedlab.course import Source, show, source, use_style

mpl.use("Agg")


class Sample:
    """A class."""

    sizes: ClassVar = [1]

    def method(self):
        """Say one thing.

        In two paragraphs.
        """

        # WHY this is so
        return "a string that stays"

    def only_docstring(self):
        """Nothing else."""

    @property
    def length(self):
        """Read a number."""

        @functools.cache
        def inner():
            """Inner."""
            return 1

        return inner()


@functools.cache
def decorated(x):
    """Cached."""
    return x


@dataclass
class Point:
    """A point."""

    x: int


def test_source_is_the_real_one():
    assert source(pooling.mean_pool, docstring=True) == inspect.getsource(pooling.mean_pool).rstrip()


@pytest.mark.parametrize("thing", [v for v in vars(pooling).values() if inspect.isfunction(v)])
def test_only_the_docstring_goes(thing):
    def body(text):
        function = ast.parse(text).body[0]
        rest = function.body[1:] if ast.get_docstring(function) else function.body
        return [ast.dump(node) for node in rest]

    assert body(source(thing)) == body(source(thing, docstring=True))
    assert '"""' not in source(thing)


def test_classes_and_methods():
    text = source(Sample)
    assert text == (
        "class Sample:\n"
        "    sizes: ClassVar = [1]\n\n"
        "    def method(self):\n"
        "        # WHY this is so\n"
        '        return "a string that stays"\n\n'
        "    def only_docstring(self):\n"
        '        """Nothing else."""\n\n'
        "    @property\n"
        "    def length(self):\n"
        "        @functools.cache\n"
        "        def inner():\n"
        "            return 1\n\n"
        "        return inner()"
    )
    assert source(Sample.method) == source(Sample().method)
    assert source(Sample.method).startswith("def method(self):\n    # WHY")
    assert source(Sample.length).startswith("@property\ndef length(self):\n    @functools.cache")
    assert source(decorated) == "@functools.cache\ndef decorated(x):\n    return x"
    assert source(Point) == "@dataclass\nclass Point:\n    x: int"


def test_show_prints_outside_a_notebook(capsys):
    show(pooling.cosine, Sample.method)
    out = capsys.readouterr().out
    assert out.startswith("# embedlab.pooling: cosine\ndef cosine(")
    assert f"# {__name__}: Sample.method\ndef method(self):" in out


def test_folded_source_shows_its_name_only_until_it_is_opened():
    page = Source(pooling.cosine, pooling.dot, folded=True)._repr_html_()
    assert page.count("<details><summary>") == page.count("</details>") == 2
    assert "Show embedlab.pooling: cosine" in page
    assert repr(Source(pooling.cosine, folded=True)) == repr(Source(pooling.cosine))


def test_html_is_highlighted_escaped_and_names_the_module():
    def less(a, b):
        return a < b

    page = Source(less, pooling.cosine)._repr_html_()
    text = html.unescape(re.sub(r"<[^>]*>", "", page))
    assert source(less) in text
    assert source(pooling.cosine) in text
    assert "embedlab.pooling: cosine" in text
    assert f"{__name__}: test_html_is_highlighted_escaped_and_names_the_module.<locals>.less" in text
    assert page.count("color: #A90D91") >= 4  # def and return in the colour that the style has for keywords


@pytest.mark.parametrize("thing", [3, "mean_pool", len, None, functools.partial(len)])
def test_what_has_no_source_is_named(thing):
    with pytest.raises(TypeError, match="function, class or method.*" + re.escape(repr(thing))):
        show(thing)


def test_nothing_to_show():
    with pytest.raises(TypeError, match="nothing to show"):
        show()


def test_source_that_is_gone():
    space = {"__name__": "gone"}
    exec("def f(): return 1", space)
    with pytest.raises(TypeError, match=r"source of <function f.* is not available"):
        show(space["f"])


def test_style():
    with mpl.rc_context():
        use_style()
        colours = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
        assert [mpl.colors.to_hex(c) for c in colours[:2]] == ["#0072b2", "#e69f00"]
        assert len(set(colours)) == 8
        assert not mpl.rcParams["axes.spines.top"]
        assert not mpl.rcParams["axes.spines.right"]
        assert mpl.rcParams["axes.grid"]
        assert mpl.rcParams["figure.constrained_layout.use"]
        assert mpl.rcParams["font.size"] >= 11

        import matplotlib.pyplot as plt

        figure, axes = plt.subplots()
        assert figure.get_dpi() == 110
        (line,) = axes.plot([1, 2])
        assert mpl.colors.to_hex(line.get_color()) == "#0072b2"
        plt.close(figure)


def test_a_script_needs_neither_ipython_nor_matplotlib():
    code = (
        "import sys, embedlab.course.notebook; print({'IPython', 'matplotlib', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.slow
def test_in_a_real_notebook():
    import nbclient
    import nbformat

    cell = (
        "from embedlab import pooling\nfrom embedlab.course import notebook\n"
        "notebook.use_style()\nnotebook.show(pooling.cosine)\n1 + 1"
    )
    figure = "import matplotlib.pyplot as plt\nplt.subplots()[0].get_dpi()"
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in (cell, figure)])
    nbclient.NotebookClient(page, kernel_name="python3", timeout=60).execute()
    shown, two = page.cells[0].outputs
    assert "embedlab.pooling: cosine" in shown.data["text/html"]
    assert shown.data["text/plain"] == str(Source(pooling.cosine))
    assert two.data["text/plain"] == "2"
    assert page.cells[1].outputs[0].data["text/plain"] == "110.0"
