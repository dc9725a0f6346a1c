"""The figures that the room's texts name, measured again."""

import numpy as np
import pytest

from embedlab.chunking import chunk, passages
from embedlab.rag import support
from embedlab.rag.citations import LEAST


@pytest.mark.slow
def test_true_answers_are_supported_by_their_passages_and_not_by_others():
    found, rng = passages(), np.random.default_rng(0)
    right, wrong = [], []
    for query in found.of("dev", "written"):
        text = found.articles[query.article].text
        parts = [text[one.start : one.end] for one in chunk(text, "sections", size=128)]
        quote = text[query.start : query.end].split()
        own = max(parts, key=lambda part: sum(word in part for word in quote))
        others = [part for part in parts if part != own]
        right.append(support(query.answer, own))
        wrong.append(support(query.answer, others[rng.integers(len(others))]))
    right, wrong = np.array(right), np.array(wrong)
    assert (right >= LEAST).mean() == pytest.approx(0.80, abs=0.005)
    assert (right >= 0.5).mean() == pytest.approx(0.96, abs=0.005)
    assert ((wrong >= LEAST).sum(), (wrong >= 0.5).sum()) == (0, 1)
