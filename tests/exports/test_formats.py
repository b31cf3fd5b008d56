"""Which formats there are, and what cannot be written."""

import subprocess
import sys
from pathlib import Path

import pytest

from evolution.architectures import MlpArchitecture
from evolution.chains import SeedChain, policy_id, read_chain
from evolution.environments import Environment
from exports import EXPORTS, MissingPackage, TooManyParameters, UnknownExport, export_policy
from tests.exports.conftest import policy

HUGE = SeedChain(
    architecture=MlpArchitecture(name="mlp", inputs=1_000_000, hidden=[65536], actions=2),
    environment=Environment(id="CartPole-v1"),
    seeds=[1],
    power=0,
)
WITHOUT_TORCH = """
import sys
from evolution.chains import read_chain
from exports import EXPORTS, export_policy
chain = read_chain(sys.stdin.read())
assert all(export_policy(chain, format).data for format in EXPORTS)
assert not {"torch", "numba", "worker", "server", "onnxruntime"} & sys.modules.keys()
"""


def test_the_document_is_read_as_the_same_chain_with_what_it_kept_along() -> None:
    document = policy("mlp").document() | {"name": "Ötzi", "note": {"a": [1]}}
    chain = SeedChain.model_validate(document)
    export = export_policy(chain, "json")
    assert read_chain(export.data) == chain
    assert export.media_type == "application/json"


@pytest.mark.parametrize(
    ("format", "name"), [("json", "cartpole-v1-{}.json"), ("onnx", "cartpole-v1-{}.onnx"), ("card", "README.md")]
)
def test_a_file_is_named_after_its_environment_and_policy(format: str, name: str) -> None:
    chain = policy("mlp")
    assert export_policy(chain, format).file_name == name.format(policy_id(chain)[:8])


def test_a_name_never_leads_out_of_a_folder() -> None:
    odd = policy("mlp", "../../etc/pass wd")
    assert export_policy(odd, "json").file_name.startswith("pass-wd-")


def test_an_unknown_format_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownExport, match="'pickle': choose one of json, safetensors, onnx, card"):
        export_policy(policy("mlp"), "pickle")


@pytest.mark.parametrize("format", ["safetensors", "onnx", "card"])
def test_weights_too_many_for_a_file_are_refused_before_they_are_made(format: str) -> None:
    with pytest.raises(TooManyParameters, match="format json"):
        export_policy(HUGE, format)
    assert export_policy(HUGE, "json").data


@pytest.mark.parametrize(("format", "module"), [("onnx", "exports.network"), ("safetensors", "exports.weights")])
def test_a_missing_package_is_named_with_what_installs_it(
    format: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == format]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, format, None)
    with pytest.raises(MissingPackage, match=rf"{format} is needed.*pip install 'neuroevolution\[export\]'"):
        export_policy(policy("mlp"), format)
    assert export_policy(policy("mlp"), "card").data


def test_exports_are_made_without_torch_and_kernels() -> None:
    document = export_policy(policy("nature-dqn"), "json").data.decode()
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", WITHOUT_TORCH], input=document, text=True, check=True, cwd=root)
    assert set(EXPORTS) == {"json", "safetensors", "onnx", "card"}
