"""Calls that create load balancer, certificate and firewall."""

from __future__ import annotations

from typing import Any

from tests.components.gpu_cluster.aws.account import Account
from tests.components.gpu_cluster.aws.arguments import Call, Inputs, Outputs, pascal, tags


def _balancer(aws: Account, inputs: Inputs) -> Outputs:
    balancer = aws.client("elbv2").create_load_balancer(
        Name=inputs["name"][-32:].strip("-"),
        Subnets=inputs["subnets"],
        SecurityGroups=inputs["securityGroups"],
        Scheme="internal" if inputs["internal"] else "internet-facing",
        Type=inputs["loadBalancerType"],
        Tags=tags(inputs),
    )["LoadBalancers"][0]
    return {"id": balancer["LoadBalancerArn"], "arn": balancer["LoadBalancerArn"]}


def _target_group(aws: Account, inputs: Inputs) -> Outputs:
    group = aws.client("elbv2").create_target_group(
        Name=inputs["name"][-32:].strip("-"),
        Protocol=inputs["protocol"],
        Port=inputs["port"],
        VpcId=inputs["vpcId"],
        TargetType=inputs["targetType"],
        Tags=tags(inputs),
    )["TargetGroups"][0]
    return {"id": group["TargetGroupArn"], "arn": group["TargetGroupArn"]}


def _listener(aws: Account, inputs: Inputs) -> Outputs:
    actions = pascal(inputs["defaultActions"])
    encrypted: dict[str, Any] = {}
    if "sslPolicy" in inputs:
        encrypted = {
            "SslPolicy": inputs["sslPolicy"],
            "Certificates": [{"CertificateArn": inputs["certificateArn"]}],
        }
    listener = aws.client("elbv2").create_listener(
        LoadBalancerArn=inputs["loadBalancerArn"],
        Protocol=inputs["protocol"],
        Port=inputs["port"],
        DefaultActions=[_action(action) for action in actions],
        **encrypted,
    )["Listeners"][0]
    return {"id": listener["ListenerArn"], "arn": listener["ListenerArn"]}


def _action(action: dict[str, Any]) -> dict[str, Any]:
    redirect = action.pop("Redirect", None)
    return action | ({"RedirectConfig": redirect} if redirect else {})


def _certificate(aws: Account, inputs: Inputs) -> Outputs:
    names = inputs.get("subjectAlternativeNames") or []
    found = aws.client("acm").request_certificate(
        DomainName=inputs["domainName"],
        ValidationMethod=inputs["validationMethod"],
        KeyAlgorithm=inputs["keyAlgorithm"],
        **({"SubjectAlternativeNames": names} if names else {}),
    )
    return {"id": found["CertificateArn"], "arn": found["CertificateArn"]}


def _firewall(aws: Account, inputs: Inputs) -> Outputs:
    found = aws.client("wafv2").create_web_acl(
        Name=inputs["name"],
        Scope=inputs["scope"],
        DefaultAction=pascal(inputs["defaultAction"]),
        VisibilityConfig=_visibility(inputs),
        Tags=tags(inputs),
    )["Summary"]
    return {"id": found["Id"], "arn": found["ARN"]}


def _visibility(inputs: Inputs) -> dict[str, Any]:
    words = inputs["visibilityConfig"]
    return {
        "CloudWatchMetricsEnabled": words["cloudwatchMetricsEnabled"],
        "MetricName": words["metricName"],
        "SampledRequestsEnabled": words["sampledRequestsEnabled"],
    }


def _firewall_association(aws: Account, inputs: Inputs) -> Outputs:
    aws.client("wafv2").associate_web_acl(WebACLArn=inputs["webAclArn"], ResourceArn=inputs["resourceArn"])
    return {}


def _firewall_log(aws: Account, inputs: Inputs) -> Outputs:
    aws.client("wafv2").put_logging_configuration(
        LoggingConfiguration={
            "ResourceArn": inputs["resourceArn"],
            "LogDestinationConfigs": inputs["logDestinationConfigs"],
            "RedactedFields": pascal(inputs["redactedFields"]),
        }
    )
    return {}


def _prefix_list(aws: Account, inputs: Inputs) -> Outputs:
    found = aws.client("ec2").create_managed_prefix_list(
        PrefixListName=inputs["name"],
        AddressFamily=inputs["addressFamily"],
        MaxEntries=inputs["maxEntries"],
        Entries=pascal(inputs["entries"]),
    )["PrefixList"]
    return {"id": found["PrefixListId"]}


CALLS: dict[str, Call] = {
    "acm/certificate:Certificate": _certificate,
    "ec2/managedPrefixList:ManagedPrefixList": _prefix_list,
    "lb/listener:Listener": _listener,
    "lb/loadBalancer:LoadBalancer": _balancer,
    "lb/targetGroup:TargetGroup": _target_group,
    "wafv2/webAcl:WebAcl": _firewall,
    "wafv2/webAclAssociation:WebAclAssociation": _firewall_association,
    "wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": _firewall_log,
}
