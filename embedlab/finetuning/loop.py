"""The training loop: seeded, with checkpoints, so that an interrupted run ends with the same weights."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from embedlab.machine import files, write_atomically


def train(
    trained: dict[str, Tensor],
    loss_of: Callable[[torch.Generator], Tensor],
    checkpoint: Path | None,
    *,
    steps: int,
    learning_rate: float,
    seed: int = 0,
    save_every: int = 25,
    stop_after: int | None = None,
    show_progress: bool = True,
) -> list[float]:
    """Lower a loss with AdamW, in place; the rate rises over the first tenth, then falls to 0 along a line.

    Parameters
    ----------
    trained : dict of tensors that require a gradient
    loss_of : callable
        ``loss_of(generator) -> loss`` draws a batch with the generator.
    checkpoint : Path, optional
        Written every ``save_every`` steps, read if it is there, removed by nobody: do so once the result is
        safe.
    stop_after : int, optional
        Do only so many of the steps: enough to compare the first losses with those of another run.

    Returns
    -------
    list of float
        The loss of each step, before the weights were changed.
    """
    optimizer = torch.optim.AdamW(trained.values(), lr=learning_rate)
    losses = resume(checkpoint, trained, optimizer) if checkpoint else []
    # Given only where it is True: passed as False, it would overrule TQDM_DISABLE in the environment.
    quiet = {} if show_progress else {"disable": True}
    with tqdm(total=steps, initial=len(losses), desc="training", unit="step", **quiet) as bar:
        for step in range(len(losses), min(steps, stop_after or steps)):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * schedule(step, steps)
            # Seeded by the number of the step, so that a resumed run sees the same batches.
            loss = loss_of(torch.Generator().manual_seed(seed * 1_000_003 + step))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
            bar.update()
            if checkpoint and (step + 1) % save_every == 0:
                save_checkpoint(checkpoint, trained, optimizer, losses)
    return losses


def chances(weights: Sequence[float] | None, n: int) -> Tensor:
    """Return how often each of n examples is drawn, relative to the others: by default equally often.

    Raises
    ------
    ValueError
        If there is not one weight for each, one is negative or not finite, or all are 0.

    Examples
    --------
    >>> chances([1, 3], 2), chances(None, 2)
    (tensor([1., 3.]), tensor([1., 1.]))
    """
    if weights is None:
        return torch.ones(n)
    if len(weights) != n:
        raise ValueError(f"{n} examples need as many weights, but got {len(weights)}")
    found = torch.as_tensor(weights, dtype=torch.float32)
    if not torch.isfinite(found).all() or (found < 0).any() or not found.any():
        raise ValueError("weights must be finite, not negative, and not all 0")
    return found


def schedule(step: int, steps: int) -> float:
    """Return what part of the learning rate a step gets: rising over the first tenth, then falling to 0.

    Examples
    --------
    >>> [round(schedule(step, 15), 2) for step in range(15)]
    [0.5, 1.0, 1.0, 0.92, 0.85, 0.77, 0.69, 0.62, 0.54, 0.46, 0.38, 0.31, 0.23, 0.15, 0.08]
    """
    rise = max(1, -(-steps // 10))  # whole steps: between two of them the peak would lie above 1
    return min((step + 1) / rise, (steps - step) / (steps - rise) if steps > rise else 1.0, 1.0)


def claim(folder: Path, settings: dict) -> None:
    """Write down what is trained in a folder, or check that it is the same."""
    file = folder / "training.json"
    if not file.exists():
        if folder.exists() and any(folder.iterdir()):
            raise ValueError(f"{folder} holds other files: give an empty folder")
        write_atomically(file, lambda path: path.write_text(json.dumps(settings)))
    there = json.loads(file.read_text())
    differing = [name for name in settings if there.get(name) != settings[name]]
    if differing:
        raise ValueError(
            f"{folder} belongs to a training with other {', '.join(differing)}: "
            "give another folder, or remove this one"
        )


def save_checkpoint(
    file: Path, trained: dict[str, Tensor], optimizer: torch.optim.AdamW, losses: list[float]
) -> None:
    """Write down the weights, the optimizer's moments and the losses so far, all or nothing."""
    arrays = {}
    for name, weight in trained.items():
        arrays[name] = weight.detach().cpu().numpy()
        for moment in ("exp_avg", "exp_avg_sq"):
            arrays[f"{moment}.{name}"] = optimizer.state[weight][moment].cpu().numpy()
    files.save(file, "Checkpoint", arrays, {"losses": losses})


def resume(file: Path, trained: dict[str, Tensor], optimizer: torch.optim.AdamW) -> list[float]:
    """Put weights and the optimizer's moments back; return the losses of the steps that were done."""
    if not file.exists():
        return []
    arrays, about = files.load(file, "Checkpoint")
    shapes = {name: tuple(weight.shape) for name, weight in trained.items()}
    if "losses" not in about or shapes != {
        n: a.shape for n, a in arrays.items() if not n.startswith("exp_avg")
    }:
        raise files.StoreError(f"{file} does not hold the weights of this training: remove it")
    for name, weight in trained.items():
        weight.data.copy_(torch.from_numpy(arrays[name]))
        moments = {
            moment: torch.from_numpy(arrays[f"{moment}.{name}"].copy()).to(weight.device)
            for moment in ("exp_avg", "exp_avg_sq")
        }
        optimizer.state[weight] = {"step": torch.tensor(float(len(about["losses"]))), **moments}
    return about["losses"]
