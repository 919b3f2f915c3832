from __future__ import annotations

import json

import pytest

from components.gpu_cluster.eks.cluster import EksGpuCluster
from components.gpu_cluster.eks.edge.plan import EdgeKind
from tests.components.gpu_cluster.clusters import BuiltCluster, build_cluster, edge_plan, eks_args
from tests.components.gpu_cluster.eks.program import build_eks, one, role_statements, statements


@pytest.fixture(scope="module")
def built() -> BuiltCluster:
    return build_eks()


def test_what_is_lost_with_its_key_or_cluster_is_protected(built: BuiltCluster) -> None:
    for suffix in ("kms/key:Key", "eks/cluster:Cluster", "s3/bucket:Bucket", "rds/instance:Instance"):
        found = built.of_type(suffix)
        # Notices are read once; nothing is stored under their key.
        unguarded = [name for name, resource in found.items() if not resource.protect and "notices" not in name]
        assert found
        assert not unguarded, suffix


def test_another_account_is_refused_by_the_provider(built: BuiltCluster) -> None:
    inputs = built.of_type("pulumi:providers:aws")["cluster-aws"].inputs
    assert json.loads(inputs["allowedAccountIds"]) == ["111122223333"]


def test_no_role_allows_a_wildcard_action_or_every_resource(built: BuiltCluster) -> None:
    found = list(role_statements(built))
    assert len(found) > 8
    for name, statement in found:
        assert not [action for action in statement["Action"] if "*" in action], name
        assert "*" not in statement["Resource"], name


def test_cert_manager_may_write_challenges_into_one_zone_and_nothing_else(built: BuiltCluster) -> None:
    policy = built.of_type("iam/rolePolicy:RolePolicy")["cluster-cert-manager-dns"].inputs["policy"]
    changes = [s for s in statements(policy) if s["Action"] == ["route53:ChangeResourceRecordSets"]]
    assert [s["Resource"] for s in changes] == [["arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ"]]
    assert changes[0]["Condition"]["ForAllValues:StringEquals"] == {
        "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"]
    }


def test_every_log_group_ends_and_is_encrypted(built: BuiltCluster) -> None:
    groups = built.of_type(":LogGroup")
    assert len(groups) > 4
    for group in groups.values():
        assert group.inputs["retentionInDays"] == 90
        assert group.inputs["kmsKeyId"].startswith("arn:aws:kms:")


@pytest.mark.parametrize(("scheme", "subnets"), [("internal", "private"), ("internet-facing", "public")])
def test_the_load_balancer_is_in_subnets_of_its_scheme(scheme: str, subnets: str) -> None:
    args = eks_args(edge=edge_plan(scheme=scheme))
    built = build_cluster(lambda opts: EksGpuCluster("cluster", args, opts))
    balancer = one(built, "lb/loadBalancer:LoadBalancer").inputs
    assert len(balancer["subnets"]) == 3
    assert all(subnets in subnet for subnet in balancer["subnets"])
    assert built.cluster.handle.load_balancer.registered_service == "edge-proxies"


@pytest.mark.parametrize("kind", ["network", "application"])
def test_the_load_balancer_stands_between_the_way_out_and_what_needs_it(kind: EdgeKind) -> None:
    args = eks_args(edge=edge_plan(kind))
    built = build_cluster(lambda opts: EksGpuCluster("cluster", args, opts))
    balancer = one(built, "lb/loadBalancer:LoadBalancer")
    assert any("ec2/route:Route::" in urn for urn in balancer.depends_on)
