"""Upgrades of k3s, node by node, from inside the cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as k8s

from components.base import labels, peers, pins
from components.base.handles import ClusterHandle, PlatformContext
from components.base.namespaces import UPGRADES, PlatformNamespace
from components.base.wiring import Workload
from components.gpu_cluster.k3s.add_ons import upgrade_controller as controller
from components.gpu_cluster.k3s.add_ons.service_rights import ServiceRights, ServiceRightsArgs
from components.gpu_cluster.k3s.add_ons.upgrade_plans import NodeRelease, UpgradePlan, plan_specs

if TYPE_CHECKING:
    from pulumi_kubernetes.rbac.v1 import PolicyRuleArgsDict

TYPE = "ai-platform:gpu_cluster:NodeUpgrades"
PLAN_API = "upgrade.cattle.io/v1"

NAMESPACE = PlatformNamespace(
    name=UPGRADES,
    level="privileged",
    reason="jobs that upgrade a node run privileged in all of its namespaces, to replace the k3s that runs the node",
)


@dataclass(frozen=True, kw_only=True)
class NodeUpgradesArgs:
    """`release` is a release of k3s, `servers` the number of servers."""

    plan: UpgradePlan
    release: str
    servers: int
    cluster: ClusterHandle
    platform: PlatformContext


class NodeUpgrades(pulumi.ComponentResource):
    """The system-upgrade-controller with a Plan for servers, one for agents and one for GPU nodes.

    No pod waits for it. A new node runs through its Plan once, and finds that it has the release already.
    """

    def __init__(self, name: str, args: NodeUpgradesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        # The first Plan can be created once the controller has run for a moment: it defines the kind itself.
        before: list[pulumi.Resource] = [*self._job_rights().ready, self._controller()]
        registry = args.cluster.registry
        wanted = NodeRelease(
            release=args.release,
            image=registry.rewrite(pins.k3s_upgrade(args.release).reference),
            account=controller.JOB_ACCOUNT,
            servers=args.servers,
        )
        for plan, spec in plan_specs(wanted, args.plan).items():
            made = k8s.apiextensions.CustomResource(
                f"{name}-plan-{plan}",
                api_version=PLAN_API,
                kind="Plan",
                metadata={
                    # Explicit: agents wait for the servers' Plan by its name, and nodes are labelled with it.
                    "name": plan,
                    "namespace": NAMESPACE.name,
                    "labels": labels.object_labels(plan, controller.COMPONENT, args.platform.environment),
                },
                spec=spec,
                opts=args.platform.child_options(self, *before),
            )
            before.append(made)
        workload = Workload.of(NAMESPACE.name, controller.NAME, controller.COMPONENT)
        args.platform.wiring.allow(workload, args.cluster.kubernetes_api, *peers.KUBERNETES_API_PORTS)
        self.register_outputs({"release": args.release})

    def _controller(self) -> k8s.apps.v1.Deployment:
        args, registry = self._args, self._args.cluster.registry
        rights = self._rights(
            "controller", controller.NAME, controller.controller_own_rules(), controller.controller_cluster_rules()
        )
        return k8s.apps.v1.Deployment(
            f"{self._name}-controller",
            metadata={
                "name": controller.NAME,
                "namespace": NAMESPACE.name,
                "labels": labels.object_labels(controller.NAME, controller.COMPONENT, args.platform.environment),
            },
            spec=controller.deployment_spec(
                image=registry.rewrite(pins.SYSTEM_UPGRADE_CONTROLLER.reference),
                kubectl_image=registry.rewrite(pins.KUBECTL.reference),
                namespace=NAMESPACE.name,
                environment=args.platform.environment,
            ),
            opts=args.platform.child_options(self, *rights.ready),
        )

    def _job_rights(self) -> ServiceRights:
        # The controller makes the jobs' pods and asks for no token in them: the account has to.
        return self._rights(
            "job", controller.JOB_ACCOUNT, controller.job_own_rules(), controller.job_cluster_rules(), automount=True
        )

    def _rights(
        self,
        suffix: str,
        account: str,
        own_rules: list[PolicyRuleArgsDict],
        cluster_rules: list[PolicyRuleArgsDict],
        *,
        automount: bool = False,
    ) -> ServiceRights:
        return ServiceRights(
            f"{self._name}-{suffix}-rights",
            ServiceRightsArgs(
                account=account,
                namespace=NAMESPACE.name,
                component=controller.COMPONENT,
                platform=self._args.platform,
                own_rules=own_rules,
                cluster_rules=cluster_rules,
                automount=automount,
            ),
            pulumi.ResourceOptions(parent=self),
        )
