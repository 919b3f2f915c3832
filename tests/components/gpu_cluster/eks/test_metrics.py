"""Metrics that leave the cluster, and the optional workspace that shows them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest

from components.base import peers
from components.base.handles import MetricsSink, PlatformContext
from components.base.wiring import External
from components.gpu_cluster.contract import GpuCluster
from components.gpu_cluster.eks.cluster import EksGpuCluster
from components.gpu_cluster.eks.services.grafana_workspace import GrafanaPlan, IdentityCenterLogin, SamlLogin
from components.observability_stack.prometheus_values import stack_values
from tests.components.gpu_cluster.clusters import BuiltCluster, build_cluster, eks_args
from tests.components.gpu_cluster.eks.program import build_eks, one, statements
from tests.components.observability import build_stack, stack_args
from tests.components.surroundings import build
from tests.crd_schemas import schema_problems

GROUP = "1234567890-01234567-89ab-cdef-0123-456789abcdef"
IDENTITY_CENTER = GrafanaPlan(
    login=IdentityCenterLogin(admin_group_ids=(GROUP,), editor_group_ids=()), allowed_cidrs=("203.0.113.0/24",)
)
SAML = GrafanaPlan(
    login=SamlLogin(
        metadata_url="https://auth.example.org/saml/descriptor",
        role_attribute="role",
        admin_roles=("admin",),
        editor_roles=("developer",),
    ),
    allowed_cidrs=("203.0.113.0/24", "198.51.100.0/24"),
)


@pytest.fixture(scope="module")
def built() -> BuiltCluster:
    return build_eks(data=False)


@pytest.fixture(scope="module")
def shown() -> BuiltCluster:
    return build_eks(data=False, services={"grafana": IDENTITY_CENTER})


def sink(built: BuiltCluster) -> MetricsSink:
    found = built.cluster.handle.metrics_sink
    assert found is not None
    return found


def prometheus_spec(**changes: Any) -> dict[str, Any]:
    values = build(lambda around: stack_values(stack_args(around)), **changes).result
    return values["prometheus"]["prometheusSpec"]


def test_metrics_are_encrypted_logged_and_kept_as_long_as_the_stack_says(built: BuiltCluster) -> None:
    workspace = one(built, "amp/workspace:Workspace")
    key = built.of_type(":Workspace")["cluster-services-metrics-workspace"].inputs["kmsKeyArn"]
    assert key.startswith("arn:aws:kms:")
    assert workspace.protect
    group = built.of_type(":LogGroup")["cluster-services-metrics-logs"].inputs
    assert group["name"] == "/aws/vendedlogs/prometheus/ai-platform-test"
    # The service takes the group's ARN with this ending only.
    assert workspace.inputs["loggingConfiguration"]["logGroupArn"].endswith(f":log-group:{group['name']}:*")
    assert (group["retentionInDays"], group["kmsKeyId"].split(":")[2]) == (90, "kms")
    assert one(built, ":WorkspaceConfiguration").inputs["retentionPeriodInDays"] == 150


def test_only_prometheus_may_write_and_nothing_else(built: BuiltCluster) -> None:
    policy = built.of_type("iam/rolePolicy:RolePolicy")["cluster-services-metrics-write"].inputs["policy"]
    (statement,) = statements(policy)
    assert statement["Action"] == ["aps:RemoteWrite"]
    assert [arn.split(":")[2] for arn in statement["Resource"]] == ["aps"]
    association = built.of_type(":PodIdentityAssociation")["cluster-services-metrics-writer-identity"].inputs
    assert (association["namespace"], association["serviceAccount"]) == ("observability", "prometheus")


def test_prometheus_starts_after_its_grant() -> None:
    def pod(cluster: GpuCluster, _: PlatformContext, opts: pulumi.ResourceOptions) -> None:
        after = pulumi.ResourceOptions(depends_on=list(cluster.handle.ready))
        k8s.core.v1.Pod("prometheus", spec={"containers": []}, opts=pulumi.ResourceOptions.merge(opts, after))

    built = build_cluster(lambda opts: EksGpuCluster("cluster", eks_args(), opts), pod)
    before = {urn.rsplit("::", 1)[1] for urn in built.of_type(":Pod")["prometheus"].depends_on}
    assert {"cluster-services-metrics-writer-identity", "cluster-services-metrics-write"} <= before


def test_the_sink_names_the_cluster_and_is_reached_inside_the_network(built: BuiltCluster) -> None:
    target = sink(built)
    assert (target.sigv4_region, target.cluster) == ("eu-north-1", "ai-platform-test")
    assert target.peer is not None
    assert target.peer.cidrs == ("10.64.0.0/19", "10.64.32.0/19", "10.64.64.0/19")


def test_without_an_endpoint_the_sink_is_reached_through_the_internet() -> None:
    network = replace(eks_args().network, interface_endpoints=("sts",))
    assert sink(build_eks(data=False, network=network)).peer == peers.INTERNET


def test_without_the_service_no_metrics_leave_the_cluster() -> None:
    closed = build_eks(data=False, services={"metrics_retention_days": None})
    assert closed.cluster.handle.metrics_sink is None
    assert not closed.of_type("amp/workspace:Workspace")
    assert "observability" not in {
        resource.inputs["namespace"] for resource in closed.of_type(":PodIdentityAssociation").values()
    }


def test_prometheus_signs_what_it_writes_and_marks_replicas_so_that_one_is_counted() -> None:
    target = MetricsSink(
        remote_write_url="https://metrics.example.org/write", sigv4_region="eu-north-1", cluster="ai-platform-test"
    )
    spec = prometheus_spec(metrics_sink=target)
    (write,) = spec["remoteWrite"]
    assert write["sigv4"] == {"region": "eu-north-1"}
    assert write["queueConfig"]["retryOnRateLimit"] is True
    assert spec["externalLabels"] == {"environment": "test", "cluster": "ai-platform-test"}
    assert spec["replicaExternalLabelName"] == "__replica__"


def test_what_prometheus_is_told_of_the_sink_fits_its_definition() -> None:
    target = MetricsSink(
        remote_write_url="https://metrics.example.org/write", sigv4_region="eu-north-1", cluster="ai-platform-test"
    )
    spec = prometheus_spec(metrics_sink=target)
    keys = ("remoteWrite", "externalLabels", "replicaExternalLabelName")
    prometheus = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "Prometheus",
        "metadata": {"name": "prometheus"},
        "spec": {key: spec[key] for key in keys},
    }
    assert schema_problems(prometheus) == []


def test_a_sink_without_signature_or_cluster_changes_nothing_else() -> None:
    plain = prometheus_spec()
    assert "remoteWrite" not in plain
    target = MetricsSink(remote_write_url="https://metrics.example.org/write")
    assert prometheus_spec(metrics_sink=target) == plain | {
        "remoteWrite": [{"url": "https://metrics.example.org/write"}]
    }


def test_prometheus_may_open_the_sinks_addresses_and_no_others() -> None:
    inside = External(name="metrics-service", cidrs=("10.64.0.0/19",))
    built = build_stack(
        metrics_sink=MetricsSink(remote_write_url="https://metrics.example.org/write", peer=inside),
        credentials=External(name="credentials", cidrs=("169.254.170.23/32",)),
    )
    assert ("observability/prometheus", "external/metrics-service", 443) in built.edges
    assert ("observability/prometheus", "external/credentials", 80) in built.edges
    assert ("observability/prometheus", "external/internet", 443) not in built.edges


def test_there_is_no_managed_grafana_unless_asked_for(built: BuiltCluster) -> None:
    assert not [resource for resource in built.rendered.resources if resource.type.startswith("aws:grafana/")]


def test_managed_grafana_reads_one_workspace_and_cannot_write(shown: BuiltCluster) -> None:
    policy = shown.of_type("iam/rolePolicy:RolePolicy")["cluster-services-grafana-queries"].inputs["policy"]
    (statement,) = statements(policy)
    assert all(action.startswith(("aps:Get", "aps:Query", "aps:Describe")) for action in statement["Action"])
    workspace = statements(
        shown.of_type("iam/rolePolicy:RolePolicy")["cluster-services-metrics-write"].inputs["policy"]
    )[0]["Resource"]
    assert statement["Resource"] == workspace
    trust = json.loads(shown.of_type("iam/role:Role")["cluster-services-grafana-role"].inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"] == {"Service": "grafana.amazonaws.com"}
    assert trust["Statement"][0]["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}


def test_managed_grafana_is_pinned_encrypted_and_reached_from_named_ranges(shown: BuiltCluster) -> None:
    inputs = one(shown, "grafana/workspace:Workspace").inputs
    assert inputs["grafanaVersion"] == "12.4"
    assert inputs["kmsKeyId"].startswith("arn:aws:kms:")
    assert inputs["networkAccessControl"] == {"prefixListIds": ["cluster-services-grafana-ranges-id"], "vpceIds": []}
    ranges = one(shown, ":ManagedPrefixList").inputs
    assert [entry["cidr"] for entry in ranges["entries"]] == ["203.0.113.0/24"]
    assert len(inputs["vpcConfiguration"]["subnetIds"]) == 3
    rules = shown.of_type(":SecurityGroupEgressRule")
    metrics = [rule.inputs for name, rule in rules.items() if name.startswith("cluster-services-grafana")]
    assert {(rule["cidrIpv4"], rule["toPort"]) for rule in metrics} == {
        (cidr, 443) for cidr in ("10.64.0.0/19", "10.64.32.0/19", "10.64.64.0/19")
    }


def test_people_sign_in_by_identity_center_groups(shown: BuiltCluster) -> None:
    assert one(shown, "grafana/workspace:Workspace").inputs["authenticationProviders"] == ["AWS_SSO"]
    association = one(shown, ":RoleAssociation").inputs
    assert (association["role"], association["groupIds"]) == ("ADMIN", [GROUP])


def test_people_sign_in_by_saml() -> None:
    shown = build_eks(data=False, services={"grafana": SAML})
    assert one(shown, "grafana/workspace:Workspace").inputs["authenticationProviders"] == ["SAML"]
    saml = one(shown, ":WorkspaceSamlConfiguration").inputs
    assert saml["idpMetadataUrl"] == "https://auth.example.org/saml/descriptor"
    assert (saml["adminRoleValues"], saml["editorRoleValues"]) == (["admin"], ["developer"])
    assert one(shown, ":ManagedPrefixList").inputs["maxEntries"] == 2


def test_managed_grafana_without_metrics_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to show"):
        build_eks(data=False, services={"grafana": SAML, "metrics_retention_days": None})
