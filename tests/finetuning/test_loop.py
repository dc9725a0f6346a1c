"""The training loop: its learning rate, and a run that was interrupted."""

from itertools import pairwise

import pytest
import torch

from embedlab.finetuning import chances, train
from embedlab.finetuning.loop import schedule


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 10, 15, 19, 20, 101, 200])
def test_the_rate_rises_to_its_peak_once_and_then_falls_never_above_it(steps):
    rates = [schedule(step, steps) for step in range(steps)]
    top = rates.index(max(rates))
    assert max(rates) == 1
    assert top <= -(-steps // 10)
    assert all(a < b for a, b in pairwise(rates[: top + 1]))
    assert all(a >= b for a, b in pairwise(rates[top:]))
    assert 0 < rates[-1] <= 1 / max(1, steps - -(-steps // 10)) + 1e-9


def noisy_parabola(**options):
    """Train two numbers towards 0, by gradients that depend on the drawn batch."""
    weight = torch.tensor([3.0, -2.0], requires_grad=True)

    def loss_of(generator):
        return ((weight + 0.1 * torch.randn(2, generator=generator)) ** 2).sum()

    options = {"checkpoint": None, "steps": 12, "learning_rate": 0.1, "show_progress": False} | options
    return weight, train({"weight": weight}, loss_of, **options)


def test_a_resumed_run_ends_with_the_same_weights_and_losses(tmp_path):
    whole, losses = noisy_parabola()
    file = tmp_path / "checkpoint"
    noisy_parabola(checkpoint=file, save_every=4, stop_after=7)  # the last checkpoint is that of step 4
    resumed, again = noisy_parabola(checkpoint=file, save_every=4)
    torch.testing.assert_close(resumed, whole)
    assert again == pytest.approx(losses)
    assert losses[-1] < losses[0]


def test_stopping_early_does_the_first_steps_of_the_same_run():
    _, losses = noisy_parabola()
    _, first = noisy_parabola(stop_after=3)
    assert first == losses[:3]


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    noisy_parabola(checkpoint=tmp_path / "checkpoint", save_every=4)
    other = {"other": torch.zeros(2, requires_grad=True)}
    with pytest.raises(ValueError, match="does not hold the weights of this training"):
        train(other, lambda _: other["other"].sum(), tmp_path / "checkpoint", steps=12, learning_rate=0.1)
    other = {"weight": torch.zeros(3, requires_grad=True)}
    with pytest.raises(ValueError, match="does not hold the weights of this training"):
        train(other, lambda _: other["weight"].sum(), tmp_path / "checkpoint", steps=12, learning_rate=0.1)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, 2.0], "3 examples need as many weights, but got 2"),
        ([1.0, -1.0, 1.0], "not negative"),
        ([1.0, float("nan"), 1.0], "finite"),
        ([0, 0, 0], "not all 0"),
    ],
)
def test_weights_that_cannot_be_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        chances(weights, 3)
