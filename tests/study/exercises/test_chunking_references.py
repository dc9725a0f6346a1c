"""The exercises of chunking: what their references promise; the package agrees where it does the same."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from embedlab.chunking import Reading, chunk_id, found, paths
from embedlab.study.exercises import exercises
from embedlab.study.exercises.chunking import pack, sliding
from embedlab.study.exercises.chunking_at_separators import split_recursive
from embedlab.study.exercises.chunking_context import heading_path
from embedlab.study.exercises.chunking_passages import span_recall
from embedlab.study.exercises.chunking_use import stable_ids, within_budget

texts = st.text("ab. \n", max_size=60)
spans = st.tuples(st.integers(0, 30), st.integers(1, 10)).map(lambda one: (one[0], sum(one)))


def test_they_come_in_the_order_of_the_chapter():
    own = [one.name for one in exercises().values() if one.chapter == "10_chunking"]
    assert own == [
        "sliding",
        "pack",
        "split_recursive",
        "heading_path",
        "pool_span",
        "best_passage",
        "span_recall",
        "within_budget",
        "stable_ids",
    ]


@given(st.integers(0, 200), st.integers(1, 40), st.data())
def test_windows_cover_all_and_none_repeats_another(tokens, size, data):
    overlap = data.draw(st.integers(0, size - 1))
    windows = sliding(tokens, size, overlap)
    assert {i for first, last in windows for i in range(first, last)} == set(range(tokens))
    assert all(0 < last - first <= size for first, last in windows)
    for (a, b), (c, d) in pairwise(windows):
        assert c - a == size - overlap
        assert d > b


@given(st.lists(st.integers(1, 12)), st.integers(1, 20))
def test_groups_are_full(costs, size):
    groups = pack(costs, size)
    assert [i for group in groups for i in range(*group)] == list(range(len(costs)))
    assert all(j - i == 1 or sum(costs[i:j]) <= size for i, j in groups)
    assert all(sum(costs[i : b + 1]) > size for (i, j), (b, _) in pairwise(groups))


@given(texts, st.integers(1, 8))
def test_pieces_are_the_text_and_no_larger_than_they_must(text, size):
    pieces = split_recursive(text, size)
    assert "".join(pieces) == text
    assert all(piece.strip() for piece in pieces[1:])  # the first may be what the text begins with
    assert all(len(piece.split()) <= size for piece in pieces)


@given(st.lists(st.integers(0, 5)))
def test_paths_are_those_of_the_package(levels):
    lines = [f"{'#' * level} T{i}" if level else "text" for i, level in enumerate(levels)]
    starts = [sum(len(line) + 1 for line in lines[:i]) for i in range(len(lines))]
    assert heading_path(lines) == paths("\n".join(lines), starts)


@given(st.lists(spans), spans)
def test_recall_is_that_of_the_package_where_nothing_overlaps(read, answer):
    apart = [(2 * a, 2 * a + 1) for a in {a for a, _ in read}]
    reading = Reading([(0, *one) for one in apart], [1] * len(apart))
    assert abs(span_recall(apart, answer) - found(reading, (0, *answer))) < 1e-9
    assert 0 <= span_recall(read, answer) <= 1


@given(st.lists(st.integers(1, 9)), st.integers(0, 40))
def test_a_budget_is_kept_and_used(costs, budget):
    count = within_budget(costs, budget)
    assert sum(costs[:count]) <= budget
    assert count == len(costs) or sum(costs[: count + 1]) > budget


@given(st.text(), st.text(), st.lists(st.text(max_size=2)), st.text())
def test_ids_last(document, other, chunks, new):
    ids = stable_ids(document, chunks)
    assert len(set(ids)) == len(ids)
    assert ids == [chunk_id(document, text, chunks[:i].count(text)) for i, text in enumerate(chunks)]
    assert set(ids) <= set(stable_ids(document, [new, *chunks]))
    assert document == other or not set(ids) & set(stable_ids(other, chunks))
