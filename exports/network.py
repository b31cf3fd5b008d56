"""A policy as an ONNX graph: from observations to action values."""

from collections.abc import Iterator

from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto
from onnx.checker import check_model
from onnx.helper import (
    make_graph,
    make_model,
    make_node,
    make_opsetid,
    make_tensor,
    make_tensor_value_info,
    set_model_props,
)
from onnx.numpy_helper import from_array

from evolution.architectures import IMAGE_SHAPE, Architecture, MlpArchitecture
from evolution.layouts import Layer, layout
from evolution.tensors import layer_names
from exports.identity import Identity
from exports.names import INPUT, OUTPUT

BATCH = "n"
BRIGHTEST = "brightest"
OPERATORS = 17
"""Version of the operators, and of the file: as old as can be, so that old runtimes read them (July 2022)."""
FILE_VERSION = 8
ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh"}


def write_onnx(policy: Identity) -> bytes:
    """A graph from `observation` to `action_values`, shape (n, actions), float32; the metadata are safetensors'.

    `observation`: shape (n, 4, 84, 84), uint8, oldest image first, or (n, inputs), float32.
    """
    model = _model(policy)
    check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def _model(policy: Identity) -> ModelProto:
    architecture = policy.chain.architecture
    layers = layout(architecture)
    constants = [from_array(tensor, name) for name, tensor in policy.tensors.items()]
    if _sees_images(layers):
        constants.append(make_tensor(BRIGHTEST, TensorProto.FLOAT, [], [255.0]))
    outputs = make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [BATCH, architecture.actions])
    nodes = _joined(list(_nodes(layers)))
    graph = make_graph(nodes, "policy", [_input(architecture)], [outputs], constants)
    model = make_model(
        graph,
        producer_name="neuroevolution",
        ir_version=FILE_VERSION,
        opset_imports=[make_opsetid("", OPERATORS)],
        doc_string=f"A policy for {policy.chain.environment.id}: the action of the largest value is played.",
    )
    set_model_props(model, policy.metadata())
    return model


def _input(architecture: Architecture) -> ValueInfoProto:
    if isinstance(architecture, MlpArchitecture):
        return make_tensor_value_info(INPUT, TensorProto.FLOAT, [BATCH, architecture.inputs])
    return make_tensor_value_info(INPUT, TensorProto.UINT8, [BATCH, *IMAGE_SHAPE])


def _nodes(layers: tuple[Layer, ...]) -> Iterator[NodeProto]:
    """The operations in order, each named after its layer, not yet joined: inputs are their constants alone."""
    if _sees_images(layers):
        yield make_node("Cast", [], [], "numbers", to=TensorProto.FLOAT)
        yield make_node("Div", [BRIGHTEST], [], "brightness")
    below = "dense"
    for name, layer in zip(layer_names(layers), layers, strict=True):
        constants = [f"{name}.weight", f"{name}.bias"]
        if layer.kind == "convolution":
            before, after = layer.padding
            pads, strides = [before, before, after, after], [layer.stride, layer.stride]
            yield make_node("Conv", constants, [], name, pads=pads, strides=strides)
        else:
            if below == "convolution":
                yield make_node("Flatten", [], [], "flatten", axis=1)
            yield make_node("Gemm", constants, [], name, transB=1)
        if layer.activation != "linear":
            yield make_node(ACTIVATIONS[layer.activation], [], [], f"{name}_{layer.activation}")
        below = layer.kind


def _joined(nodes: list[NodeProto]) -> list[NodeProto]:
    """Each node with the one before as its first input, from INPUT to OUTPUT."""
    above = INPUT
    for node in nodes:
        node.input.insert(0, above)
        above = OUTPUT if node is nodes[-1] else f"{node.name}_out"
        node.output.append(above)
    return nodes


def _sees_images(layers: tuple[Layer, ...]) -> bool:
    return layers[0].kind == "convolution"
