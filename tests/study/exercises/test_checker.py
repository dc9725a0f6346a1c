"""Which exercise is meant, hints and solutions, and how it all looks."""

import functools
import subprocess
import sys

import numpy as np
import pytest
from study.exercises.alternatives import pooling
from study.exercises.attempts import named, stub

from embedlab.course import source
from embedlab.study.exercises import check, checker, exercises, hint, mine, solution


def test_names_of_lambdas_partials_and_decorated_functions():
    mean_pool = lambda hidden, mask: hidden.mean(axis=1)  # noqa: E731
    assert check(mean_pool).mistake == "padding counted: hidden.mean(axis=1)"

    last_token_pool = functools.partial(
        lambda how, hidden, mask: pooling.last_token_pool(hidden, mask), "loop"
    )
    assert check(last_token_pool).state == "right"

    def logged(function):
        return lambda *arguments: function(*arguments)

    @logged
    def l2_normalize(vectors):
        return pooling.l2_normalize(vectors)

    assert check(l2_normalize).state == "right"

    class Pool:
        def __call__(self, hidden, mask):
            return pooling.mean_pool(hidden, mask)

    mean_pool = Pool()
    assert check(mean_pool).state == "right"

    mean_pool = lambda hidden, mask: ...  # noqa: E731
    assert check(mean_pool).state == "not attempted"
    assert hint(mean_pool).state == "hint"


def test_an_unknown_name_lists_close_ones():
    def mean_pol(hidden, mask):
        return hidden

    for answer in (check(mean_pol), hint(mean_pol), solution("mean_pol")):
        assert answer.state == "unknown"
        assert "Do you mean mean_pool" in answer.message
    assert all(name in check(print).message for name in exercises())


def test_what_is_not_a_function():
    class mean_pool:  # noqa: N801
        pass

    assert check(mean_pool).message == "Pass the function itself: check(mean_pool), not a class."
    assert check("mean_pool").message == "Pass the function itself: check(mean_pool), not 'mean_pool'."
    assert check().message.endswith("not None.")
    assert check(np.ones(2)).state == "unknown"


def test_hints_go_on_step_by_step():
    checker._hints_given.clear()
    total = len(exercises()["mean_pool"].hints)
    given_hints = [hint("mean_pool").message for _ in range(total + 1)]
    for i, text in enumerate(exercises()["mean_pool"].hints):
        assert given_hints[i].startswith(f"{i + 1} of {total}: {text}")
    assert 'solution("mean_pool") shows the answer' in given_hints[-1] == given_hints[-2]
    assert hint(stub("last_by_loop")).state == "unknown"


def test_mine_is_the_learners_function_only_where_it_is_right():
    right = named("l2_normalize", pooling.l2_normalize)
    assert mine(right) is right
    for other in (stub("l2_normalize"), named("l2_normalize", abs)):
        assert mine(other) is exercises()["l2_normalize"].load()
    with pytest.raises(ValueError, match="No exercise is called so"):
        mine(stub("l2_normalise_it"))


def test_solution_shows_the_source_of_the_package(capsys):
    for thing in ("l2_normalize", exercises()["l2_normalize"].load()):
        assert solution(thing) is None
        assert source(exercises()["l2_normalize"].load()) in capsys.readouterr().out


def test_words_carry_what_the_colours_say():
    texts = {"right": pooling.l2_normalize, "wrong": abs, "not attempted": stub("l2_normalize")}
    for state, function in texts.items():
        result = check(function if state == "not attempted" else named("l2_normalize", function))
        assert result.state == state
        assert f"l2_normalize: {state}." in result._repr_html_()
        assert repr(result).startswith(("✓", "✗", "○"))
        assert 'role="status"' in result._repr_html_()


def test_it_loads_neither_torch_nor_the_engine():
    code = (
        "import sys, embedlab.study.exercises as e; e.exercises(); "
        "print(sorted(m for m in sys.modules if m in ('torch', 'transformers', 'IPython') or "
        "m.startswith('embedlab.') and not m.startswith('embedlab.study')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_in_a_real_notebook():
    import nbclient
    import nbformat

    cells = [
        "from embedlab.study.exercises import check\ndef mean_pool(hidden, mask):\n    ...\ncheck(mean_pool)",
        "def mean_pool(hidden, mask):\n    print('x')\n    return hidden.missing\ncheck(mean_pool)",
        "def mean_pool(hidden, mask):\n    while True:\n        print('x')\ncheck(mean_pool, seconds=0.3)",
        "print('still here')",
    ]
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    nbclient.NotebookClient(page, kernel_name="python3", timeout=60).execute()
    todo, wrong, endless, after = (cell.outputs for cell in page.cells)
    assert [len(outputs) for outputs in (todo, wrong, endless, after)] == [1, 1, 1, 1]
    assert todo[0].data["text/plain"] == repr(check(stub("mean_pool")))
    assert "not attempted" in todo[0].data["text/html"]
    assert "line 3: return hidden.missing" in wrong[0].data["text/plain"]
    assert "longer than 0.3 s." in endless[0].data["text/plain"]
    assert after[0].text == "still here\n"
