"""Load balancers of a cluster in AWS: who may connect, what arrives of a connection, and what the proxies know."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from components.base import peers
from components.gpu_cluster.eks.edge.edge import edge_handle
from components.inference_gateway import edge_specs
from components.inference_gateway.edge_limits import EdgeLimits
from components.inference_gateway.traffic_specs import client_traffic_spec
from tests.components.gpu_cluster.clusters import PUBLIC_HOSTS, edge_plan
from tests.components.gpu_cluster.eks.edge_program import ACCOUNT, REGION, SUBNETS, ZONE, BuiltEdge, build_edge
from tests.crd_schemas import schema_problems

AUTONAME = 8
"""Characters that the engine adds to the logical name of a resource without a physical one."""


@pytest.fixture(scope="module", params=["network", "application"])
def either(request: pytest.FixtureRequest) -> BuiltEdge:
    return build_edge(edge_plan(request.param))


@pytest.fixture(scope="module")
def network() -> BuiltEdge:
    return build_edge(edge_plan("network"))


@pytest.fixture(scope="module")
def application() -> BuiltEdge:
    return build_edge(edge_plan("application"))


def openings(edge: BuiltEdge, kind: str) -> set[tuple[str, str, int]]:
    """Rules of security groups as (group, other end, port)."""
    rules = [item.inputs for item in edge.of_type(f":{kind}").values()]
    assert all(rule["ipProtocol"] == "tcp" and rule["fromPort"] == rule["toPort"] for rule in rules)
    return {
        (rule["securityGroupId"], rule.get("cidrIpv4") or rule["referencedSecurityGroupId"], int(rule["fromPort"]))
        for rule in rules
    }


def test_only_named_clients_connect_and_only_proxies_are_reached(network: BuiltEdge) -> None:
    own, proxies = "cluster-edge-group-id", "sg-proxies"
    ports = (peers.EDGE_HTTP_PORT, peers.EDGE_HTTPS_PORT, peers.EDGE_READY_PORT)
    clients = {(own, cidr, port) for cidr in ("10.0.0.0/8", "192.168.0.0/16") for port in (80, 443)}
    assert openings(network, "SecurityGroupIngressRule") == clients | {(proxies, own, port) for port in ports}
    assert openings(network, "SecurityGroupEgressRule") == {(own, proxies, port) for port in ports}


def test_an_application_load_balancer_reaches_no_plain_port_for_requests(application: BuiltEdge) -> None:
    ports = {port for _, _, port in openings(application, "SecurityGroupEgressRule")}
    assert ports == {peers.EDGE_HTTPS_PORT, peers.EDGE_READY_PORT}


def test_the_security_group_is_the_load_balancers_own(either: BuiltEdge) -> None:
    balancer = either.one("lb/loadBalancer:LoadBalancer").inputs
    assert balancer["securityGroups"] == ["cluster-edge-group-id"]
    assert "ingress" not in either.one("ec2/securityGroup:SecurityGroup").inputs


@pytest.mark.parametrize("scheme", ["internal", "internet-facing"])
@pytest.mark.parametrize("kind", ["network", "application"])
def test_the_load_balancer_is_public_only_where_the_stack_says_so(kind: str, scheme: str) -> None:
    balancer = build_edge(edge_plan(kind, scheme=scheme)).one("lb/loadBalancer:LoadBalancer").inputs
    assert balancer["internal"] is (scheme == "internal")
    assert balancer["loadBalancerType"] == kind


def test_deletion_is_guarded_as_long_as_data_is(either: BuiltEdge) -> None:
    assert either.one("lb/loadBalancer:LoadBalancer").inputs["enableDeletionProtection"] is True
    free = build_edge(edge_plan("application"), protect=False)
    assert free.one("lb/loadBalancer:LoadBalancer").inputs["enableDeletionProtection"] is False
    assert free.of_type("s3/bucket:Bucket")["cluster-edge-app-logs"].inputs["forceDestroy"] is True


def test_a_network_load_balancer_passes_on_connections_with_the_clients_address(network: BuiltEdge) -> None:
    listeners = network.of_type("lb/listener:Listener")
    groups = network.of_type("lb/targetGroup:TargetGroup")
    assert {(item.inputs["port"], item.inputs["protocol"]) for item in listeners.values()} == {
        (80, "TCP"),
        (443, "TCP"),
    }
    assert {(item.inputs["port"], item.inputs["preserveClientIp"]) for item in groups.values()} == {
        (10080, "true"),
        (10443, "true"),
    }


def test_silence_and_streams_are_waited_for(either: BuiltEdge) -> None:
    for group in either.of_type("lb/targetGroup:TargetGroup").values():
        assert group.inputs["deregistrationDelay"] == 1200
    limits = {item.inputs.get("tcpIdleTimeoutSeconds") for item in either.of_type("lb/listener:Listener").values()}
    limits.add(either.one("lb/loadBalancer:LoadBalancer").inputs.get("idleTimeout"))
    assert limits - {None} == {1220}


def test_a_proxy_that_stops_does_not_lose_its_streams(network: BuiltEdge) -> None:
    groups = network.of_type("lb/targetGroup:TargetGroup").values()
    assert len(groups) == 2
    for group in groups:
        assert group.inputs["connectionTermination"] is False
        assert group.inputs["targetHealthStates"] == [
            {"enableUnhealthyConnectionTermination": False, "unhealthyDrainingInterval": 1200}
        ]


def test_health_is_asked_where_envoy_itself_answers(either: BuiltEdge) -> None:
    groups = either.of_type("lb/targetGroup:TargetGroup")
    assert groups
    for group in groups.values():
        check = group.inputs["healthCheck"]
        assert (check["protocol"], check["port"], check["path"], check["matcher"]) == ("HTTP", "19003", "/ready", "200")
    assert ("external/load-balancer", "gateway/edge-proxy", 19003) in either.built.edges


def test_an_application_load_balancer_accepts_modern_tls_only_and_encrypts_again(application: BuiltEdge) -> None:
    listeners = application.of_type("lb/listener:Listener")
    https = listeners["cluster-edge-app-https-listener"].inputs
    assert (https["protocol"], https["sslPolicy"]) == ("HTTPS", "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09")
    assert application.one("lb/targetGroup:TargetGroup").inputs["protocol"] == "HTTPS"
    [redirect] = listeners["cluster-edge-app-http-listener"].inputs["defaultActions"]
    assert redirect["redirect"] == {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}


def test_older_clients_get_the_policy_that_still_knows_tls_1_2() -> None:
    edge = build_edge(edge_plan("application", minimum_tls_version="1.2"))
    https = edge.of_type("lb/listener:Listener")["cluster-edge-app-https-listener"].inputs
    assert https["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"


def test_an_application_load_balancer_refuses_what_proxies_would_read_differently(application: BuiltEdge) -> None:
    balancer = application.one("lb/loadBalancer:LoadBalancer").inputs
    assert balancer["dropInvalidHeaderFields"] is True
    assert balancer["desyncMitigationMode"] == "defensive"
    assert (balancer["xffHeaderProcessingMode"], balancer["enableXffClientPort"]) == ("append", False)
    assert balancer["preserveHostHeader"] is True


def test_access_and_connections_are_logged_into_a_closed_bucket(application: BuiltEdge) -> None:
    balancer = application.one("lb/loadBalancer:LoadBalancer")
    assert balancer.inputs["accessLogs"] == {"bucket": "cluster-edge-app-logs", "enabled": True, "prefix": "access"}
    assert balancer.inputs["connectionLogs"]["prefix"] == "connections"
    assert any(urn.endswith("::cluster-edge-app-logs-policy") for urn in balancer.depends_on)
    policy = json.loads(application.of_type(":BucketPolicy")["cluster-edge-app-logs-policy"].inputs["policy"])
    statements = {statement["Sid"]: statement for statement in policy["Statement"]}
    assert statements["LogDelivery"]["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert statements["LogDelivery"]["Resource"] == [
        f"arn:aws:s3:::cluster-edge-app-logs/{prefix}/AWSLogs/{ACCOUNT}/*" for prefix in ("access", "connections")
    ]
    assert statements["RefusePlainHttp"]["Effect"] == "Deny"
    bucket = application.of_type("s3/bucket:Bucket")["cluster-edge-app-logs"]
    assert (bucket.protect, bucket.retain_on_delete) == (True, True)


def test_a_certificate_is_made_and_proven_for_exactly_the_public_names(application: BuiltEdge) -> None:
    certificate = application.one("acm/certificate:Certificate").inputs
    assert [certificate["domainName"], *certificate["subjectAlternativeNames"]] == list(PUBLIC_HOSTS)
    records = application.of_type("route53/record:Record")
    proofs = {name: item.inputs for name, item in records.items() if name.endswith("-proof")}
    assert len(proofs) == len(PUBLIC_HOSTS)
    for host in PUBLIC_HOSTS:
        proof = proofs[f"cluster-edge-certificate-{host.split('.')[0]}-proof"]
        assert (proof["type"], proof["zoneId"]) == ("CNAME", ZONE)
        assert proof["name"].endswith(f".{host}.")
    issued = application.one("acm/certificateValidation:CertificateValidation")
    listener = application.of_type("lb/listener:Listener")["cluster-edge-app-https-listener"]
    assert any(urn == issued.urn for urn in listener.depends_on)


def test_a_certificate_of_yours_is_used_as_it_is() -> None:
    arn = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/0123"
    edge = build_edge(edge_plan("application", certificate_arn=arn), hosted_zone_id=None)
    assert edge.of_type("acm/certificate:Certificate") == {}
    assert edge.of_type("lb/listener:Listener")["cluster-edge-app-https-listener"].inputs["certificateArn"] == arn


def test_an_application_load_balancer_without_any_certificate_is_refused() -> None:
    with pytest.raises(ValueError, match="needs certificate_arn, or hosted_zone_id"):
        build_edge(edge_plan("application"), hosted_zone_id=None)


def test_every_public_name_leads_to_the_load_balancer(either: BuiltEdge) -> None:
    records = [item.inputs for item in either.of_type("route53/record:Record").values() if item.inputs["type"] == "A"]
    assert {record["name"] for record in records} == set(PUBLIC_HOSTS)
    for record in records:
        [alias] = record["aliases"]
        assert alias["name"].endswith(f".elb.{REGION}.amazonaws.com")
        assert alias["evaluateTargetHealth"] is True


@pytest.mark.parametrize(("plan", "place"), [({"records": False}, {}), ({}, {"hosted_zone_id": None})])
def test_address_records_can_be_left_to_others(plan: dict[str, Any], place: dict[str, Any]) -> None:
    assert build_edge(edge_plan("network", **plan), **place).of_type("route53/record:Record") == {}


def test_names_leave_room_for_what_the_engine_adds(either: BuiltEdge) -> None:
    names = [*either.of_type("lb/loadBalancer:LoadBalancer"), *either.of_type("lb/targetGroup:TargetGroup")]
    assert len(names) >= 2
    assert not [name for name in names if len(name) + AUTONAME > 32]


def test_proxies_behind_a_network_load_balancer_see_clients_themselves() -> None:
    handle = edge_handle(edge_plan("network"), SUBNETS)
    assert handle.front_proxy is None
    assert "clientIPDetection" not in client_traffic_spec("1.3", EdgeLimits(), handle.front_proxy)
    https = edge_specs.gateway_spec("ai.example.org", handle.front_proxy)["listeners"][1]
    assert https["hostname"] == "*.ai.example.org"


def test_proxies_behind_an_application_load_balancer_trust_the_entry_that_it_added() -> None:
    handle = edge_handle(edge_plan("application"), SUBNETS)
    assert handle.front_proxy is not None
    assert handle.front_proxy.source.cidrs == SUBNETS
    spec = client_traffic_spec("1.3", EdgeLimits(), handle.front_proxy)
    assert spec["clientIPDetection"] == {"xForwardedFor": {"numTrustedHops": 1}}
    assert int(spec["timeout"]["http"]["idleTimeout"].rstrip("s")) > handle.front_proxy.idle_seconds


def test_proxies_behind_an_application_load_balancer_answer_a_handshake_without_a_name() -> None:
    handle = edge_handle(edge_plan("application"), SUBNETS)
    https = edge_specs.gateway_spec("ai.example.org", handle.front_proxy)["listeners"][1]
    assert "hostname" not in https


@pytest.mark.parametrize("kind", ["network", "application"])
def test_what_the_proxies_are_told_is_what_the_definitions_allow(kind: str) -> None:
    handle = edge_handle(replace(edge_plan(kind)), SUBNETS)
    proxies = edge_specs.envoy_proxy_spec(image="example.org/envoy:1", load_balancer=handle, drain_seconds=60)
    assert proxies["provider"]["kubernetes"]["envoyService"] == {"type": "ClusterIP", "name": "edge-proxies"}
    specs = [
        (edge_specs.ENVOY_GATEWAY_API, "EnvoyProxy", proxies),
        (
            edge_specs.ENVOY_GATEWAY_API,
            "ClientTrafficPolicy",
            client_traffic_spec("1.3", EdgeLimits(), handle.front_proxy),
        ),
        (edge_specs.GATEWAY_API, "Gateway", edge_specs.gateway_spec("ai.example.org", handle.front_proxy)),
    ]
    for api_version, name, spec in specs:
        assert schema_problems({"apiVersion": api_version, "kind": name, "metadata": {}, "spec": spec}) == []
