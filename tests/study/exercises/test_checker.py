"""Every exercise that the registry finds is tested; a new one needs an entry in ALTERNATIVES, and no test."""

import functools
import inspect
import itertools
import re
import subprocess
import sys

import nbclient
import nbformat
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from embedlab.colbert import ResidualCodec
from embedlab.course import source
from embedlab.hybrid import reciprocal_rank
from embedlab.study.exercises import check, exercises, hint, solution
from embedlab.study.exercises import checker as registry


def mean_by_loop(hidden, mask):
    pooled = np.zeros((hidden.shape[0], hidden.shape[2]), dtype=np.float32)
    for i, row in enumerate(mask):
        if row.any():
            pooled[i] = np.mean(hidden[i, row == 1], axis=0)
    return pooled


def last_by_loop(hidden, mask):
    pooled = np.zeros_like(hidden[:, 0])
    for i, row in enumerate(mask):
        for position, is_token in enumerate(row):
            if is_token:
                pooled[i] = hidden[i, position]
    return pooled


def normalize_by_einsum(vectors):
    squares = np.einsum("nd,nd->n", vectors, vectors)
    return (vectors.T / np.sqrt(np.where(squares == 0, 1, squares))).T


def wordpiece_by_recursion(word, vocabulary, mark=""):
    if len(word) > 100:
        return ["[UNK]"]
    if not word:
        return []
    sizes = [size for size in range(len(word), 0, -1) if mark + word[:size] in vocabulary]
    rest = wordpiece_by_recursion(word[sizes[0] :], vocabulary, "##") if sizes else ["[UNK]"]
    return ["[UNK]"] if rest == ["[UNK]"] else [mark + word[: sizes[0]], *rest]


def merge_by_stack(ids, pair, new):
    merged, fresh = [], False  # fresh: the last id of merged may begin a pair
    for i in ids:
        if fresh and (merged[-1], i) == tuple(pair):
            merged[-1], fresh = new, False
        else:
            merged.append(i)
            fresh = True
    return merged


def pad_by_zip(sequences):
    columns = list(itertools.zip_longest(*sequences))  # None where a list has ended
    table = np.array(columns, dtype=object).reshape(len(columns), len(sequences)).T
    mask = np.array([[value is not None for value in row] for row in table])
    mask = mask.reshape(table.shape).astype(np.int64)
    return np.where(mask == 1, table, 0).astype(np.int64), mask


def cosine_pair_by_pair(a, b):
    cosines = np.zeros((len(a), len(b)), dtype=np.float32)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            if x.any() and y.any():
                cosines[i, j] = np.sum(x * y) / np.sqrt(np.sum(x * x) * np.sum(y * y))
    return cosines


def split_by_stack(x, heads):
    return torch.stack(x.chunk(heads, dim=-1), dim=1)


def attention_by_einsum(q, k, v, mask):
    powers = torch.exp(torch.einsum("nhqs,nhks->nhqk", q, k) * q.shape[-1] ** -0.5)
    powers = torch.einsum("nhqk,nk->nhqk", powers, mask.to(q.dtype))
    weights = powers / powers.sum(dim=-1, keepdim=True)
    return torch.einsum("nhqk,nhks->nhqs", weights, v), weights


def norm_by_moments(x, weight, bias, eps=1e-12):
    mean = x.mean(dim=-1, keepdim=True)
    variance = (x * x).mean(dim=-1, keepdim=True) - mean * mean
    return torch.addcmul(bias, weight, (x - mean) * torch.rsqrt(variance.clamp(min=0) + eps))


def int8_number_by_number(vectors, lo, step):
    codes = np.empty(vectors.shape, dtype=np.int8)
    for (i, j), x in np.ndenumerate(vectors):
        codes[i, j] = min(max(round(float((x - lo[j]) / step[j])), 0), 255) - 128
    return codes


def decode_from_the_middle(codes, lo, step):
    return (lo + 128 * step) + step * codes


def hamming_by_unpacking(a, b):
    signs = [np.unpackbits(x, axis=1).astype(np.int64) * 2 - 1 for x in (a, b)]
    return (8 * a.shape[1] - signs[0] @ signs[1].T) // 2


def look_up_at_once(tables, codes):
    return tables[:, np.arange(codes.shape[1]), codes].sum(axis=2)


# Another correct way of writing each exercise: the checker must not ask for the package's own words.
def truncate_by_loop(vectors, dims):
    rows = []
    for vector in vectors:
        short = vector[:dims].astype(np.float64)
        rows.append(short / (np.sqrt((short**2).sum()) or 1))
    return np.array(rows, np.float32)


def softmax_by_logsumexp(queries, documents, temperature=0.05):
    lengths = queries.norm(dim=1)[:, None] * documents.norm(dim=1)[None]
    scores = queries @ documents.T / lengths / temperature
    return (scores.logsumexp(0) + scores.logsumexp(1) - 2 * scores.diagonal()).mean() / 2


def levels_by_powers(chances, m):
    levels = np.zeros(len(chances), np.int32)
    for layer in range(1, 64):
        levels += (1 - chances) <= float(m) ** -layer
    return levels


def recall_by_broadcasting(found, exact):
    return float((found[:, :, None] == exact[:, None, :]).any(axis=1).mean())


def maxsim_token_by_token(query, tokens, offsets):
    scores = []
    for start, end in itertools.pairwise(offsets):
        scores.append(sum(max(float(q @ token) for token in tokens[start:end]) for q in query))
    return np.array(scores, np.float32)


def head_token_by_token(hidden, segments):
    border = list(segments).index(1)
    best = []
    for q in hidden[1 : border - 1]:
        cosines = [float(q @ d) / np.sqrt(float(q @ q) * float(d @ d)) for d in hidden[border:-1]]
        best += [max(cosines)] if cosines else []
    return 20 * sum(best) / len(best) if best else -20.0


def idf_as_one_fraction(documents_with_term, documents):
    return float(np.log((documents + 1) / (documents_with_term + 0.5)))


def words_letter_by_letter(text):
    found = []
    for word in "".join(c if c.isalnum() or c == "_" else " " for c in text).split():
        marked = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", word)
        marked = re.sub(r"(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])", " ", marked)
        parts = marked.replace("_", " ").lower().split()
        found += [word.lower(), *parts] if len(parts) > 1 else [word.lower()]
    return found


def residual_by_codec(vector, centroids):
    codec = ResidualCodec(centroids, np.float32([0]), np.float32([-1, 1]))
    which, packed = codec.encode(vector[None])
    return int(which[0]), np.unpackbits(packed[0], count=len(vector), bitorder="little").astype(bool)


def loss_by_cross_entropy(scores):
    return torch.nn.functional.cross_entropy(torch.tensor(scores)[None], torch.tensor([0])).item()


def rerank_by_insertion(ids, scores, depth):
    top = []
    for i in ids[:depth]:
        top.insert(sum(scores[j] >= scores[i] for j in top), i)
    return [*top, *ids[depth:]]


def weight_of_the_rest(count, length, mean_length, rarity, k1=1.2, b=0.75):
    norm = k1 * ((1 - b) * mean_length + b * length) / mean_length
    return rarity * (1 - norm / (count + norm)) if count else 0.0


def fuse_by_arrays(rankings, constant=60):
    pairs = [(np.zeros((1, len(ids))), np.array([ids], int)) for ids in rankings]
    [scores], [found] = reciprocal_rank(pairs, max(1, sum(map(len, rankings))), constant=constant)
    return {int(i): float(score) for score, i in zip(scores, found, strict=True) if i >= 0}


ALTERNATIVES = {
    "residual_code": residual_by_codec,
    "listwise_loss": loss_by_cross_entropy,
    "rerank_top": rerank_by_insertion,
    "term_weight": weight_of_the_rest,
    "fuse_ranks": fuse_by_arrays,
    "maxsim": maxsim_token_by_token,
    "maxsim_head": head_token_by_token,
    "idf": idf_as_one_fraction,
    "code_words": words_letter_by_letter,
    "draw_levels": levels_by_powers,
    "recall_at_k": recall_by_broadcasting,
    "truncate": truncate_by_loop,
    "in_batch_softmax": softmax_by_logsumexp,
    "wordpiece": wordpiece_by_recursion,
    "merge": merge_by_stack,
    "pad": pad_by_zip,
    "split_heads": split_by_stack,
    "attention": attention_by_einsum,
    "layer_norm": norm_by_moments,
    "mean_pool": mean_by_loop,
    "last_token_pool": last_by_loop,
    "l2_normalize": normalize_by_einsum,
    "cosine": cosine_pair_by_pair,
    "encode_int8": int8_number_by_number,
    "decode_int8": decode_from_the_middle,
    "hamming": hamming_by_unpacking,
    "look_up": look_up_at_once,
}

ALL = list(exercises().values())
each_exercise = pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.name)


def named(name, function):
    """Return the function as a learner would have written it, under the exercise's name."""

    def written(*arguments):
        return function(*arguments)

    written.__name__ = name
    return written


def stub(name, body="..."):
    """Return a function of that name and body, whose source is not to be had."""
    space = {}
    exec(f"def {name}(*arguments):\n    {body}", space)
    return space[name]


# What holds for every exercise.


@each_exercise
@pytest.mark.parametrize(
    "body", ["...", "pass", "return", "return None", "raise NotImplementedError", '"""Doc."""\n    ...']
)
def test_a_stub_is_not_attempted(exercise, body):
    result = check(stub(exercise.name, body))
    assert result.state == "not attempted"
    assert exercise.task in repr(result)


@each_exercise
def test_the_reference_is_right(exercise):
    result = check(exercise.load())
    assert result.state == "right", result
    assert exercise.follow_up in repr(result)


@each_exercise
def test_another_correct_way_is_right(exercise):
    assert exercise.name in ALTERNATIVES, "add a second correct way of writing it"
    assert source(ALTERNATIVES[exercise.name]) != source(exercise.load())
    result = check(named(exercise.name, ALTERNATIVES[exercise.name]))
    assert result.state == "right", result


@pytest.mark.parametrize(
    ("exercise", "mistake"),
    [(exercise, mistake) for exercise in ALL for mistake in exercise.mistakes],
    ids=lambda value: value.name,
)
def test_each_known_mistake_gets_its_own_diagnosis(exercise, mistake):
    result = check(named(exercise.name, mistake.wrong))
    assert result.state == "wrong"
    assert result.mistake == mistake.name
    assert ("hint", mistake.hint) in result.rows
    labels = [label for label, _ in result.rows]
    assert labels[:-1] == [
        *list(inspect.signature(exercise.load()).parameters)[: len(labels) - 3],
        "expected",
        "got",
    ]


@each_exercise
def test_an_exercise_is_complete(exercise):
    assert re.fullmatch(r"\d\d_[a-z_]+", exercise.chapter)
    assert exercise.load().__name__ == exercise.name
    assert len(exercise.hints) >= 2
    assert len(exercise.mistakes) >= 2
    assert len({mistake.name for mistake in exercise.mistakes}) == len(exercise.mistakes)
    cases = [exercise.cases(np.random.default_rng(0)) for _ in range(2)]
    assert len(cases[0]) >= 10
    assert repr(cases[0]) == repr(cases[1])  # the same at every call, so that committed outputs stay


def test_names_are_unique(monkeypatch):
    monkeypatch.setattr(
        registry.importlib, "import_module", lambda name: type("Twice", (), {"EXERCISES": ALL[:1] * 2})
    )
    with pytest.raises(ValueError, match="two exercises are called"):
        exercises.__wrapped__()


def test_no_alternative_is_left_over():
    assert set(ALTERNATIVES) == set(exercises())


# The diagnosis.


def rows(result):
    return dict(result.rows)


def test_the_smallest_counter_example_is_shown():
    def mean_pool(hidden, mask):
        return np.zeros_like(hidden[:, 0]) if mask.shape[1] > 2 else mean_by_loop(hidden, mask)

    result = check(mean_pool)
    assert result.state == "wrong"
    assert rows(result)["mask"].startswith("int64 (1, 3)")  # the least that has more than two positions


def test_two_mistakes_at_once_give_the_hint_of_one():
    def l2_normalize(vectors):
        return vectors / (vectors**2).sum(axis=1, keepdims=True)  # squared, and NaN at zero

    assert check(l2_normalize).mistake == "divided by the squared length"


def test_an_unknown_mistake_gets_no_hint():
    def mean_pool(hidden, mask):
        return mean_by_loop(hidden, mask) + 1

    result = check(mean_pool)
    assert (result.state, result.mistake) == ("wrong", "")
    assert "hint" not in rows(result)


def test_dtype_is_a_diagnosis_of_its_own():
    def l2_normalize(vectors):
        return normalize_by_einsum(vectors.astype(float))

    result = check(l2_normalize)
    assert "float64 instead of float32" in result.message
    assert "float64" in rows(result)["hint"]


def test_wrong_values_come_before_a_wrong_dtype():
    def mean_pool(hidden, mask):
        return mean_by_loop(hidden, mask).astype(float) + (mask.shape[1] > 2)

    result = check(mean_pool)
    assert "dtype" not in result.message
    assert rows(result)["mask"].startswith("int64 (1, 3)")


def test_both_shapes_are_named():
    def l2_normalize(vectors):
        return normalize_by_einsum(vectors)[0]

    assert "shape (1,) instead of (1, 1)" in check(l2_normalize).message


def test_changing_the_input_is_a_diagnosis_of_its_own():
    def l2_normalize(vectors):
        vectors[:] = normalize_by_einsum(vectors)
        return vectors

    result = check(l2_normalize)
    assert result.state == "wrong"
    assert "an input is changed" in result.message
    assert rows(result)["changed"] == "vectors"
    assert "copy" in rows(result)["hint"]


def test_an_error_is_shown_with_its_line():
    def mean_pool(hidden, mask):
        count = mask.sum(axis=1)
        return hidden.sum(axis=1) / count.missing

    result = check(mean_pool)
    assert rows(result)["got"].startswith("AttributeError: ")
    assert rows(result)["where"] == "line 3: return hidden.sum(axis=1) / count.missing"
    assert rows(result)["mask"].startswith("int64")


def test_an_error_without_source():
    space = {}
    exec("def mean_pool(hidden, mask):\n    return 1 / 0", space)
    assert rows(check(space["mean_pool"]))["where"] == "line 2"


def test_endless_recursion():
    def mean_pool(hidden, mask):
        return mean_pool(hidden, mask)

    result = check(mean_pool)
    assert rows(result)["got"].startswith("RecursionError")
    assert rows(result)["hint"] == "The function calls itself without end."


def test_an_endless_loop_is_stopped():
    def mean_pool(hidden, mask):
        while True:
            pass

    result = check(mean_pool, seconds=0.2)
    assert result.message == "It took longer than 0.2 s. Does a loop never end?"
    assert rows(result)["mask"] == "int64 (1, 1): [[1]]"
    assert inspect.signature(check).parameters["seconds"].default == 10


def test_a_missing_return():
    def mean_pool(hidden, mask):
        pooled = hidden.mean(axis=1)  # noqa: F841

    result = check(mean_pool)
    assert result.state == "wrong"
    assert "return" in rows(result)["hint"]


def test_number_of_arguments():
    def mean_pool(hidden):
        return hidden

    assert check(mean_pool).message.startswith("It is called with (hidden, mask), but takes (hidden)")


def test_nothing_is_printed_but_prints_of_the_shown_case_are_kept(capfd):
    def mean_pool(hidden, mask):
        print("shape", hidden.shape)
        print("warn", file=sys.stderr)
        return hidden / np.zeros_like(hidden)  # numpy would warn

    result = check(mean_pool)
    assert rows(result)["printed"] == "shape (1, 1, 1) | warn"
    assert capfd.readouterr() == ("", "")


def test_names_of_lambdas_partials_and_decorated_functions():
    mean_pool = lambda hidden, mask: hidden.mean(axis=1)  # noqa: E731
    assert check(mean_pool).mistake == "padding counted: hidden.mean(axis=1)"

    last_token_pool = functools.partial(lambda how, hidden, mask: last_by_loop(hidden, mask), "loop")
    assert check(last_token_pool).state == "right"

    def logged(function):
        return lambda *arguments: function(*arguments)

    @logged
    def l2_normalize(vectors):
        return normalize_by_einsum(vectors)

    assert check(l2_normalize).state == "right"

    class Pool:
        def __call__(self, hidden, mask):
            return mean_by_loop(hidden, mask)

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
        assert answer.message.endswith("Do you mean mean_pool?")
    assert all(name in check(print).message for name in exercises())


def test_what_is_not_a_function():
    class mean_pool:  # noqa: N801
        pass

    assert check(mean_pool).message == "Pass the function itself: check(mean_pool), not a class."
    assert check("mean_pool").message == "Pass the function itself: check(mean_pool), not 'mean_pool'."
    assert check().message.endswith("not None.")
    assert check(np.ones(2)).state == "unknown"


# It never raises.


def never_raises(function, **options):
    result = check(function, **options)
    assert result.state in {"right", "wrong", "not attempted", "unknown"}
    assert "could not be checked" not in result.message
    assert repr(result).count(result.name)
    assert result._repr_html_().startswith("<div")
    return result


anything = st.one_of(
    st.none(),
    st.integers(),
    st.floats(),
    st.text(),
    st.lists(st.lists(st.floats())),
    st.dictionaries(st.text(), st.integers()),
    arrays.arrays(arrays.scalar_dtypes(), arrays.array_shapes(min_dims=0, max_dims=4, max_side=3)),
    st.sampled_from(
        [object(), int, len, ..., NotImplemented, (i for i in "ab"), itertools.count(), np.ma.ones(2)]
    ),
)


@given(anything, st.sampled_from(sorted(exercises())))
@settings(max_examples=150, deadline=None)
def test_any_result(value, name):
    assert never_raises(named(name, lambda *arguments: value)).state != "right"


@given(anything)
@settings(max_examples=100, deadline=None)
def test_any_object(value):
    never_raises(value)


@given(st.text(), st.sampled_from(sorted(exercises())))
def test_any_text_is_escaped(text, name):
    def shout(*arguments):
        raise ValueError(f"<script>{text}")

    assert "<script>" not in never_raises(named(name, shout))._repr_html_()


class Hostile:
    """Raises at every turn."""

    def _no(self, *arguments):
        raise RuntimeError("no")

    __eq__ = __len__ = __repr__ = __str__ = __bool__ = __array__ = __iter__ = __getitem__ = __hash__ = _no
    __getattr__ = __call__ = __float__ = __index__ = __deepcopy__ = _no


class Silent(BaseException):
    def __str__(self):
        raise RuntimeError("no")


def test_hostile_things(capfd):
    assert check(Hostile()).message == "It could not be checked: RuntimeError: no"
    never_raises(type("mean_pool", (Hostile,), {}))
    hostile_list = type(
        "L", (list,), {"__len__": Hostile._no, "__iter__": Hostile._no, "__repr__": Hostile._no}
    )
    like_torch = type("T", (), {"detach": Hostile._no, "shape": (1, 1), "dtype": "float32"})
    for value in (
        Hostile(),
        hostile_list(),
        like_torch(),
        type("A", (np.ndarray,), {"__eq__": Hostile._no})((1, 1)),
    ):
        assert never_raises(named("l2_normalize", lambda vectors, value=value: value)).state == "wrong"
    for error in (SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration, MemoryError("full"), Silent):

        def throw(vectors, error=error):
            raise error

        name = getattr(error, "__name__", "MemoryError: full")
        assert name in rows(never_raises(named("l2_normalize", throw)))["got"]

    async def l2_normalize(vectors):
        return vectors

    assert "coroutine" in never_raises(l2_normalize).message

    def l2_normalize(vectors):
        yield vectors

    assert "generator" in never_raises(l2_normalize).message

    def l2_normalize(vectors):
        sys.stdout.close()
        return vectors

    assert "closed file" in check(l2_normalize).message

    def l2_normalize(vectors):
        vectors.resize((0, 0), refcheck=False)
        return vectors

    assert never_raises(l2_normalize).state == "wrong"

    l2_normalize = functools.partial(normalize_by_einsum)
    l2_normalize.__wrapped__ = l2_normalize  # a circle
    assert check(l2_normalize).state == "right"
    assert capfd.readouterr() == ("", "")


def test_a_broken_checker_does_not_raise_either(monkeypatch):
    monkeypatch.setattr(registry, "diagnose", Hostile._no)
    assert "It could not be checked: RuntimeError: no" in repr(check(named("l2_normalize", abs)))


# Hints, answers, and how it all looks.


def test_hints_go_on_step_by_step():
    registry._hints_given.clear()
    total = len(exercises()["mean_pool"].hints)
    given_hints = [hint("mean_pool").message for _ in range(total + 1)]
    for i, text in enumerate(exercises()["mean_pool"].hints):
        assert given_hints[i].startswith(f"{i + 1} of {total}: {text}")
    assert 'solution("mean_pool") shows the answer' in given_hints[-1] == given_hints[-2]
    assert hint(last_by_loop).state == "unknown"


def test_solution_shows_the_source_of_the_package(capsys):
    for thing in ("l2_normalize", exercises()["l2_normalize"].load()):
        assert solution(thing) is None
        assert source(exercises()["l2_normalize"].load()) in capsys.readouterr().out


def test_words_carry_what_the_colours_say():
    texts = {"right": normalize_by_einsum, "wrong": abs, "not attempted": stub("l2_normalize")}
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


def test_in_a_real_notebook():
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
