"""How far a training is: kept now and then, so that a stopped one goes on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.engine.files.folder import written

if TYPE_CHECKING:
    from core.training.fit.whole import Trainer


def save_state(trainer: Trainer, file: Path, n_steps: int) -> None:
    """Write everything that later steps depend on, as safetensors."""
    from safetensors.torch import save_file

    with written(file) as temporary:
        tensors = {name: value.contiguous() for name, value in _tensors(trainer).items()}
        save_file(tensors, temporary, metadata={"n_steps": str(n_steps)})


def load_state(trainer: Trainer, file: Path) -> int:
    """Go on from a state, if there is one; returns how many steps are done."""
    from safetensors import safe_open

    if not file.is_file():
        return 0
    _start_moments(trainer)
    with safe_open(file, "pt") as kept:
        for name, value in _tensors(trainer).items():
            value.copy_(kept.get_tensor(name))
        return int(kept.metadata()["n_steps"])


def _tensors(trainer: Trainer) -> dict[str, Any]:
    """All tensors that change, by name; the very tensors, so that they can be copied into."""
    found = {f"model.{name}": value for name, value in trainer.model.state_dict().items()}
    found |= {f"head.{name}": value.data for name, value in trainer.heads.items()}
    found |= {f"mean.{name}": value for name, value in trainer.mean.items()}
    found |= {"memory": trainer.memory, "known": trainer.known}
    for number, parameter in enumerate(trainer.parameters):
        for name, value in trainer.optimizer.state[parameter].items():
            found[f"optimizer.{number}.{name}"] = value
    return found


def _start_moments(trainer: Trainer) -> None:
    """Give the optimizer its moments, which it has only after a step: one of rate and decay 0 changes nothing else."""
    import torch

    rates = [(group["lr"], group["weight_decay"]) for group in trainer.optimizer.param_groups]
    for group in trainer.optimizer.param_groups:
        group["lr"] = group["weight_decay"] = 0.0
    for parameter in trainer.parameters:
        parameter.grad = torch.zeros_like(parameter)
    trainer.optimizer.step()
    trainer.optimizer.zero_grad(set_to_none=True)
    for group, (lr, decay) in zip(trainer.optimizer.param_groups, rates, strict=True):
        group["lr"], group["weight_decay"] = lr, decay
