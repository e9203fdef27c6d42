"""A classifier as ONNX, for programs that know nothing of this one: the head alone, or all from pixels on."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np

from core.classifier.model.files import Classifier
from core.engine.backbones import get, model_dir
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
    return _described(_head_model(classifier), classifier).SerializeToString()


def whole_onnx(classifier: Classifier) -> bytes:
    """Backbone and head: `pixels` (b, 3, size, size) float32, prepared -> `probabilities` (b, classes).

    How pictures are prepared (size, mean, std, resize mode) is in the model's metadata.

    Raises:
        DataError: The onnx package is missing, or the backbone has no ONNX file.
        ArtifactError: The backbone's file is missing or damaged.
    """
    head = _head_model(classifier)
    from onnx import compose

    tower = _tower(classifier)
    inside, outside = tower.graph.output[0].name, f"{_HEAD}embeddings"
    tower = _normalised(tower, inside)
    head = compose.add_prefix(head, _HEAD)
    head.ir_version = tower.ir_version
    merged = compose.merge_models(tower, head, io_map=[(f"{inside}_normalised", outside)])
    _rename_output(merged, "probabilities")
    return _described(merged, classifier).SerializeToString()


def _require_onnx() -> None:
    if not available():
        raise DataError("ONNX files need the onnx package. Run: pip install -r requirements-dev.txt")


def _head_model(classifier: Classifier) -> Any:
    _require_onnx()
    from onnx import TensorProto, checker, helper, numpy_helper

    nodes, weights, last = [], [], "embeddings"
    layers = classifier.head.layers
    for n, (weight, bias) in enumerate(layers):
        weights += [numpy_helper.from_array(np.ascontiguousarray(weight), f"weight{n}")]
        weights += [numpy_helper.from_array(np.ascontiguousarray(bias), f"bias{n}")]
        nodes.append(helper.make_node("Gemm", [last, f"weight{n}", f"bias{n}"], [f"gemm{n}"]))
        last = f"gemm{n}"
        if n < len(layers) - 1:
            nodes.append(helper.make_node("Relu", [last], [f"relu{n}"]))
            last = f"relu{n}"
    nodes.append(helper.make_node("Softmax", [last], ["probabilities"], axis=1))
    given = helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["batch", classifier.head.dim])
    answer = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", classifier.head.n_classes])
    graph = helper.make_graph(nodes, "classifier", [given], [answer], weights)
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
        raise DataError(f"{get(classifier.backbone).title} has no ONNX file, so only the head can be exported.")
    return onnx.load(Path(verified(file)))


def _normalised(tower: Any, output: str) -> Any:
    """The tower with its output's rows divided by their lengths, as `Embedder` does it."""
    from onnx import helper

    node = helper.make_node("LpNormalization", [output], [f"{output}_normalised"], axis=1, p=2)
    tower.graph.node.append(node)
    tower.graph.output[0].name = f"{output}_normalised"
    return tower


def _rename_output(model: Any, name: str) -> None:
    old = model.graph.output[0].name
    for node in model.graph.node:
        node.output[:] = [name if output == old else output for output in node.output]
    model.graph.output[0].name = name


def _described(model: Any, classifier: Classifier) -> Any:
    from onnx import helper

    record = get(classifier.backbone)
    preparation = {"size": record.input_size, "mean": record.mean, "std": record.std, "resize": record.resize_mode}
    facts = {"labels": classifier.labels, "backbone": classifier.backbone, "preparation": preparation}
    helper.set_model_props(model, {name: json.dumps(value, ensure_ascii=False) for name, value in facts.items()})
    return model
