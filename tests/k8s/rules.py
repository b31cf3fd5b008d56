"""All that the manifests must keep to."""

from collections.abc import Callable, Iterator

from tests.k8s import fleet_rules, network_rules, pod_rules, wiring_rules
from tests.k8s.manifests import Document

RULES: tuple[Callable[[list[Document]], Iterator[str]], ...] = (
    pod_rules.image_complaints,
    pod_rules.privilege_complaints,
    pod_rules.resource_complaints,
    pod_rules.volume_complaints,
    pod_rules.durability_complaints,
    pod_rules.account_complaints,
    pod_rules.selector_complaints,
    wiring_rules.namespace_complaints,
    wiring_rules.service_complaints,
    wiring_rules.probe_complaints,
    wiring_rules.environment_complaints,
    wiring_rules.secret_complaints,
    wiring_rules.power_complaints,
    wiring_rules.address_complaints,
    fleet_rules.setting_complaints,
    fleet_rules.spot_complaints,
    fleet_rules.lifetime_complaints,
    network_rules.inner_complaints,
    network_rules.outer_complaints,
)


def complaints(documents: list[Document]) -> list[str]:
    """Everything that is wrong with them, one sentence each."""
    return [complaint for rule in RULES for complaint in rule(documents)]
