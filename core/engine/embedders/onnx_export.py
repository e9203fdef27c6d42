"""From a torch module to an ONNX file that onnxruntime runs as fast as it can."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.engine.backbones.torch_compat import import_timm

if TYPE_CHECKING:
    from torch import Tensor

OPSET = 18


def export_onnx(
    module: Any,
    example: Tensor,
    path: Path,
    name: str = "pixels",
    outputs: Sequence[str] = ("embeddings",),
    folded: bool = True,
) -> None:
    """Write a module of one input, whose first dimension alone may vary.

    Args:
        module: Is put into evaluation mode; otherwise it stays as it is.
        example: The input is as large, but for the batch.
        path: The file.
        name: Of the input.
        outputs: Names of the outputs.
        folded: Whether batch normalisation is folded into the convolutions before it. Without, the weights are
            stored as the module has them, and onnxruntime folds them when it loads the file.
    """
    import torch

    kept: dict[str, Any] = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
    with fixed_padding(module.eval(), example), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing remarks on shapes that are constant here
        torch.onnx.export(
            module,
            (example,),
            str(path),
            input_names=[name],
            output_names=list(outputs),
            dynamic_axes={axis: {0: "batch"} for axis in (name, *outputs)},
            opset_version=OPSET,
            dynamo=False,
            **({} if folded else kept),
        )


def as_module(owner: Any, compute: Callable[[Tensor], Any]) -> Any:
    """A function of one tensor as the one module that an export takes.

    Args:
        owner: The module whose weights the function uses.
        compute: A tensor -> a tensor, or several.
    """
    import torch

    class Module(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.owner = owner

        def forward(self, given: Tensor) -> Any:
            return compute(given)

    return Module()


@contextmanager
def fixed_padding(module: Any, example: Tensor) -> Iterator[None]:
    """Within it, timm's convolutions with "same" padding pad by the numbers that the example needs.

    They work them out from the size of every picture, which an export turns into dozens of operators and a padding
    that onnxruntime cannot make part of the convolution: a sixth of EfficientNet-Lite0's time.
    """
    import torch

    import_timm()
    from timm.layers.conv2d_same import Conv2dSame
    from timm.layers.padding import get_same_padding

    sizes: dict[Any, tuple[int, int]] = {}
    alike = [one for one in module.modules() if isinstance(one, Conv2dSame)]
    hooks = [one.register_forward_pre_hook(lambda one, x: sizes.update({one: x[0].shape[-2:]})) for one in alike]
    try:
        with torch.inference_mode():
            module(example)
    finally:
        for hook in hooks:
            hook.remove()
    try:
        for one, size in sizes.items():
            down, right = (
                get_same_padding(*numbers)
                for numbers in zip(size, one.kernel_size, one.stride, one.dilation, strict=True)
            )
            one.forward = _padded(one, (right // 2, right - right // 2, down // 2, down - down // 2))
        yield
    finally:
        for one in sizes:
            vars(one).pop("forward", None)


def _padded(convolution: Any, padding: tuple[int, int, int, int]) -> Callable[[Tensor], Tensor]:
    from torch.nn.functional import conv2d, pad

    def forward(x: Tensor) -> Tensor:
        one = convolution
        # Without a value that is a float, onnxruntime leaves the padding a step of its own.
        return conv2d(pad(x, padding, value=0.0), one.weight, one.bias, one.stride, 0, one.dilation, one.groups)

    return forward
