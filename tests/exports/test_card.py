"""The model card names what it must, and its code runs."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evolution.architectures import MlpArchitecture
from evolution.chains import SeedChain, parse_chain, policy_id
from evolution.environments import Environment
from exports import export_policy
from tests.exports.conftest import policy

SENTENCES = [
    "ALE/Frostbite-v5",
    "philox-1",
    "arXiv 1712.06567",
    "nature-dqn",
    "replay.mp4",
    "half precision",
    "license:",
]


@dataclass(frozen=True)
class Episodes:
    mean: float = 1536.2
    sd: float | None = 874.0
    n: int = 30
    distinct: int = 29
    source: str = "test"
    protocol: str = "sticky actions 0.25, 5,000 steps"


def card(chain: SeedChain, *scores: Episodes) -> str:
    return export_policy(chain, "card", scores).data.decode()


def front_matter(text: str) -> list[str]:
    _, front, _ = text.split("---\n", 2)
    return front.splitlines()


def test_the_card_names_environment_format_network_paper_video_and_rounding() -> None:
    chain = policy("nature-dqn", "ALE/Frostbite-v5")
    text = card(chain)
    assert all(sentence in text for sentence in [*SENTENCES, policy_id(chain)])
    assert all(extension in text for extension in (".json", ".onnx", ".safetensors"))
    assert export_policy(chain, "card").file_name == "README.md"


def test_the_front_matter_leaves_the_licence_and_tags_the_environment() -> None:
    lines = front_matter(card(policy("nature-dqn", "ALE/Frostbite-v5")))
    assert not [line for line in lines if line.startswith("license")]
    assert "pipeline_tag: reinforcement-learning" in lines
    assert '- "ALE/Frostbite-v5"' in lines


def test_scores_are_told_with_spread_episodes_and_protocol() -> None:
    text = card(policy("mlp"), Episodes(), Episodes(sd=None, n=1, distinct=1, source="job", protocol="other | rules"))
    assert "| 1,536.2 | 874.0 | 30 | 29 | test | sticky actions 0.25, 5,000 steps |" in text
    assert "| 1,536.2 | – | 1 | 1 | job | other \\| rules |" in text
    assert '{type: mean_reward, value: "1536.20 +/- 874.00", name: mean_reward, verified: false}' in text
    assert "None were given" in card(policy("mlp"))


def test_the_card_holds_the_chain_itself() -> None:
    chain = policy("mlp")
    (document,) = re.findall(r"```json\n(.*?)\n```", card(chain), flags=re.DOTALL)
    assert policy_id(parse_chain(json.loads(document))) == policy_id(chain)


def test_what_a_documents_author_wrote_cannot_become_markup() -> None:
    document = policy("mlp").document() | {"name": "# nice\n<script>alert(1)</script> [x](y)"}
    title = next(line for line in card(parse_chain(document)).splitlines() if line.startswith("# ") and "nice" in line)
    assert title == r"# \# nice \<script\>alert(1)\</script\> \[x\](y)"
    odd = SeedChain(
        architecture=MlpArchitecture(name="mlp", inputs=1, hidden=[], actions=1),
        environment=Environment(id='We`ird "id": {x}\\-v0'),
        seeds=[1],
        power=0,
    )
    assert '- "We`ird \\"id\\": {x}\\\\-v0"' in front_matter(card(odd))


def test_an_image_network_of_another_environment_has_a_card_too() -> None:
    assert "(4, 84, 84)" in card(policy("nature-dqn", "CartPole-v1"))


@pytest.mark.parametrize("name", ["onnx", "safetensors"])
def test_the_cards_code_loads_the_files(
    chain: SeedChain, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = export_policy(chain, name)
    (tmp_path / export.file_name).write_bytes(export.data)
    monkeypatch.chdir(tmp_path)
    (code,) = [
        block for block in re.findall(r"```python\n(.*?)\n```", card(chain), re.DOTALL) if export.file_name in block
    ]
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["action_values"].shape == (1, chain.architecture.actions)


def test_the_code_for_a_box_maps_values_to_its_bounds() -> None:
    class Space:
        low, high = np.array([-2.0, 0.0]), np.array([2.0, 1.0])

    class Game:
        action_space = Space

    (*_, code) = re.findall(r"```python\n(.*?)\n```", card(policy("box")), re.DOTALL)
    names: dict[str, Any] = {"np": np, "environment": Game, "action_values": [[0.0, 100.0]]}
    exec(code, names)
    assert names["action"].tolist() == [0, 1]
