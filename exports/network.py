"""A policy as an ONNX graph: from observations to action values."""

from collections.abc import Iterator, Sequence

from onnx import ModelProto, NodeProto, TensorProto
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

from evolution.tensors import NamedLayer, named_layers
from exports.identity import Identity
from exports.names import INPUT, OUTPUT
from exports.observations import Observation, observation_of

BATCH = "n"
DIVISOR = "divisor"
OPERATORS = 17
"""Version of the operators, and of the file: as old as can be, so that old runtimes read them (July 2022)."""
FILE_VERSION = 8
ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh"}


def write_onnx(policy: Identity) -> bytes:
    """A graph from `observation` to `action_values`, shape (n, actions), float32; the metadata are safetensors'.

    `observation`: shape (n, 4, 84, 84), uint8, oldest image first, or (n, 210, 160, 3), uint8, or (n, inputs), float32.
    """
    model = _model(policy)
    check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _model(policy: Identity) -> ModelProto:
    architecture = policy.chain.architecture
    sight, layers = observation_of(architecture), named_layers(architecture)
    constants = [from_array(tensor, name) for name, tensor in policy.tensors.items()]
    if sight.divisor != 1:
        constants.append(make_tensor(DIVISOR, TensorProto.FLOAT, [], [float(sight.divisor)]))
    kind = TensorProto.UINT8 if sight.is_bytes else TensorProto.FLOAT
    inputs = make_tensor_value_info(INPUT, kind, [BATCH, *sight.shape])
    outputs = make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [BATCH, architecture.actions])
    nodes = _joined([*_numbers(sight), *_layers(layers)])
    graph = make_graph(nodes, "policy", [inputs], [outputs], constants)
    model = make_model(
        graph,
        producer_name="neuroevolution",
        ir_version=FILE_VERSION,
        opset_imports=[make_opsetid("", OPERATORS)],
        doc_string=f"A policy for {policy.chain.environment.id}: the action of the largest value is played.",
    )
    set_model_props(model, policy.metadata())
    return model


def _numbers(sight: Observation) -> Iterator[NodeProto]:
    """From an observation to what the first layer takes, not yet joined, as `_layers`."""
    if sight.colours_last:
        yield make_node("Transpose", [], [], "colours_first", perm=[0, 3, 1, 2])
    if sight.is_bytes:
        yield make_node("Cast", [], [], "numbers", to=TensorProto.FLOAT)
    if sight.divisor != 1:
        yield make_node("Div", [DIVISOR], [], "brightness")


def _layers(layers: Sequence[NamedLayer]) -> Iterator[NodeProto]:
    """The operations in order, each named after its layer, not yet joined: inputs are their constants alone."""
    below = "dense"
    for layer in layers:
        constants = [f"{layer.name}.weight", *([f"{layer.name}.bias"] if layer.has_biases else [])]
        if layer.kind == "convolution":
            above, under, left, right = layer.padding
            pads, strides = [above, left, under, right], [layer.stride, layer.stride]
            yield make_node("Conv", constants, [], layer.name, pads=pads, strides=strides)
        else:
            if below == "convolution":
                yield make_node("Flatten", [], [], "flatten", axis=1)
            yield make_node("Gemm", constants, [], layer.name, transB=1)
        if layer.activation != "linear":
            yield make_node(ACTIVATIONS[layer.activation], [], [], f"{layer.name}_{layer.activation}")
        below = layer.kind


def _joined(nodes: list[NodeProto]) -> list[NodeProto]:
    """Each node with the one before as its first input, from INPUT to OUTPUT."""
    above = INPUT
    for node in nodes:
        node.input.insert(0, above)
        above = OUTPUT if node is nodes[-1] else f"{node.name}_out"
        node.output.append(above)
    return nodes
