"""The training loop: seeded, with checkpoints, so that an interrupted run ends with the same weights."""

import json
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from embedlab.encoder import BertEncoder
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
    show_progress: bool = True,
) -> None:
    """Lower a loss with AdamW, in place; the rate rises over the first tenth, then falls to 0 along a line.

    Parameters
    ----------
    trained : dict of tensors that require a gradient
    loss_of : callable
        ``loss_of(generator) -> loss`` draws a batch with the generator.
    checkpoint : Path, optional
        Written every ``save_every`` steps, read if it is there, removed by nobody: do so once the result is
        safe.
    """
    optimizer = torch.optim.AdamW(trained.values(), lr=learning_rate)
    first = resume(checkpoint, trained, optimizer) if checkpoint else 0
    # Given only where it is True: passed as False, it would overrule TQDM_DISABLE in the environment.
    quiet = {} if show_progress else {"disable": True}
    with tqdm(total=steps, initial=first, desc="training", unit="step", **quiet) as bar:
        for step in range(first, steps):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * min((step + 1) / (0.1 * steps), (steps - step) / (0.9 * steps))
            # Seeded by the number of the step, so that a resumed run sees the same batches.
            loss = loss_of(torch.Generator().manual_seed(seed * 1_000_003 + step))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
            bar.update()
            if checkpoint and (step + 1) % save_every == 0:
                save_checkpoint(checkpoint, trained, optimizer, step + 1)


class FusedEncoder(BertEncoder):
    """`BertEncoder` on torch's fused operations: the same numbers and gradients in half the time."""

    activation = staticmethod(F.gelu)

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return F.linear(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def _norm(self, x: Tensor, name: str) -> Tensor:
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return F.layer_norm(x, x.shape[-1:], weight, bias, self.config.layer_norm_eps)


def layers_of(encoder: BertEncoder) -> dict[str, Tensor]:
    """Copy the weights of the layers, to be trained; the table of words stays as it is.

    It is half of the weights, most of which no batch would touch.
    """
    layers = {name: w for name, w in encoder.weights.items() if name.startswith("encoder.layer.")}
    return {name: weight.clone().requires_grad_() for name, weight in layers.items()}


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


def save_checkpoint(file: Path, trained: dict[str, Tensor], optimizer: torch.optim.AdamW, step: int) -> None:
    """Write down the weights and the optimizer's moments, all or nothing."""
    arrays = {}
    for name, weight in trained.items():
        arrays[name] = weight.detach().numpy()
        for moment in ("exp_avg", "exp_avg_sq"):
            arrays[f"{moment}.{name}"] = optimizer.state[weight][moment].numpy()
    files.save(file, "Checkpoint", arrays, {"step": step})


def resume(file: Path, trained: dict[str, Tensor], optimizer: torch.optim.AdamW) -> int:
    """Put weights and the optimizer's moments back; return how many steps were done."""
    if not file.exists():
        return 0
    arrays, about = files.load(file, "Checkpoint")
    for name, weight in trained.items():
        weight.data.copy_(torch.from_numpy(arrays[name]))
        moments = {m: torch.from_numpy(arrays[f"{m}.{name}"].copy()) for m in ("exp_avg", "exp_avg_sq")}
        optimizer.state[weight] = {"step": torch.tensor(float(about["step"])), **moments}
    return about["step"]
