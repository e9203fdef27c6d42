"""From an open_clip folder to what serving needs: two ONNX files, one a tower, that onnxruntime runs."""

from __future__ import annotations

import tempfile
from collections.abc import Container, Set
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


class TowerMould:
    """A tower that is to be written when its weights have changed: traced beforehand, so that this takes no time."""

    def __init__(self, module: Any, example: Tensor, name: str):
        """Trace it; see `export_tower`."""
        import onnx

        self._module, self._example, self._name = module, example, name
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "tower.onnx"
            export_onnx(module, example, path, name, folded=False)
            self._traced = onnx.load(path)
        self._weights = {key: value.clone() for key, value in module.state_dict().items()}

    def written(self) -> bytes:
        """The same bytes as those of `export_tower` now."""
        import onnx
        import torch
        from onnx import numpy_helper

        now = self._module.state_dict()
        changed = {name for name, before in self._weights.items() if not torch.equal(before, now[name])}
        network = onnx.ModelProto()
        network.CopyFrom(self._traced)
        named = {weight.name: weight for weight in network.graph.initializer}
        if not changed <= named.keys() or self._shares(changed, named):
            return self._written_anew()
        for name in changed:
            named[name].CopyFrom(numpy_helper.from_array(now[name].numpy(), name))
        return bytes(_halved(network).SerializeToString())

    def _shares(self, changed: Set[str], named: Container[str]) -> bool:
        """Whether a weight that changed may stand in the traced file for another one that was equal to it then."""
        import torch

        left_out = [value for name, value in self._weights.items() if name not in named]
        pairs = ((self._weights[name], value) for name in changed for value in left_out)
        return any(one.dtype == other.dtype and torch.equal(one, other) for one, other in pairs)

    def _written_anew(self) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "tower.onnx"
            export_tower(self._module, self._example, path, self._name)
            return path.read_bytes()


def store_halves(path: Path) -> None:
    """Store as float16 those weights of an ONNX file that lose nothing by it; loading the file widens them."""
    import onnx

    onnx.save(_halved(onnx.load(path)), path)


def _halved(network: Any) -> Any:
    import onnx
    from onnx import numpy_helper

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
    return network
