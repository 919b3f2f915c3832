"""The AWS Load Balancer Controller: it keeps the edge proxies' pods registered with the target groups of the program.

It makes no load balancer itself. Its Services, Ingresses and Gateways are switched off, it watches one namespace, and
its role may register targets of the environment's target groups and nothing more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from components.base import labels, namespaces, peers, pins
from components.base.handles import ClusterHandle, ImageRegistry, PlatformContext
from components.base.namespaces import PlatformNamespace
from components.base.operator_objects import LOAD_BALANCER_CONTROLLER_LABELS
from components.base.wiring import Workload
from components.charts import ChartSource, PinnedChart, PinnedChartArgs
from components.gpu_cluster.eks.edge import load_balancer_policies
from components.gpu_cluster.eks.edge.edge import PROXIES_SERVICE, EksEdge
from components.gpu_cluster.eks.identity import PodIdentity

TYPE = "ai-platform:gpu_cluster:LoadBalancerController"

NAME = "load-balancer-controller"
NAMESPACE = namespaces.LOAD_BALANCER
LOAD_BALANCING = PlatformNamespace(name=NAMESPACE)

CONTROLLER = Workload.selecting(NAMESPACE, NAME, LOAD_BALANCER_CONTROLLER_LABELS)
WEBHOOK_PORT = 9443
METRICS_PORT = 8080
HTTPS_PORT = 443

REPLICAS = 2
BINDING_API = "elbv2.k8s.aws/v1beta1"


def controller_values(
    *, cluster_name: str, region: str, vpc_id: pulumi.Input[str], registry: ImageRegistry
) -> dict[str, Any]:
    """Values of the chart. Region and VPC are told: pods do not reach the metadata service that would know them."""
    return {
        "fullnameOverride": NAME,
        "image": {"repository": registry.rewrite("public.ecr.aws/eks/aws-load-balancer-controller")},
        "replicaCount": REPLICAS,
        "podDisruptionBudget": {"maxUnavailable": 1},
        "serviceAccount": {"name": NAME},
        "clusterName": cluster_name,
        "region": region,
        "vpcId": vpc_id,
        "watchNamespace": namespaces.GATEWAY,
        # Otherwise the chart draws a new certificate for its webhooks on every preview.
        "enableCertManager": True,
        # Every Service of the cluster would wait for this controller.
        "enableServiceMutatorWebhook": False,
        "webhookConfig": {"disableIngressValidation": True},
        "controllerConfig": {
            "featureGates": {
                "EnableServiceController": False,
                "NLBGatewayAPI": False,
                "ALBGatewayAPI": False,
                "GlobalAcceleratorController": False,
            }
        },
        "createIngressClassResource": False,
        "ingressClassParams": {"create": False},
        "enableShield": False,
        "enableWaf": False,
        "enableWafv2": False,
        "enableBackendSecurityGroup": False,
        # A new proxy counts as ready once the load balancer sends to it, so that a rollout never runs ahead of it. Of
        # all pods these alone ask the webhook: no other pod of the namespace waits for the controller.
        "webhookNamespaceSelectors": [
            {"key": "kubernetes.io/metadata.name", "operator": "In", "values": [namespaces.GATEWAY]}
        ],
        "objectSelector": {"matchLabels": dict(peers.EDGE_PROXY.selector)},
        "podSecurityContext": {
            "fsGroup": 65534,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
        },
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "256Mi"}},
    }


def binding_spec(service_port: int, target_group_arn: pulumi.Input[str], vpc_id: pulumi.Input[str]) -> dict[str, Any]:
    """`spec` of a TargetGroupBinding. It names no `networking`: security group rules are the program's."""
    return {
        "targetGroupARN": target_group_arn,
        "targetType": "ip",
        "ipAddressType": "ipv4",
        "vpcID": vpc_id,
        "serviceRef": {"name": PROXIES_SERVICE, "port": service_port},
    }


@dataclass(frozen=True, kw_only=True)
class LoadBalancerControllerArgs:
    """`platform.ready` holds cert-manager, whose certificates the controller's webhooks show to the API server."""

    cluster: ClusterHandle
    platform: PlatformContext
    charts: ChartSource
    identity: PodIdentity
    edge: EksEdge
    cluster_name: str
    region: str
    vpc_id: pulumi.Input[str]


class LoadBalancerController(pulumi.ComponentResource):
    """`bindings` register the proxies' pods. Their pods come after them: what starts earlier is not waited for by the
    load balancer, and what is removed while the controller is gone stays registered.
    """

    bindings: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: LoadBalancerControllerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        chart = PinnedChart(
            f"{name}-chart",
            PinnedChartArgs(
                pin=pins.AWS_LOAD_BALANCER_CONTROLLER_CHART,
                namespace=NAMESPACE,
                values=controller_values(
                    cluster_name=args.cluster_name,
                    region=args.region,
                    vpc_id=args.vpc_id,
                    registry=args.cluster.registry,
                ),
                source=args.charts,
            ),
            # Credentials are given to a pod as it starts; one that starts before never gets any.
            args.platform.child_options(self, *self._identity()),
        )
        after = args.platform.child_options(self, chart, *args.edge.ready)
        self.bindings = tuple(
            self._binding(port, group.arn, after) for port, group in sorted(args.edge.target_groups.items())
        )
        _allow_connections(args)
        self.register_outputs({"bindings": len(self.bindings)})

    def _identity(self) -> tuple[pulumi.Resource, ...]:
        child = pulumi.ResourceOptions(parent=self)
        identity = self._args.identity
        pod_role = identity.role_of(self._name, namespace=NAMESPACE, service_account=NAME, opts=child)
        document = load_balancer_policies.target_registration(
            identity.account_id, identity.region, self._args.platform.environment
        )
        access = aws.iam.RolePolicy(
            f"{self._name}-targets", role=pod_role.role.name, policy=json.dumps(document), opts=child
        )
        return (pod_role.association, access)

    def _binding(
        self, port: int, arn: pulumi.Input[str], opts: pulumi.ResourceOptions
    ) -> k8s.apiextensions.CustomResource:
        physical = f"{PROXIES_SERVICE}-{port}"
        environment = self._args.platform.environment
        metadata: Mapping[str, Any] = {
            "name": physical,
            "namespace": namespaces.GATEWAY,
            "labels": labels.object_labels(physical, "load-balancing", environment),
        }
        return k8s.apiextensions.CustomResource(
            f"{self._name}-binding-{port}",
            api_version=BINDING_API,
            kind="TargetGroupBinding",
            metadata=metadata,
            spec=binding_spec(port, arn, self._args.vpc_id),
            # The controller's webhook refuses to lead a binding to another target group. Two of one name cannot be.
            opts=pulumi.ResourceOptions.merge(
                opts,
                pulumi.ResourceOptions(
                    replace_on_changes=["spec.targetGroupARN", "spec.vpcID"], delete_before_replace=True
                ),
            ),
        )


def _allow_connections(args: LoadBalancerControllerArgs) -> None:
    cluster, wiring = args.cluster, args.platform.wiring
    wiring.allow(CONTROLLER, cluster.kubernetes_api, *peers.KUBERNETES_API_PORTS)
    wiring.allow(cluster.kubernetes_api, CONTROLLER, WEBHOOK_PORT)
    wiring.allow(peers.PROMETHEUS, CONTROLLER, METRICS_PORT)
    # The interfaces of EC2 and Elastic Load Balancing have no address ranges of their own.
    wiring.allow(CONTROLLER, peers.INTERNET, HTTPS_PORT)
    cluster.allow_credentials(wiring, CONTROLLER)
    wiring.allow(args.edge.source, peers.EDGE_PROXY, peers.EDGE_READY_PORT)
