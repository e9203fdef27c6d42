"""What every round of training does with its losses: which weights move, how fast, and one step at a time."""

from __future__ import annotations

import math
from typing import Any


def text_parameters(model: Any) -> list[Any]:
    """The weights of the text tower, the temperature among them."""
    return [value for name, value in model.named_parameters() if not name.startswith("visual.")]


def let_move(model: Any, parameters: list[Any]) -> None:
    """Put a model into evaluation mode with these weights alone to be trained."""
    model.eval().requires_grad_(False)
    for parameter in parameters:
        parameter.requires_grad_(True)


def optimizer_of(rates: list[tuple[list[Any], float]], decay: float = 0.05) -> Any:
    """AdamW over groups of parameters and their peak rates; vectors and scalars do not decay."""
    import torch

    settings = [
        {"params": group, "lr": rate, "peak": rate, "weight_decay": some_decay}
        for parameters, rate in rates
        for some_decay, group in (
            (decay, [parameter for parameter in parameters if parameter.ndim > 1]),
            (0.0, [parameter for parameter in parameters if parameter.ndim <= 1]),
        )
        if group
    ]
    return torch.optim.AdamW(settings, betas=(0.9, 0.98))


def set_learning_rate(optimizer: Any, factor: float) -> None:
    """Set the rates to a share of their peaks."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor


def average(mean: dict[str, Any], moving: dict[str, Any], kept: float, step: int) -> None:
    """Draw a running mean of weights towards what they are after a step; the first steps count for more."""
    import torch

    kept = min(kept, (1 + step) / (10 + step))
    with torch.no_grad():
        for name, value in moving.items():
            mean[name].lerp_(value, 1 - kept)


def take_step(model: Any, optimizer: Any, parameters: list[Any], loss: Any) -> None:
    """Move the parameters against the gradient of a loss, and keep CLIP's temperature within its bounds."""
    import torch

    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 2.0)
    optimizer.step()
    with torch.no_grad():
        model.logit_scale.clamp_(0, math.log(100))
