"""Admission policies: the policy pack's rules about single objects, held by the API server."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.admission_policies import builders
from components.base import labels
from components.base.admission import AdmissionFacts, admission_policies
from components.base.capabilities import provides
from components.base.namespaces import PlatformNamespace

TYPE = "ai-platform:admission_policies:AdmissionPolicies"


@dataclass(frozen=True, kw_only=True)
class AdmissionPoliciesArgs:
    """`registries`: hosts, or hosts with a path prefix, that images may come from. `excepted_roles`: as in the handle.

    `remote_code`: models, by name, whose repository's code may run. `namespaces` are all of the stack: those whose
    level is privileged are left out, and no other may become it.
    """

    environment: str
    namespaces: tuple[PlatformNamespace, ...]
    registries: frozenset[str]
    excepted_roles: frozenset[str]
    remote_code: frozenset[str]


class AdmissionPolicies(pulumi.ComponentResource):
    """One ValidatingAdmissionPolicy with its binding per group of objects; `ready` are the resources to depend on.

    Namespaces come after them, and all else after the namespaces: a registry or a privileged namespace that the stack
    newly declares is in the policies before anything uses it.
    """

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: AdmissionPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        facts = AdmissionFacts(
            registries=args.registries,
            privileged_namespaces=frozenset(item.name for item in args.namespaces if item.level == "privileged"),
            remote_code=args.remote_code,
            excepted_roles=args.excepted_roles,
        )
        policies = admission_policies(facts)
        bindings: list[pulumi.Resource] = []
        for policy in policies:
            object_name = builders.object_name(policy)
            made = k8s.admissionregistration.v1.ValidatingAdmissionPolicy(
                f"{name}-{policy.name}",
                metadata={
                    "name": object_name,
                    "labels": labels.object_labels(object_name, "admission", args.environment),
                    "annotations": provides("admission-policy"),
                },
                spec=builders.policy_spec(policy),
                opts=pulumi.ResourceOptions(parent=self),
            )
            binding = k8s.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
                f"{name}-{policy.name}-binding",
                metadata={
                    "name": object_name,
                    "labels": labels.object_labels(object_name, "admission", args.environment),
                    "annotations": provides("admission-policy"),
                },
                spec=builders.binding_spec(policy),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[made]),
            )
            bindings.append(binding)
        self.ready = tuple(bindings)
        self.register_outputs({"rules": sorted({rule for policy in policies for rule in policy.rules})})
