"""Keys of the questions on security, measured."""

import numpy as np

from embedlab import Embedder
from embedlab.pooling import l2_normalize as unit


def test_a_name_can_be_read_from_a_vector():
    """Whoever has the model tries names, and takes the one whose sentence is nearest."""
    names = ["Anna Kowalska", "Peter Schmidt", "Maria Silva", "John Okafor", "Yuki Tanaka", "Omar Haddad"]
    model = Embedder.load()
    leaked = model.encode([f"{name} asks for a refund, since her parcel never came" for name in names])
    guesses = model.encode([f"A customer called {name} complains about a lost delivery" for name in names])
    found = np.argmax(leaked @ guesses.T, axis=1)
    assert (found == np.arange(len(names))).mean() >= 5 / 6


def test_scores_tell_who_is_stored_and_even_the_vector():
    names = ("Anna", "Peter", "Maria", "John", "Yuki", "Omar")
    model = Embedder.load()
    letters = [f"Dear colleague, {name} was seen in our clinic for pain in the back" for name in names]
    stored = model.encode(letters[1:])
    best_of = (model.encode(letters) @ stored.T).max(axis=1)
    assert best_of[1:].min() > 0.9999
    assert best_of[0] < 0.99  # the one that is not there
    rng = np.random.default_rng(0)
    secret = unit(rng.normal(size=64))
    queries = unit(rng.normal(size=(64, 64))).astype(np.float64)  # a system is solved with them
    assert np.allclose(np.linalg.solve(queries, queries @ secret), secret)  # as many scores as dimensions


def test_of_a_thousand_alarms_eight_are_real():
    """Counted on documents that are drawn, ten million of them."""
    rng, n = np.random.default_rng(0), 10_000_000
    planted = rng.random(n) < 1 / 10_000
    alarm = rng.random(n) < np.where(planted, 0.8, 0.01)
    assert abs(1000 * planted[alarm].mean() - 7.94) < 0.6
