"""The weights that files hold are those of the module of torch, bit for bit, whichever the network."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import onnx.numpy_helper
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load

from evolution.chains import SeedChain, parse_chain, policy_id
from evolution.expansion import expand
from exports import export_policy
from tests.exports.conftest import observations, policy, runtime
from worker.modules import build_module


def test_safetensors_load_into_the_module_and_equal_it_bit_for_bit(chain: SeedChain) -> None:
    tensors = load(export_policy(chain, "safetensors").data)
    module = build_module(chain.architecture, expand(chain))
    empty = build_module(chain.architecture, np.zeros_like(expand(chain)))
    assert [name for name, _ in module.named_parameters()] == list(module.state_dict())
    assert all(torch.equal(tensors[name], tensor) for name, tensor in module.state_dict().items())
    empty.load_state_dict(tensors, strict=True)
    seen = torch.from_numpy(observations(chain, 2))
    assert torch.equal(empty(seen), module(seen))


def test_the_onnx_graphs_weights_equal_the_modules_bit_for_bit(chain: SeedChain) -> None:
    graph = onnx.load_from_string(export_policy(chain, "onnx").data).graph
    found = {constant.name: onnx.numpy_helper.to_array(constant) for constant in graph.initializer}
    module = build_module(chain.architecture, expand(chain))
    for name, tensor in module.state_dict().items():
        assert found[name].tobytes() == tensor.numpy().tobytes()
    assert set(found) - set(module.state_dict()) <= {"divisor"}


def test_the_onnx_graph_is_valid_and_takes_batches_of_any_size(chain: SeedChain) -> None:
    export = export_policy(chain, "onnx")
    onnx.checker.check_model(export.data, full_check=True)
    run, module = runtime(export.data), build_module(chain.architecture, expand(chain))
    for count in (1, 3):
        seen = observations(chain, count)
        wanted = module(torch.from_numpy(seen)).numpy()
        assert wanted.shape == (count, chain.architecture.actions)
        np.testing.assert_allclose(run(seen), wanted, atol=1e-5 * np.abs(wanted).max(), rtol=1e-4)


@pytest.mark.parametrize("name", ["nature-dqn", "mlp"])
def test_files_of_weights_say_which_policy_they_hold(name: str) -> None:
    chain = policy(name)
    model = onnx.load_from_string(export_policy(chain, "onnx").data)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    length = int.from_bytes(export_policy(chain, "safetensors").data[:8], "little")
    header = json.loads(export_policy(chain, "safetensors").data[8 : 8 + length])
    assert header["__metadata__"] == metadata | {"format": "pt"}
    assert metadata["policy"] == policy_id(chain)
    assert parse_chain(json.loads(metadata["document"])) == chain
    assert metadata["parameters_sha256"] == hashlib.sha256(expand(chain).astype("<f4").tobytes()).hexdigest()
    assert ("half precision" in metadata["note"]) == (name == "nature-dqn")


@pytest.mark.parametrize("format", ["json", "safetensors", "onnx", "card"])
def test_an_export_is_the_same_bytes_every_time(format: str) -> None:
    assert len({export_policy(policy("mlp"), format).data for _ in range(5)}) == 1


def test_a_safetensors_file_can_be_opened_lazily(tmp_path: Path) -> None:
    file = tmp_path / "policy.safetensors"
    file.write_bytes(export_policy(policy("mlp"), "safetensors").data)
    with safe_open(file, framework="pt") as opened:
        assert opened.metadata()["policy"] == policy_id(policy("mlp"))
        assert opened.get_tensor("dense1.weight").shape == (16, 4)


def test_only_the_weights_that_play_rounds_differ_from_the_parameters() -> None:
    chain = policy("nature-dqn")
    tensors, parameters, start = load(export_policy(chain, "safetensors").data), expand(chain), 0
    for name in build_module(chain.architecture, parameters).state_dict():
        flat = tensors[name].numpy().ravel()
        made = parameters[start : start + len(flat)]
        if name == "dense1.weight":
            assert (flat == made.astype(np.float16)).all()
            assert not (flat == made).all()
        else:
            assert (flat == made).all()
        start += len(flat)
    assert start == len(parameters)
