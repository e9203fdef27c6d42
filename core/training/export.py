"""From an open_clip folder to what serving needs: two ONNX files, one a tower, that onnxruntime runs."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.artifacts import written
from core.training import model as models

if TYPE_CHECKING:
    from torch import Tensor

OPSET = 18


def export_onnx(folder: Path) -> None:
    """Write `image.onnx` (pixels (b, 3, 224, 224) -> (b, dim)) and `text.onnx` (tokens (b, 24) -> (b, dim)).

    Both give embeddings before normalisation. Weights are exported as they were saved, rounded to half
    precision and stored as float32, so both runtimes compute with the same numbers.
    """
    import torch

    model, _, tokenizer = models.load(folder)
    pixels = torch.zeros(2, 3, *model.visual.image_size)
    export_module(model.visual, pixels, folder / "image.onnx", "pixels")
    export_module(_TextTower.of(model), tokenizer(["a red dress", "shoes"]), folder / "text.onnx", "tokens")


class _TextTower:
    """open_clip keeps the text tower as loose parts of the model; an exporter needs one module."""

    @staticmethod
    def of(model: Any) -> Any:
        import torch

        class Tower(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.model = model

            def forward(self, tokens: Tensor) -> Tensor:
                result: Tensor = self.model.encode_text(tokens)
                return result

        return Tower()


def export_module(module: Any, example: Tensor, path: Path, name: str) -> None:
    """Write a module of one input (named `name`, batch first) and one output (`embeddings`) as ONNX."""
    import torch

    with written(path) as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing remarks on shapes that are constant here
        torch.onnx.export(
            module.eval(),
            (example,),
            str(temporary),
            input_names=[name],
            output_names=["embeddings"],
            dynamic_axes={name: {0: "batch"}, "embeddings": {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
        )
