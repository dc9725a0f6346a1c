"""Keys of the questions on chunking, measured."""

import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from embedlab.chunking import Chunk, Reading, chunk, chunk_id, found, fresh, read
from embedlab.tokenizer import WordPieceTokenizer


def test_a_range_that_stops_early_drops_short_texts_and_tails():
    def chunks(tokens, size=400, overlap=50, end=None):
        return [tokens[i : i + size] for i in range(0, end(len(tokens)), size - overlap)]

    for length in (1, 50, 250, 400, 401, 1000):
        tokens = list(range(length))
        wrong = chunks(tokens, end=lambda n: n - 400)
        right = chunks(tokens, end=lambda n: max(n - 50, 1))
        assert bool(wrong) == (length > 400)
        assert set().union(*wrong) < set(tokens)
        assert set().union(*right) == set(tokens)
    for length in (750, 1100):
        assert (
            max(chunks(list(range(length)), end=lambda n: n - 400)[-1]) == length - 351
        )  # a full window is lost


def test_windows_cover_the_text_and_none_lies_inside_another():
    """`chunking/bug-or-not-windows`: the code as it is asked about."""

    def windows(n, size, overlap):
        step = size - overlap
        starts = range(0, max(n - overlap, 1), step)
        return [(s, min(s + size, n)) for s in starts] if n else []

    assert windows(0, 4, 2) == []
    for n in range(1, 60):
        for size in range(1, 12):
            for overlap in range(size):
                made = windows(n, size, overlap)
                assert (made[0][0], made[-1][1]) == (0, n)
                for (_, before), (start, end) in pairwise(made):
                    assert start == before - overlap  # as much is repeated as was asked for
                    assert end > before  # and something is new


def test_a_text_in_words_has_more_tokens_than_words():
    words = np.histogram.__doc__.split()[:256]
    tokens = WordPieceTokenizer.load().encode(" ".join(words))
    assert len(words) == 256
    assert len(tokens) > 1.5 * 256


def test_the_hash_of_a_text_differs_between_processes():
    def printed(code):
        ran = [
            subprocess.run(
                [sys.executable, "-c", code],
                env=os.environ | {"PYTHONHASHSEED": str(seed)},
                capture_output=True,
                check=True,
                text=True,
            )
            for seed in (1, 2)
        ]
        return {one.stdout for one in ran}

    assert len(printed("print(hash(('page', 'text')))")) == 2
    assert len(printed("import hashlib; print(hashlib.sha256(b'page text').hexdigest())")) == 1


def test_overlap_counted_twice_looks_like_recall():
    def as_asked(chunks, answer):
        shown = 0
        for start, end in chunks:
            shown += max(0, min(end, answer[1]) - max(start, answer[0]))
        return min(1.0, shown / (answer[1] - answer[0]))

    answer = (100, 200)
    overlapping, apart = [(0, 150), (50, 150)], [(0, 100), (100, 170)]
    assert as_asked(overlapping, answer) == 1.0
    assert as_asked(apart, answer) == 0.7
    left = [sum(b - a for a, b in fresh(*answer, shown)) for shown in (overlapping, apart)]
    assert left == [50, 30]  # half of the answer was never shown, though it scored 1


def test_span_recall_by_hand():
    pieces = [(0, 900, 1080), (0, 1080, 1100), (0, 1180, 1400)]  # 1,050 to 1,080 was read before
    assert found(Reading(pieces, [40, 45, 95]), (0, 1000, 1200)) == pytest.approx(0.6)


def test_six_neighbours_cost_their_text_once():
    neighbours = [(0, Chunk(4 * i, 4 * (i + 200), i, i + 200)) for i in range(0, 900, 150)]
    assert len(neighbours) == 6
    assert read(neighbours, 10_000).tokens[-1] == 950


def test_a_sum_of_chunk_scores_ranks_by_length():
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 60, 2000)
    scores = [rng.normal(0.3, 0.1, count) for count in counts]  # of a query that no document answers
    by_sum, by_best = ([how(one) for one in scores] for how in (np.sum, np.max))
    long = counts > 30

    def share(how):
        return long[np.argsort(how)[-100:]].mean()

    assert share(by_sum) == 1
    assert share(by_best) < 1
    assert np.corrcoef(by_sum, counts)[0, 1] > 0.95 > np.corrcoef(by_best, counts)[0, 1] + 0.2


def test_an_inserted_sentence_renames_one_chunk_only():
    def ids(text):
        return [chunk_id("page", text[one.start : one.end]) for one in chunk(text, size=64)]

    page = "\n\n".join(f"## Step {i}\n\nTurn valve {i} and wait." for i in range(40))
    before, after = ids(page), ids(page.replace("Turn valve 0", "Read this first. Turn valve 0"))
    assert len(before) == len(after) == len(set(before)) == 40
    assert len(set(after) - set(before)) == 1


def test_a_text_without_spaces_is_one_word_to_split():
    page = "返品は三十日以内に限ります。" * 200
    assert len(page.split()) == 1
    assert len(WordPieceTokenizer.load().encode(page)) > 2000
    assert len(chunk(page, size=128)) > 10
