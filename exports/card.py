"""A model card for a model hub: what the policy is, how well it plays, how it was made, how to load it.

Front matter as Hugging Face's hub reads it: `model-index` holds the scores, and a video named replay.mp4 beside the
card is shown on the model's page.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Protocol

from evolution.architectures import MlpArchitecture
from evolution.chains import IDENTITY, SeedChain
from exports.identity import Identity, file_stem
from exports.observations import describe_sight
from exports.snippets import BOX_CODE, onnx_code, torch_code

VIDEO = "replay.mp4"
"""The name by which the hub knows a video of an agent."""
MOST_SEEDS = 1000
"""A longer chain is in its document alone."""
SEED_BYTES = WEIGHT_BYTES = 4
PAPER = "Such et al. 2017, *Deep Neuroevolution* ([arXiv 1712.06567](https://arxiv.org/abs/1712.06567))"
ARCHITECTURES = {
    "uber-large": "the large network of that paper",
    "nature-dqn": "the network of Mnih et al. 2015, *Human-level control through deep reinforcement learning* "
    "([doi 10.1038/nature14236](https://doi.org/10.1038/nature14236))",
    "mlp": "dense layers with tanh between them",
    "cshenton-2018": "two convolutions and two dense layers on one screen in colour, without biases",
}


class Score(Protocol):
    """Episodes of the policy under one protocol, in game points. Only scores of one protocol may be compared."""

    @property
    def mean(self) -> float: ...
    @property
    def sd(self) -> float | None:
        """Sample deviation; None of a single episode."""

    @property
    def n(self) -> int:
        """Episodes."""

    @property
    def distinct(self) -> int:
        """Different ones among them."""

    @property
    def source(self) -> str:
        """validation, test, job or document."""

    @property
    def protocol(self) -> str: ...


def card_of(policy: Identity, scores: Sequence[Score] = (), replay: str | None = None) -> str:
    """Markdown with YAML front matter. The licence is left to the one who publishes.

    `replay`: what the video beside the card shows, in words; None: there is none yet.
    """
    sections = [
        _front_matter(policy, scores),
        _opening(policy, replay),
        _scores(scores),
        _making(policy),
        _loading(policy),
        f"## What it sees\n\n{describe_sight(policy.chain)}",
        _chain(policy.chain),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _front_matter(policy: Identity, scores: Sequence[Score]) -> str:
    """Values are written as JSON, which YAML reads."""
    chain = policy.chain
    tags = ["reinforcement-learning", "deep-reinforcement-learning", "neuroevolution", "genetic-algorithm", "onnx"]
    lines = [
        "---",
        "# license: choose one, for example cc-by-4.0, and remove the sign before this line",
        "library_name: neuroevolution",
        "pipeline_tag: reinforcement-learning",
        "tags:",
        *(f"- {_json(tag)}" for tag in [*tags, "safetensors", chain.environment.id]),
        *(_model_index(policy, scores) if scores else []),
        "---",
    ]
    return "\n".join(lines)


def _model_index(policy: Identity, scores: Sequence[Score]) -> Iterator[str]:
    environment = policy.chain.environment.id
    yield "model-index:"
    yield f"- name: {_json(file_stem(policy.chain))}"
    yield "  results:"
    for score in scores:
        spread = f" +/- {score.sd:.2f}" if score.sd is not None else ""
        yield "  - task: {type: reinforcement-learning, name: reinforcement-learning}"
        yield f"    dataset: {{name: {_json(f'{environment} ({score.protocol})')}, type: {_json(environment)}}}"
        yield "    metrics:"
        value = _json(f"{score.mean:.2f}{spread}")
        yield f"    - {{type: mean_reward, value: {value}, name: mean_reward, verified: false}}"


def _opening(policy: Identity, replay: str | None) -> str:
    chain = policy.chain
    making = (
        f"put the video beside this card under that name (`neuroevo policy record {file_stem(chain)}.json {VIDEO}`)."
    )
    name = (chain.model_extra or {}).get("name")
    title = _plain(name) if isinstance(name, str) and name.strip() else f"A policy for {_plain(chain.environment.id)}"
    return (
        f"# {title}\n\n"
        f"An evolved network that plays {_code(chain.environment.id)}. It was not trained by gradients: a genetic "
        f"algorithm chose it among mutants of mutants.\n\n"
        f"[Watch an episode]({VIDEO}): {making if replay is None else _plain(replay)}\n\n"
        f"Policy {_code(policy.id)}"
    )


def _scores(scores: Sequence[Score]) -> str:
    if not scores:
        return "## Scores\n\nNone were given with this card. `neuroevo policy evaluate` plays episodes."
    rows = [
        f"| {_number(score.mean)} | {_number(score.sd)} | {score.n} | {score.distinct} | {_plain(score.source)} "
        f"| {_plain(score.protocol)} |"
        for score in scores
    ]
    header = "| mean | sd | episodes | distinct | source | protocol |\n|---|---|---|---|---|---|"
    return (
        "## Scores\n\nUnclipped game points; sd is the sample deviation. Scores of different protocols are not to be "
        "compared.\n\n" + "\n".join([header, *rows])
    )


def _making(policy: Identity) -> str:
    chain, count = policy.chain, sum(tensor.size for tensor in policy.tensors.values())
    powers = ", ".join(f"{power:g}" for power in sorted(set(chain.powers))) or "none"
    facts = [
        f"Network: `{chain.architecture.name}`, {ARCHITECTURES[chain.architecture.name]}; {count:,} parameters.",
        f"Standard deviation of the mutations: {powers}.",
        f"Environment: {_code(chain.environment.id)} with options {_code(_json(chain.environment.options))}.",
        f"SHA-256 of its parameters, as `neuroevo policy show` tells: `{policy.parameters_sha256}`.",
        *([f"In the files of weights {policy.alteration}."] if policy.alteration else []),
    ]
    return (
        f"## How it was made\n\nThe method is the genetic algorithm of {PAPER}. {_descent(chain)} "
        f"{len(chain.seeds) * SEED_BYTES:,} bytes stand for {count * WEIGHT_BYTES:,} bytes of weights.\n\n"
        + "\n".join(f"- {fact}" for fact in facts)
    )


def _descent(chain: SeedChain) -> str:
    initial = "one for the initial weights, " if chain.mutations < len(chain.seeds) else ""
    return (
        f"The policy *is* a chain of {len(chain.seeds)} random seeds in format `{chain.format}`: {initial}"
        f"{chain.mutations} for mutations."
    )


def _loading(policy: Identity) -> str:
    chain, stem = policy.chain, file_stem(policy.chain)
    parts = [
        "## How to load it",
        f"**The chain**, `{stem}.json`, with neuroevolution:",
        f"```sh\nneuroevo policy evaluate {stem}.json --episodes 30\nneuroevo policy record {stem}.json {VIDEO}\n```",
        f"**ONNX**, `{stem}.onnx`, with ONNX Runtime:",
        f"```python\n{onnx_code(chain, f'{stem}.onnx')}\n```",
        f"**safetensors**, `{stem}.safetensors`, with PyTorch:",
        f"```python\n{torch_code(chain, f'{stem}.safetensors')}\n```",
    ]
    return "\n\n".join([*parts, *([_box_note()] if _is_box(chain) else [])])


def _chain(chain: SeedChain) -> str:
    if len(chain.seeds) > MOST_SEEDS:
        return ""
    identity = {name: value for name, value in chain.document().items() if name in IDENTITY}
    return f"## The whole policy\n\n```json\n{_json(identity)}\n```"


def _box_note() -> str:
    return (
        "The values become actions by the bounds of the environment's action space, which the chain does not hold:\n\n"
        f"```python\n{BOX_CODE}\n```"
    )


def _is_box(chain: SeedChain) -> bool:
    return isinstance(chain.architecture, MlpArchitecture) and chain.architecture.box


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _plain(text: str) -> str:
    """The text in one line of Markdown, none of it markup."""
    line = " ".join(text.split())[:200]
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]<>|#" else sign for sign in line)


def _code(text: str) -> str:
    fence = "``" if "`" in text else "`"
    return f"{fence} {text} {fence}" if fence == "``" else f"`{text}`"
