"""How good somebody is, from few answers."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sittings import answered

from embedlab.study.practice import ability


@given(st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=1, max_size=30))
def test_a_better_answer_never_lowers_the_estimate(answers):
    assume(not all(known for _, known in answers))
    records = [
        answered(f"01-{i}", difficulty=difficulty, score=float(known))
        for i, (difficulty, known) in enumerate(answers)
    ]
    missed = next(i for i, (_, known) in enumerate(answers) if not known)
    better = [
        record.model_copy(update={"score": 1.0}) if i == missed else record
        for i, record in enumerate(records)
    ]
    assert ability.estimate(better).mean > ability.estimate(records).mean


@pytest.mark.slow
@pytest.mark.parametrize("truth", [1.5, 3.0, 4.5])
def test_an_ability_is_found_from_simulated_answers(truth):
    rng, within = np.random.default_rng(0), 0
    for _ in range(40):
        records = [
            answered(
                f"01-{i}",
                difficulty=d,
                kind="single",
                score=float(rng.random() < ability.chance(truth, d, "single")),
            )
            for i, d in enumerate(rng.integers(1, 6, 40))
        ]
        found = ability.estimate(records)
        within += abs(found.mean - truth) < 1.96 * found.sd
    assert within >= 35  # of 40; 38 are expected
    assert found.sd < ability.PRIOR_SD / 2


def test_guessing_is_taken_into_account():
    guessed = ability.estimate([answered(kind="single")])
    computed = ability.estimate([answered(kind="numeric")])
    assert ability.PRIOR_MEAN < guessed.mean < computed.mean
