"""All policies of a stack. The ids are those of the policy pack; what stands here holds at the API server too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.base.admission import entrances, networks, pod_security_levels, requesters, rights
from components.base.admission.gpus import GPU_CHECKS
from components.base.admission.images import (
    OPERATOR_IMAGES,
    OPERATOR_RESOURCES,
    PINNED_IMAGE_CHECKS,
    POD_IMAGES,
    image_checks,
)
from components.base.admission.model_server_variables import MODEL_SERVER_VARIABLES
from components.base.admission.model_servers import model_server_checks
from components.base.admission.own_pods import OWN_POD_CHECKS
from components.base.admission.pod_standards import POD_STANDARD_CHECKS
from components.base.admission.pod_templates import POD_RESOURCES, POD_VARIABLES
from components.base.admission.policy import AdmissionPolicy, Check, Resources
from components.base.labels import COMPONENT


@dataclass(frozen=True, kw_only=True)
class AdmissionFacts:
    """What a stack knows. `registries`: hosts, or hosts with a path prefix, that images may come from.

    `privileged_namespaces`: namespaces that a named exception makes privileged. `remote_code`: models, by name, whose
    repository's code may run. `excepted_roles`: ClusterRoles that an exception of RBAC-04 names.
    """

    registries: frozenset[str]
    privileged_namespaces: frozenset[str]
    remote_code: frozenset[str]
    excepted_roles: frozenset[str] = frozenset()


def admission_policies(facts: AdmissionFacts) -> tuple[AdmissionPolicy, ...]:
    """The policies of one stack, each with a name of its own."""
    return (
        _of_pods(
            "pods",
            (*POD_STANDARD_CHECKS, *PINNED_IMAGE_CHECKS, *image_checks(facts.registries), *GPU_CHECKS),
            POD_IMAGES,
        ),
        _of_pods("own-pods", OWN_POD_CHECKS, own=True),
        # A pod becomes a model's by its label alone.
        _of_pods("model-servers", model_server_checks(facts.remote_code), MODEL_SERVER_VARIABLES, _COMPONENT_LABEL),
        AdmissionPolicy(
            name="operator-images",
            resources=OPERATOR_RESOURCES,
            variables=OPERATOR_IMAGES,
            checks=image_checks(facts.registries),
            conditions=_conditions("spec", own=False),
        ),
        _policy("model-services", entrances.SERVICES, entrances.MODEL_SERVICE_CHECKS),
        _policy("routes", entrances.ROUTES, entrances.ROUTE_CHECKS),
        _policy("gateways", entrances.GATEWAYS, entrances.GATEWAY_CHECKS),
        _policy("client-tls", entrances.CLIENT_POLICIES, entrances.CLIENT_POLICY_CHECKS),
        _policy("own-services", entrances.SERVICES, entrances.SERVICE_CHECKS, own=True),
        _policy("own-proxies", entrances.PROXIES, entrances.PROXY_CHECKS, own=True),
        AdmissionPolicy(
            name="ingresses",
            resources=entrances.INGRESSES,
            checks=entrances.INGRESS_CHECKS,
            conditions=requesters.NOT_THE_CLUSTER | requesters.changed("spec", "metadata.?annotations"),
        ),
        _policy("network-policies", networks.NETWORK_POLICIES, networks.NETWORK_POLICY_CHECKS),
        _policy("own-roles", rights.ROLES, rights.role_checks(facts.excepted_roles), "rules", own=True),
        _policy("own-bindings", rights.BINDINGS, rights.OWN_BINDING_CHECKS, "roleRef", "subjects", own=True),
        _policy("bindings", rights.BINDINGS, rights.BINDING_CHECKS, "roleRef", "subjects"),
        AdmissionPolicy(
            name="namespaces",
            resources=pod_security_levels.NAMESPACES,
            checks=pod_security_levels.namespace_checks(facts.privileged_namespaces),
            conditions=requesters.NOT_THE_CLUSTER
            | requesters.changed("metadata.?labels")
            | pod_security_levels.NOT_BUILT_IN,
            everywhere=True,
        ),
    )


_COMPONENT_LABEL = f"metadata.?labels[?'{COMPONENT}']"


def _of_pods(
    name: str,
    checks: tuple[Check, ...],
    variables: Mapping[str, str] | None = None,
    *members: str,
    own: bool = False,
) -> AdmissionPolicy:
    return AdmissionPolicy(
        name=name,
        resources=POD_RESOURCES,
        variables={**POD_VARIABLES, **(variables or {})},
        checks=checks,
        conditions=requesters.NOT_THE_CLUSTER | requesters.changed_pods(*members) | (requesters.OWN if own else {}),
    )


def _policy(
    name: str, resources: tuple[Resources, ...], checks: tuple[Check, ...], *members: str, own: bool = False
) -> AdmissionPolicy:
    conditions = _conditions(*(members or ("spec",)), own=own)
    return AdmissionPolicy(name=name, resources=resources, checks=checks, conditions=conditions)


def _conditions(*members: str, own: bool) -> dict[str, str]:
    found = requesters.NOT_THE_CLUSTER | requesters.changed(*members)
    return found | requesters.OWN if own else found
