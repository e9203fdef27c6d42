"""From an open_clip folder to what serving needs: two ONNX files, one a tower, that onnxruntime runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.engine.embedders.onnx_export import as_module, export_onnx
from core.engine.files.folder import written
from core.training.model import clip as models

if TYPE_CHECKING:
    from torch import Tensor

_WORTH_HALVING = 1024


def export_towers(folder: Path) -> None:
    """Write `image.onnx` (pixels (b, 3, side, side) -> (b, dim)) and `text.onnx` (tokens (b, 24) -> (b, dim)).

    Both give embeddings before normalisation and compute in float32 with the weights as they were saved, rounded
    to half precision, so both runtimes compute with the same numbers.
    """
    import torch

    model, _, tokenizer = models.load(folder)
    pixels = torch.zeros(2, 3, *model.visual.image_size)
    export_tower(model.visual, pixels, folder / "image.onnx", "pixels")
    text_tower = as_module(model, model.encode_text)  # open_clip keeps it as loose parts of the model
    export_tower(text_tower, tokenizer(["a red dress", "shoes"]), folder / "text.onnx", "tokens")


def export_tower(module: Any, example: Tensor, path: Path, name: str) -> None:
    """Write a tower of one input (named `name`, batch first) and one output (`embeddings`) as ONNX."""
    with written(path) as temporary:
        # Folded into its convolution, batch normalisation gives weights that half precision does not hold.
        export_onnx(module, example, temporary, name, folded=False)
        store_halves(temporary)


def store_halves(path: Path) -> None:
    """Store as float16 those weights of an ONNX file that lose nothing by it; loading the file widens them."""
    import onnx
    from onnx import numpy_helper

    network = onnx.load(path)
    casts = []
    for weight in network.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < _WORTH_HALVING:
            continue
        halves = values.astype(np.float16)
        if np.array_equal(halves.astype(np.float32), values):
            name = weight.name
            weight.CopyFrom(numpy_helper.from_array(halves, f"{name}_half"))
            casts.append(onnx.helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT))
    for number, cast in enumerate(casts):
        network.graph.node.insert(number, cast)
    onnx.save(network, path)
