"""The architectures' layers, and which network fits which environment."""

import pytest

from evolution.architectures import Architecture, ImageArchitecture, MlpArchitecture
from evolution.configuration import ArchitectureName
from evolution.environments import Actions, BoxActions, DiscreteActions, Environment, EnvironmentDescription
from evolution.layouts import UnsuitableArchitecture, layout, parameter_count, resolve_architecture


def describe(
    environment: str, shape: list[int], actions: Actions | None, fitting: list[str], problem: str | None = None
) -> EnvironmentDescription:
    return EnvironmentDescription(
        environment=Environment(id=environment),
        engine="exact-1",
        observation_shape=shape,
        actions=actions,
        frames_per_second=60,
        deterministic=True,
        architectures=fitting,
        problem=problem,
    )


FROSTBITE = describe("ALE/Frostbite-v5", [4, 84, 84], DiscreteActions(n=18), ["nature-dqn", "uber-large"])
CART_POLE = describe("CartPole-v1", [4], DiscreteActions(n=2), ["mlp"])
PENDULUM = describe("Pendulum-v1", [3], BoxActions(low=[-2.0], high=[2.0]), ["mlp"])


@pytest.mark.parametrize(
    ("architecture", "count"),
    [
        (ImageArchitecture(name="uber-large", actions=18), 4_052_658),
        (ImageArchitecture(name="nature-dqn", actions=18), 1_693_362),
        (MlpArchitecture(name="mlp", inputs=4, hidden=[64, 64], actions=2), 4610),
        (MlpArchitecture(name="mlp", inputs=6, hidden=[64, 64], actions=3), 4803),
        (MlpArchitecture(name="mlp", inputs=4, hidden=[], actions=2), 10),
    ],
)
def test_parameters_are_as_many_as_the_format_says(architecture: Architecture, count: int) -> None:
    assert parameter_count(architecture) == count


@pytest.mark.parametrize(("name", "sides"), [("uber-large", [21, 11, 11]), ("nature-dqn", [20, 9, 7])])
def test_convolutions_shrink_the_image_as_padded(name: ArchitectureName, sides: list[int]) -> None:
    architecture = resolve_architecture(name, [], FROSTBITE)
    side, seen = 84, []
    for layer in layout(architecture)[:3]:
        side = layer.output_side(side)
        seen.append(side)
    assert seen == sides
    assert layout(architecture)[3].inputs == 64 * side * side


def test_only_the_output_layer_starts_small_and_is_linear() -> None:
    for architecture in (
        ImageArchitecture(name="uber-large", actions=6),
        MlpArchitecture(name="mlp", inputs=5, hidden=[7, 8], actions=6),
    ):
        *hidden, output = layout(architecture)
        assert (output.gain, output.activation, output.outputs) == (0.1, "linear", 6)
        assert all(layer.gain == 1 and layer.activation != "linear" for layer in hidden)


def test_layers_follow_one_another() -> None:
    layers = layout(MlpArchitecture(name="mlp", inputs=5, hidden=[7, 8], actions=6))
    assert [layer.weight_shape for layer in layers] == [(7, 5), (8, 7), (6, 8)]
    assert [layer.fan_in for layer in layers] == [5, 7, 8]
    assert layout(ImageArchitecture(name="nature-dqn", actions=3))[0].weight_shape == (32, 4, 8, 8)
    assert layout(ImageArchitecture(name="nature-dqn", actions=3))[0].fan_in == 256


def test_a_network_takes_its_shape_from_the_environment() -> None:
    assert resolve_architecture("uber-large", [9], FROSTBITE) == ImageArchitecture(name="uber-large", actions=18)
    assert resolve_architecture("mlp", [9], CART_POLE) == MlpArchitecture(name="mlp", inputs=4, hidden=[9], actions=2)


def test_a_box_of_actions_has_one_output_for_each_number() -> None:
    assert resolve_architecture("mlp", [8], PENDULUM) == MlpArchitecture(
        name="mlp", inputs=3, hidden=[8], actions=1, box=True
    )


def test_observations_of_several_axes_are_flattened() -> None:
    grid = describe("Grid-v0", [3, 5, 2], DiscreteActions(n=4), ["mlp"])
    assert resolve_architecture("mlp", [], grid) == MlpArchitecture(name="mlp", inputs=30, hidden=[], actions=4)


def test_a_network_that_does_not_fit_is_refused_with_those_that_do() -> None:
    with pytest.raises(UnsuitableArchitecture, match=r"uber-large does not fit CartPole-v1.*choose mlp"):
        resolve_architecture("uber-large", [], CART_POLE)
    with pytest.raises(UnsuitableArchitecture, match=r"mlp does not fit ALE/Frostbite-v5.*choose nature-dqn, uber"):
        resolve_architecture("mlp", [64], FROSTBITE)


def test_an_image_network_needs_four_images_whatever_a_worker_says() -> None:
    wrong = describe("Odd-v0", [3, 84, 84], DiscreteActions(n=4), ["nature-dqn"])
    with pytest.raises(UnsuitableArchitecture, match="3 x 84 x 84"):
        resolve_architecture("nature-dqn", [], wrong)
    boxed = describe("Odd-v0", [4, 84, 84], BoxActions(low=[0.0], high=[1.0]), ["nature-dqn", "mlp"])
    with pytest.raises(UnsuitableArchitecture, match="box of actions: choose mlp"):
        resolve_architecture("nature-dqn", [], boxed)


def test_an_environment_that_no_policy_fits_says_why() -> None:
    dictionary = describe("Odd-v0", [], None, [], problem="its observations are a dictionary: wrap it")
    with pytest.raises(UnsuitableArchitecture, match="no policy fits Odd-v0: its observations are a dictionary"):
        resolve_architecture("mlp", [64], dictionary)
