"""The word pairs are all there, on a scale from 0 to 10."""

import numpy as np

from embedlab.benchmark import simlex999, wordsim353


def test_word_pairs():
    assert len(simlex999()) == 999
    assert len(wordsim353()) == 353
    for pairs in (simlex999(), wordsim353()):
        scores = np.array([score for _, _, score in pairs])
        assert ((scores >= 0) & (scores <= 10)).all()
