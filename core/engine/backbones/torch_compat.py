"""The one place that makes torchvision importable beside a CPU-only torch.

PyPI's torchvision is built against CUDA. Beside a CPU-only torch its compiled part does not load, and
its Python part then fails while registering fake kernels for operators nobody defined. open_clip and
timm import torchvision but never call those operators, so declaring them is enough.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

_MISSING_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_keep_alive: list[object] = []  # a torch Library undoes its definitions when it is collected


def import_torchvision() -> ModuleType:
    """Import torchvision, declaring its missing operators only where the plain import fails."""
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    import torch

    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]  # what the failed import left behind
    library = torch.library.Library("torchvision", "DEF")
    for schema in _MISSING_OPERATORS:
        library.define(schema)
    _keep_alive.append(library)
    return importlib.import_module("torchvision")


def import_open_clip() -> ModuleType:
    """Import open_clip (and with it timm) on any torch."""
    import_torchvision()
    return importlib.import_module("open_clip")


def import_timm() -> ModuleType:
    """Import timm on any torch."""
    import_torchvision()
    return importlib.import_module("timm")


def create_timm(name: str, size: int, **options: Any) -> Any:
    """A timm model without its classifier; one of fixed size is told another one."""
    timm = import_timm()
    config = timm.models.get_pretrained_cfg(name)
    if config.fixed_input_size and config.input_size[1] != size:
        options["img_size"] = size
    return timm.create_model(name, num_classes=0, **options)
