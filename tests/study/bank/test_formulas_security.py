"""Each formula of formulas_security, computed by another route."""

import numpy as np
import pytest

from embedlab.study.bank import FORMULAS


@pytest.mark.parametrize(("thousands", "names", "recall"), [(20, 1, 80), (100, 3, 95), (400, 5, 90)])
def test_thousand_tickets_leaking_ticket_by_ticket(thousands, names, recall):
    found = np.random.default_rng(0).random((1000 * thousands, names)) < recall / 100
    leaking = np.count_nonzero(~found.all(axis=1)) / 1000
    assert FORMULAS["thousand_tickets_leaking"](thousands, names, recall) == pytest.approx(leaking, rel=0.03)
