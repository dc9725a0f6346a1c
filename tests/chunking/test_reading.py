"""What is read of a ranking: within the budget, nothing twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.chunking import Chunk, chunk_id, found, fresh, gains, lifted, read, span_ndcg

stretches = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)).map(lambda pair: (pair[0], sum(pair))))
chunks = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 200), st.integers(4, 80)).map(
        lambda one: (one[0], Chunk(one[1], one[1] + one[2], one[1] // 4, one[1] // 4 + one[2] // 4))
    ),
    max_size=8,
)


@given(st.integers(0, 40), st.integers(1, 40), stretches)
def test_fresh_is_what_is_left(start, length, done):
    left = fresh(start, start + length, done)
    covered = {i for a, b in done for i in range(a, b)}
    assert [i for a, b in left for i in range(a, b)] == [
        i for i in range(start, start + length) if i not in covered
    ]


@given(chunks, st.integers(1, 100))
def test_a_budget_is_kept_and_nothing_is_read_twice(ranked, budget):
    reading = read(ranked, budget)
    assert all(spent <= budget for spent in reading.tokens)
    assert reading.tokens == sorted(reading.tokens)
    seen = [(document, i) for document, a, b in reading.places for i in range(a, b)]
    assert len(seen) == len(set(seen))


@given(chunks, st.integers(0, 150), st.integers(1, 50))
def test_gains_add_up_to_what_is_covered(ranked, start, length):
    answer = (0, start, start + length)
    covered = {i for document, one in ranked if document == 0 for i in range(one.start, one.end)}
    part = len(covered & set(range(start, start + length))) / length
    assert gains(ranked, answer).sum() == pytest.approx(part)
    assert 0 <= span_ndcg(ranked, answer) <= 1
    assert found(read(ranked, 10_000), answer) == pytest.approx(part)


def test_a_chunk_that_does_not_fit_is_read_up_to_the_budget():
    reading = read([(0, Chunk(0, 100, 0, 20)), (1, Chunk(0, 100, 0, 20))], 30)
    assert reading.places == [(0, 0, 100), (1, 0, 50)]
    assert reading.tokens == [20, 30]


def test_parents_are_read_once():
    one, two = (Chunk(start, start + 8, start // 4, start // 4 + 2, (), (0, 40)) for start in (0, 8))
    assert read([(0, one), (0, two)], 100, parents=True).places == [(0, 0, 40)]
    larger = [(0, Chunk(0, 40, 0, 10)), (0, Chunk(41, 90, 10, 20)), (1, Chunk(0, 9, 0, 2))]
    assert lifted([(0, one), (0, two), (1, Chunk(2, 4, 0, 1))], larger) == [larger[0], larger[2]]


def test_an_id_follows_the_text_and_not_the_place():
    assert chunk_id("a", "text") == chunk_id("a", "text")
    assert (
        len({chunk_id("a", "text"), chunk_id("b", "text"), chunk_id("a", "text", 1), chunk_id("a", "else")})
        == 4
    )
    assert chunk_id("a", "\ud83d")  # a lone surrogate


def test_what_a_prompt_adds_to_each_chunk_is_paid_for():
    ranked = [(0, Chunk(0, 100, 0, 20)), (0, Chunk(0, 100, 0, 20)), (1, Chunk(0, 100, 0, 20))]
    reading = read(ranked, 40, overhead=5)
    assert reading.places == [(0, 0, 100), (1, 0, 50)]  # what was read already costs nothing, not even this
    assert reading.tokens == [25, 40]
    assert read(ranked, 5, overhead=5).places == []
