"""A classifier as ONNX, for programs that know nothing of this one: the head alone, or all from pixels on."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np

from core.classifier.model.classifier import Classifier
from core.engine.backbones import Backbone, get, model_dir
from core.engine.embedders.base import scaled_side
from core.engine.files.manifest import verified
from core.errors import DataError

OPSET = 18
_HEAD = "head_"


def available() -> bool:
    """Whether ONNX files can be made here: that needs the onnx package."""
    return importlib.util.find_spec("onnx") is not None


def head_onnx(classifier: Classifier) -> bytes:
    """The head: `embeddings` (b, dim) float32, L2-normalised -> `probabilities` (b, classes).

    Raises:
        DataError: The onnx package is missing.
    """
    return _described(_head_model(classifier, "embeddings", normalised=True), classifier)


def whole_onnx(classifier: Classifier) -> bytes:
    """Backbone and head: `pixels` (b, 3, size, size) float32, prepared -> `probabilities` (b, classes).

    How pictures are prepared is in the model's metadata; see `preparation_of`.

    Raises:
        DataError: The onnx package is missing, or the backbone has no ONNX file.
        ArtifactError: The backbone's file is missing or damaged.
    """
    head = _head_model(classifier, f"{_HEAD}embeddings", normalised=False)
    from onnx import compose

    tower = _tower(classifier)
    head.ir_version = tower.ir_version
    joint = [(tower.graph.output[0].name, f"{_HEAD}embeddings")]
    return _described(compose.merge_models(tower, head, io_map=joint), classifier)


def _head_model(classifier: Classifier, given: str, normalised: bool) -> Any:
    """The head with an input of that name, whose rows are L2-normalised already or are to be, as `Embedder` does it."""
    if not available():
        raise DataError("classifier.no-onnx-package")
    from onnx import TensorProto, checker, helper, numpy_helper

    nodes, weights, last = [], [], given

    def add(operator: str, *others: str, output: str, **settings: Any) -> None:
        nonlocal last
        nodes.append(helper.make_node(operator, [last, *others], [output], **settings))
        last = output

    if not normalised:
        add("LpNormalization", output=f"{_HEAD}normalised", axis=1, p=2)
    layers = classifier.head.layers
    for n, layer in enumerate(layers):
        names = [f"{_HEAD}weight{n}", f"{_HEAD}bias{n}"]
        weights += [numpy_helper.from_array(np.ascontiguousarray(a), b) for a, b in zip(layer, names, strict=True)]
        add("Gemm", *names, output=f"{_HEAD}gemm{n}")
        if n < len(layers) - 1:
            add("Relu", output=f"{_HEAD}relu{n}")
    add("Softmax", output="probabilities", axis=1)
    takes = helper.make_tensor_value_info(given, TensorProto.FLOAT, ["batch", classifier.head.dim])
    answer = helper.make_tensor_value_info(last, TensorProto.FLOAT, ["batch", classifier.head.n_classes])
    graph = helper.make_graph(nodes, "classifier", [takes], [answer], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="vitrine")
    model.ir_version = min(model.ir_version, 10)
    checker.check_model(model)
    return model


def _tower(classifier: Classifier) -> Any:
    import onnx

    if classifier.tower:
        return onnx.load_from_string(classifier.tower)
    file = model_dir(classifier.backbone) / "image.onnx"
    if not file.is_file():
        raise DataError("classifier.no-onnx-file", title=get(classifier.backbone).title)
    return onnx.load(Path(verified(file)))


def preparation_of(record: Backbone) -> dict[str, object]:
    """All that somebody must know who prepares pictures without this program; JSON values.

    Returns:
        "colours" and "layout" of the pixels, "resize" ("squash": both sides to "resize_to"; "shortest": the shorter
        one, the other in proportion, rounded down), "interpolation" (as Pillow does it, which smooths before it makes
        smaller), "crop" and "size" of the square that is left (its corner at half of what is left over, rounded as
        "crop_rounding" says), "scale" that comes before "mean" and "std".
    """
    return {
        "colours": "RGB",
        "layout": "NCHW",
        "resize": record.resize_mode,
        "resize_to": scaled_side(record),
        "interpolation": record.interpolation,
        "antialias": True,
        "crop": "centre",
        "crop_rounding": "half to even",
        "size": record.input_size,
        "scale": 1 / 255,
        "mean": record.mean,
        "std": record.std,
    }


def _described(model: Any, classifier: Classifier) -> bytes:
    from onnx import helper

    preparation = preparation_of(get(classifier.backbone))
    facts = {"labels": classifier.labels, "backbone": classifier.backbone, "preparation": preparation}
    helper.set_model_props(model, {name: json.dumps(value, ensure_ascii=False) for name, value in facts.items()})
    content: bytes = model.SerializeToString()
    return content
