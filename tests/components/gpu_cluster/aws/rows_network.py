"""Rows of the baseline: the network and what stands at its edge."""

from __future__ import annotations

from tests.components.gpu_cluster.aws.requirements import (
    Requirement,
    Subject,
    absent,
    after,
    asks,
    companion,
    equals,
    given,
)


def _is_application(balancer: Subject) -> bool:
    return balancer.one("loadBalancerType") == "application"


def _redirects(listener: Subject) -> bool:
    return listener.at("defaultActions.*.type") == ["redirect"] and equals(
        "defaultActions.*.redirect.protocol", "HTTPS"
    )(listener)


def _is_narrow(rule: Subject) -> bool:
    return "0.0.0.0/0" not in (rule.one("cidrIpv4"), rule.one("cidrIpv6")) and rule.one("cidrIpv6") != "::/0"


def _is_conditional(endpoint: Subject) -> bool:
    keys = {"aws:PrincipalAccount", "aws:ResourceAccount"}
    return all(
        statement["Resource"] != ["*"] or keys & set(statement.get("Condition", {}).get("StringEquals", {}))
        for statement in endpoint.statements("policy")
    )


ROWS: dict[str, tuple[Requirement, ...]] = {
    "ec2/vpc:Vpc": (
        asks("its traffic is logged", "FSBP EC2.6", companion("ec2/flowLog:FlowLog", "vpcId")),
        asks(
            "what names no security group gets none",
            "FSBP EC2.2",
            companion("ec2/defaultSecurityGroup:DefaultSecurityGroup", "vpcId"),
        ),
    ),
    "ec2/flowLog:FlowLog": (
        asks("it logs what was allowed and what was refused", "FSBP EC2.6", equals("trafficType", "ALL")),
    ),
    "ec2/defaultSecurityGroup:DefaultSecurityGroup": (
        asks("it allows nothing", "FSBP EC2.2", absent("ingress", "egress")),
    ),
    "ec2/subnet:Subnet": (
        asks("what starts in it has no public address", "FSBP EC2.15", equals("mapPublicIpOnLaunch", False)),
    ),
    "ec2/securityGroup:SecurityGroup": (
        asks("its rules are resources of their own", "own", absent("ingress", "egress")),
        asks("it says what it is for", "own", given("description")),
    ),
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": (
        asks(
            "the internet reaches nothing by it but 443",
            "FSBP EC2.18",
            lambda rule: _is_narrow(rule) or (rule.one("fromPort"), rule.one("toPort")) == (443, 443),
        ),
    ),
    "ec2/vpcEndpoint:VpcEndpoint": (
        asks(
            "its policy is limited to the own account, where the service knows policies",
            "own",
            lambda one: one.one("serviceName").endswith(".eks-auth") or _is_conditional(one),
        ),
        asks(
            "the service's usual name leads to it, and a security group stands before it",
            "own",
            lambda one: (
                one.one("vpcEndpointType") == "Gateway"
                or (one.one("privateDnsEnabled") is True and len(one.one("securityGroupIds")) == 1)
            ),
        ),
    ),
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": (
        asks("it leads to named ranges or groups, not everywhere", "own", _is_narrow),
    ),
    "ec2/defaultRouteTable:DefaultRouteTable": (
        asks("what names no route table gets nowhere", "own", absent("routes")),
    ),
    "ec2/managedPrefixList:ManagedPrefixList": (
        asks(
            "it names ranges, not everybody",
            "own",
            lambda one: bool(one.at("entries.*.cidr")) and "0.0.0.0/0" not in one.at("entries.*.cidr"),
        ),
    ),
    "lb/loadBalancer:LoadBalancer": (
        asks("AWS refuses to delete it", "FSBP ELB.6", equals("enableDeletionProtection", True)),
        asks("a security group stands before it", "own", given("securityGroups")),
        asks(
            "headers that are none are dropped",
            "FSBP ELB.4",
            lambda one: not _is_application(one) or one.one("dropInvalidHeaderFields") is True,
        ),
        asks(
            "requests that two servers would read differently are refused",
            "FSBP ELB.12",
            lambda one: not _is_application(one) or one.one("desyncMitigationMode") in ("defensive", "strictest"),
        ),
        asks(
            "who asked for what is logged",
            "FSBP ELB.5",
            lambda one: not _is_application(one) or one.one("accessLogs.enabled") is True,
        ),
        asks(
            "a firewall looks into requests, and nothing goes past it when it does not answer",
            "FSBP ELB.16",
            lambda one: (
                not _is_application(one)
                or (
                    companion("wafv2/webAclAssociation:WebAclAssociation", "resourceArn")(one)
                    and one.one("enableWafFailOpen") is False
                )
            ),
        ),
    ),
    "lb/listener:Listener": (
        asks(
            "plain HTTP is only redirected",
            "FSBP ELB.1",
            lambda one: one.one("protocol") != "HTTP" or _redirects(one),
        ),
        asks(
            "TLS is 1.2 at least",
            "FSBP ELB.17",
            lambda one: one.one("protocol") in ("HTTP", "TCP") or "TLS13" in str(one.one("sslPolicy")),
        ),
    ),
    "lb/targetGroup:TargetGroup": (
        asks("what is behind it is reached over TLS", "own", equals("protocol", "HTTPS", "TCP", "TLS")),
    ),
    "wafv2/webAcl:WebAcl": (
        asks("it has rules", "FSBP WAF.10", companion("wafv2/webAclRule:WebAclRule", "webAclArn")),
        asks(
            "what it does is logged",
            "FSBP WAF.11",
            companion("wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", "resourceArn"),
        ),
        asks("what it does is counted", "FSBP WAF.12", equals("visibilityConfig.cloudwatchMetricsEnabled", True)),
        asks("no whole request is kept as a sample", "own", equals("visibilityConfig.sampledRequestsEnabled", False)),
    ),
    "wafv2/webAclRule:WebAclRule": (
        asks("what it does is counted", "FSBP WAF.12", equals("visibilityConfig.cloudwatchMetricsEnabled", True)),
        asks("no whole request is kept as a sample", "own", equals("visibilityConfig.sampledRequestsEnabled", False)),
    ),
    "wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": (
        asks(
            "keys and sessions are struck out",
            "own",
            lambda one: {"authorization", "cookie", "x-api-key"} <= set(one.at("redactedFields.*.singleHeader.name")),
        ),
        asks("the log takes deliveries first", "own", after("cloudwatch/logResourcePolicy:LogResourcePolicy")),
    ),
    "wafv2/webAclAssociation:WebAclAssociation": (
        asks(
            "all rules and the log are there before requests are",
            "own",
            after("wafv2/webAclRule:WebAclRule", "wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"),
        ),
    ),
    "acm/certificate:Certificate": (
        asks(
            "its key is long enough", "FSBP ACM.2", equals("keyAlgorithm", "EC_prime256v1", "EC_secp384r1", "RSA_2048")
        ),
        asks("it renews itself: names are proven by DNS", "FSBP ACM.1", equals("validationMethod", "DNS")),
    ),
}
