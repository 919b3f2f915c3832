"""The AWS Load Balancer Controller: it registers the edge proxies' pods, and can do nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from components.base import peers, pins
from components.base.handles import ImageRegistry
from components.gpu_cluster.eks.edge.load_balancing import LOAD_BALANCING, NAME, NAMESPACE
from components.gpu_cluster.eks.edge.plan import EdgeKind
from tests.chart_files import chart_file
from tests.components.gpu_cluster.aws.programs import aws_program
from tests.components.gpu_cluster.clusters import edge_plan
from tests.components.gpu_cluster.eks.edge_program import BuiltEdge, build_edge
from tests.crd_schemas import schema_problems
from tools.render.monitor import RecordingMonitor


@pytest.fixture(scope="module")
def edge() -> BuiltEdge:
    return build_edge(edge_plan("network"))


def values(edge: BuiltEdge) -> dict[str, Any]:
    [chart] = edge.built.rendered.charts
    return chart.inputs["values"]


def unknown(given: dict[str, Any], known: dict[str, Any], path: str = "") -> list[str]:
    """Keys that the chart does not have. Its examples of free-form values are empty or comments."""
    free = {"resources", "podDisruptionBudget", "securityContext", "podSecurityContext", "featureGates", "matchLabels"}
    found: list[str] = []
    for key, value in given.items():
        if key not in known:
            found.append(f"{path}{key}")
        elif isinstance(value, dict) and key not in free:
            found += unknown(value, known[key], f"{path}{key}.")
    return found


def test_chart_values_use_keys_that_the_chart_has(edge: BuiltEdge) -> None:
    name = "aws-load-balancer-controller"
    assert unknown(values(edge), yaml.safe_load(chart_file(name).read_text())) == []
    chart = yaml.safe_load(chart_file(name, "Chart.yaml").read_text())
    assert chart["version"] == pins.AWS_LOAD_BALANCER_CONTROLLER_CHART.version


def test_the_controller_only_binds_targets_and_only_in_the_gateways_namespace(edge: BuiltEdge) -> None:
    given = values(edge)
    gates = given["controllerConfig"]["featureGates"]
    assert gates
    assert not any(gates.values())
    assert given["watchNamespace"] == "gateway"
    assert given["createIngressClassResource"] is False
    assert (given["enableWaf"], given["enableWafv2"], given["enableShield"]) == (False, False, False)


def test_the_controller_asks_no_metadata_service(edge: BuiltEdge) -> None:
    given = values(edge)
    assert (given["region"], given["vpcId"]) == ("eu-north-1", "vpc-0123456789abcdef0")


def test_webhooks_show_a_certificate_that_no_preview_redraws(edge: BuiltEdge) -> None:
    given = values(edge)
    assert given["enableCertManager"] is True
    assert "webhookTLS" not in given


def test_no_pod_but_the_proxies_waits_for_the_controller(edge: BuiltEdge) -> None:
    given = values(edge)
    assert given["enableServiceMutatorWebhook"] is False
    assert given["objectSelector"]["matchLabels"] == dict(peers.EDGE_PROXY.selector)
    assert given["webhookNamespaceSelectors"] == [
        {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["gateway"]}
    ]


def test_the_controllers_pods_meet_the_restricted_level(edge: BuiltEdge) -> None:
    given = values(edge)
    assert LOAD_BALANCING.level == "restricted"
    assert given["podSecurityContext"]["runAsNonRoot"] is True
    assert given["podSecurityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert given["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert given["securityContext"]["allowPrivilegeEscalation"] is False


def test_its_image_comes_from_the_platforms_registry() -> None:
    edge = build_edge(edge_plan("network"), registry=ImageRegistry(mirror="mirror.example.org/all"))
    expected = "mirror.example.org/all/public.ecr.aws/eks/aws-load-balancer-controller"
    assert values(edge)["image"] == {"repository": expected}


def test_the_role_registers_targets_of_the_environments_groups_and_nothing_else(edge: BuiltEdge) -> None:
    policy = edge.of_type("iam/rolePolicy:RolePolicy")["cluster-load-balancing-targets"].inputs["policy"]
    everywhere, scoped = json.loads(policy)["Statement"]
    assert everywhere["Resource"] == ["*"]
    assert all(action.split(":")[1].startswith("Describe") for action in everywhere["Action"])
    assert scoped["Action"] == ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"]
    assert scoped["Resource"] == ["arn:aws:elasticloadbalancing:eu-north-1:111122223333:targetgroup/*"]
    tags = {key.removeprefix("aws:ResourceTag/"): value for key, value in scoped["Condition"]["StringEquals"].items()}
    groups = edge.of_type("lb/targetGroup:TargetGroup").values()
    assert "test" in tags.values()
    assert groups
    for group in groups:
        assert tags.items() <= group.inputs["tags"].items()


def test_the_role_still_empties_a_group_that_another_kind_of_load_balancer_replaces() -> None:
    # Its rights change before the old binding is deleted, whose finalizer waits for the group to be empty.
    before, after = (
        build_edge(edge_plan(kind)).of_type("iam/rolePolicy:RolePolicy")["cluster-load-balancing-targets"].inputs
        for kind in ("network", "application")
    )
    assert before["policy"] == after["policy"]


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the program asks the engine for, by logical name."""
    seen: dict[str, Any] = {}
    register = RecordingMonitor.RegisterResource

    def watch(self: RecordingMonitor, request: Any) -> Any:
        seen[request.name] = request
        return register(self, request)

    monkeypatch.setattr(RecordingMonitor, "RegisterResource", watch)
    return seen


@pytest.mark.parametrize("kind", ["network", "application"])
def test_a_binding_is_replaced_where_its_webhook_refuses_a_change(kind: EdgeKind, requests: dict[str, Any]) -> None:
    build_edge(edge_plan(kind))
    binding = requests["cluster-load-balancing-binding-443"]
    assert {"spec.targetGroupARN", "spec.vpcID"} <= set(binding.replaceOnChanges)
    # Its name is fixed.
    assert binding.deleteBeforeReplace


@pytest.mark.parametrize(
    ("kind", "listeners"),
    [("network", ["net-http", "net-https"]), ("application", ["app-https"])],
)
def test_a_target_group_never_stands_behind_two_load_balancers(
    kind: EdgeKind, listeners: list[str], requests: dict[str, Any]
) -> None:
    build_edge(edge_plan(kind))
    assert all(requests[f"cluster-edge-{listener}-listener"].deleteBeforeReplace for listener in listeners)


def test_credentials_exist_before_the_controller_starts(edge: BuiltEdge) -> None:
    chart = edge.one("helm.sh/v4:Chart")
    waited = {urn.rsplit("::", 1)[1] for urn in chart.depends_on}
    assert {"cluster-load-balancing-identity", "cluster-load-balancing-targets"} <= waited
    association = edge.one("eks/podIdentityAssociation:PodIdentityAssociation").inputs
    assert (association["namespace"], association["serviceAccount"]) == (NAMESPACE, NAME)
    assert values(edge)["serviceAccount"]["name"] == values(edge)["fullnameOverride"] == NAME


def test_pods_are_bound_after_controller_and_listeners_exist(edge: BuiltEdge) -> None:
    bindings = [item for item in edge.built.rendered.objects if item.inputs["kind"] == "TargetGroupBinding"]
    assert len(bindings) == 2
    for binding in bindings:
        assert any("helm.sh/v4:Chart::" in urn for urn in binding.depends_on)
        assert sum("lb/listener:Listener" in urn for urn in binding.depends_on) == 2


@pytest.mark.parametrize(("kind", "ports"), [("network", {80, 443}), ("application", {443})])
def test_every_target_group_is_bound_to_a_port_of_the_proxies_service(kind: EdgeKind, ports: set[int]) -> None:
    edge = build_edge(edge_plan(kind))
    bindings = edge.built.objects("TargetGroupBinding")
    assert {item["spec"]["serviceRef"]["port"] for item in bindings} == ports
    assert [schema_problems(item) for item in bindings] == [[] for _ in ports]
    for item in bindings:
        assert item["metadata"]["namespace"] == "gateway"
        assert item["spec"]["serviceRef"]["name"] == "edge-proxies"
        assert item["spec"]["targetType"] == "ip"
        # The controller would write rules into security groups, which its role may not.
        assert "networking" not in item["spec"]


def test_bindings_go_before_the_controller_that_cleans_up_after_them(edge: BuiltEdge) -> None:
    chart = edge.one("helm.sh/v4:Chart").urn
    bindings = [item for item in edge.built.rendered.objects if item.inputs["kind"] == "TargetGroupBinding"]
    assert all(chart in item.depends_on for item in bindings)


def test_the_controller_reaches_what_it_needs_and_is_reached_by_its_webhooks_caller(edge: BuiltEdge) -> None:
    controller = f"{NAMESPACE}/{NAME}"
    edges = edge.built.edges
    assert ("external/kubernetes-api", controller, 9443) in edges
    assert (controller, "external/kubernetes-api", 443) in edges
    assert (controller, "external/credentials", 80) in edges
    assert (controller, "external/internet", 443) in edges
    assert ("observability/prometheus", controller, 8080) in edges


def test_the_controller_comes_after_cert_manager_and_before_the_proxies() -> None:
    resources = aws_program("prod").resources
    [chart] = [
        item
        for item in resources
        if item.name == "cluster-load-balancing-chart" and item.type.endswith("helm.sh/v4:Chart")
    ]
    [proxies] = [item for item in resources if item.name == "gateway-edge-proxies"]
    assert any(urn.endswith("::security-cert-manager") for urn in chart.depends_on)
    assert sum("TargetGroupBinding::" in urn for urn in proxies.depends_on) == 2
