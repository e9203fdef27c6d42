"""An export computes what torch does, without working out its padding for every picture."""

from __future__ import annotations

import collections

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from core.engine.backbones.torch_compat import import_timm
from core.engine.embedders.base import open_session
from core.engine.embedders.onnx_export import export_onnx, fixed_padding

SIZE = 37  # odd, so that the padding of each layer differs


@pytest.fixture(scope="module")
def network():
    import_timm()
    from timm.layers import create_conv2d

    torch.manual_seed(0)
    layers = [create_conv2d(3, 4, 3, stride=2, padding="same"), torch.nn.BatchNorm2d(4), torch.nn.ReLU()]
    layers += [create_conv2d(4, 8, 5, stride=2, padding="same", depthwise=True), torch.nn.BatchNorm2d(8)]
    return torch.nn.Sequential(*layers, torch.nn.Flatten())


@pytest.mark.parametrize("folded", [True, False])
def test_the_file_computes_what_torch_does_for_any_number_of_pictures(network, folded, tmp_path):
    export_onnx(network, torch.zeros(2, 3, SIZE, SIZE), tmp_path / "x.onnx", folded=folded)
    session = open_session(tmp_path / "x.onnx", threads=1)
    for n in (1, 3):
        pixels = torch.rand(n, 3, SIZE, SIZE)
        with torch.inference_mode():
            expected = network(pixels).numpy()
        np.testing.assert_allclose(session.run(None, {"pixels": pixels.numpy()})[0], expected, atol=1e-5)


def test_padding_is_part_of_the_convolution_that_runs(network, tmp_path):
    export_onnx(network, torch.zeros(2, 3, SIZE, SIZE), tmp_path / "x.onnx", folded=False)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(tmp_path / "runs.onnx")
    onnxruntime.InferenceSession(tmp_path / "x.onnx", options, providers=["CPUExecutionProvider"])
    kinds = collections.Counter(node.op_type for node in onnx.load(tmp_path / "runs.onnx").graph.node)
    assert sum(count for kind, count in kinds.items() if "Conv" in kind) == 2
    assert not {"Pad", "Ceil", "Shape"} & set(kinds)


def test_afterwards_the_module_is_as_it_was(network):
    small, large = torch.rand(1, 3, SIZE, SIZE), torch.rand(1, 3, 64, 64)
    keys = list(network.state_dict())
    with torch.inference_mode():
        before = network(small), network(large)
        with pytest.raises(ZeroDivisionError), fixed_padding(network, small):
            assert list(network.state_dict()) == keys
            assert torch.equal(network(small), before[0])
            raise ZeroDivisionError
        assert torch.equal(network(large), before[1])  # would be padded for the other size
