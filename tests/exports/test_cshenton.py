"""The exported network of a policy of 2018 gives the values that the format's own vectors give for it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from evolution.chains import SeedChain, parse_chain
from evolution.expansion import expand
from exports import export_policy
from policies import shipped
from tests.exports.conftest import policy, runtime
from worker.modules import build_module

VECTORS = Path(__file__).parents[1] / "unit" / "evolution" / "cshenton-vectors.json"
SCREEN = "screen (y, x, c) = (3 y + 5 x + 7 c) mod 256"


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    outputs: dict[str, Any] = json.loads(VECTORS.read_text(encoding="utf-8"))["outputs"]
    return outputs


@pytest.fixture(scope="module")
def champion(golden: dict[str, Any]) -> SeedChain:
    return parse_chain(shipped()[golden["policy"]])


@pytest.fixture(scope="module")
def screen() -> NDArray[np.uint8]:
    """A batch of one."""
    row, column, colour = np.meshgrid(np.arange(210), np.arange(160), np.arange(3), indexing="ij")
    return ((3 * row + 5 * column + 7 * colour) % 256).astype(np.uint8)[None]


def test_the_onnx_network_gives_the_golden_values(
    champion: SeedChain, golden: dict[str, Any], screen: NDArray[np.uint8]
) -> None:
    (values,) = runtime(export_policy(champion, "onnx").data)(screen)
    np.testing.assert_allclose(values, golden[SCREEN], rtol=golden["relative_tolerance"])


def test_the_module_gives_the_golden_values(
    champion: SeedChain, golden: dict[str, Any], screen: NDArray[np.uint8]
) -> None:
    (values,) = build_module(champion.architecture, expand(champion))(torch.from_numpy(screen)).numpy()
    np.testing.assert_allclose(values, golden[SCREEN], rtol=golden["relative_tolerance"])


def test_the_card_tells_of_the_format_and_of_what_the_files_hold() -> None:
    card = export_policy(policy("cshenton-2018"), "card").data.decode()
    assert "a chain of 2 random seeds in format `cshenton-2018`: 2 for mutations" in card
    assert "(210, 160, 3)" in card
    assert "1 / sqrt(1.001)" in card
    assert "drawn by the environment" in card
    assert "4,439,552 parameters" in card
