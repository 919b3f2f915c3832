"""Outputs that AWS and the command provider compute, shaped as the real ones, with values that mean nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from tools.render import wire

AWS_ACCOUNT = "111122223333"
"""The account that AWS documentation uses in examples."""
AWS_REGION = "eu-central-1"
"""Used where no AWS provider was registered; otherwise inputs carry the provider's region, as real outputs do."""

Inputs = Mapping[str, Any]
Outputs = dict[str, Any]


def _physical(name: str, inputs: Inputs) -> str:
    return str(inputs.get("name") or inputs.get("bucket") or name)


def _region(inputs: Inputs) -> str:
    return str(inputs.get("region") or AWS_REGION)


def _uuid(name: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))


def aws_resource(type_: str, name: str, inputs: Inputs) -> Outputs:
    """Outputs of an AWS resource that has no exact answer: an ARN and a name."""
    service, kind = type_.split(":")[1].split("/", maxsplit=1)[0], type_.rsplit(":", 1)[1]
    physical = _physical(name, inputs)
    arn = f"arn:aws:{service}:{_region(inputs)}:{AWS_ACCOUNT}:{kind.lower()}/{physical}"
    return {"arn": arn, "name": physical, **inputs}


def _bucket(name: str, inputs: Inputs) -> Outputs:
    bucket = _physical(name, inputs)
    return {**inputs, "bucket": bucket, "arn": f"arn:aws:s3:::{bucket}"}


def _role(name: str, inputs: Inputs) -> Outputs:
    role = _physical(name, inputs)
    return {**inputs, "name": role, "arn": f"arn:aws:iam::{AWS_ACCOUNT}:role/{role}"}


def _key(name: str, inputs: Inputs) -> Outputs:
    key = _uuid(name)
    return {**inputs, "keyId": key, "arn": f"arn:aws:kms:{_region(inputs)}:{AWS_ACCOUNT}:key/{key}"}


def _log_group(name: str, inputs: Inputs) -> Outputs:
    group = _physical(name, inputs)
    return {**inputs, "name": group, "arn": f"arn:aws:logs:{_region(inputs)}:{AWS_ACCOUNT}:log-group:{group}"}


def _cluster(name: str, inputs: Inputs) -> Outputs:
    cluster = _physical(name, inputs)
    authority = base64.b64encode(b"known after deployment").decode()
    return {
        **inputs,
        "name": cluster,
        "arn": f"arn:aws:eks:{_region(inputs)}:{AWS_ACCOUNT}:cluster/{cluster}",
        "endpoint": f"https://{_uuid(name).replace('-', '').upper()}.gr7.{_region(inputs)}.eks.amazonaws.com",
        "certificateAuthority": {"data": authority},
        "vpcConfig": {**inputs["vpcConfig"], "clusterSecurityGroupId": f"{name}-security-group-id"},
    }


def _launch_template(name: str, inputs: Inputs) -> Outputs:
    return {**inputs, "name": name, "latestVersion": 1}


def _address(name: str, inputs: Inputs) -> Outputs:
    return {**inputs, "allocationId": f"{name}-id"}


def _database(name: str, inputs: Inputs) -> Outputs:
    host = f"{name}.{_uuid(name)[:12].replace('-', '')}.{_region(inputs)}.rds.amazonaws.com"
    return {**inputs, "address": host, "endpoint": f"{host}:5432", "port": 5432}


def _vpc(name: str, inputs: Inputs) -> Outputs:
    return {**inputs, "defaultRouteTableId": f"{name}-default-route-table-id"}


def _queue(name: str, inputs: Inputs) -> Outputs:
    queue, region = _physical(name, inputs), _region(inputs)
    return {
        **inputs,
        "name": queue,
        "arn": f"arn:aws:sqs:{region}:{AWS_ACCOUNT}:{queue}",
        "url": f"https://sqs.{region}.amazonaws.com/{AWS_ACCOUNT}/{queue}",
    }


def _random_id(name: str, inputs: Inputs) -> Outputs:
    digest = hashlib.sha256(name.encode()).digest()[: int(inputs["byteLength"])]
    return {**inputs, "hex": digest.hex()}


def _remote_command(name: str, inputs: Inputs) -> Outputs:
    return {**inputs, "stdout": wire.as_secret(f"[output of {name}, known after deployment]"), "stderr": ""}


def _metrics_workspace(name: str, inputs: Inputs) -> Outputs:
    workspace = f"ws-{_uuid(name)}"
    region = _region(inputs)
    return {
        **inputs,
        "arn": f"arn:aws:aps:{region}:{AWS_ACCOUNT}:workspace/{workspace}",
        "prometheusEndpoint": f"https://aps-workspaces.{region}.amazonaws.com/workspaces/{workspace}/",
    }


def _topic(name: str, inputs: Inputs) -> Outputs:
    topic = _physical(name, inputs)
    return {**inputs, "name": topic, "arn": f"arn:aws:sns:{_region(inputs)}:{AWS_ACCOUNT}:{topic}"}


def _vault(name: str, inputs: Inputs) -> Outputs:
    vault = _physical(name, inputs)
    return {**inputs, "name": vault, "arn": f"arn:aws:backup:{_region(inputs)}:{AWS_ACCOUNT}:backup-vault:{vault}"}


def _certificate(name: str, inputs: Inputs) -> Outputs:
    hosts = (inputs["domainName"], *inputs.get("subjectAlternativeNames", ()))
    options = [
        {
            "domainName": host,
            "resourceRecordName": f"_{_uuid(host)[:8]}.{host}.",
            "resourceRecordType": "CNAME",
            "resourceRecordValue": f"_{_uuid(host)[24:]}.acm-validations.aws.",
        }
        for host in hosts
    ]
    arn = f"arn:aws:acm:{_region(inputs)}:{AWS_ACCOUNT}:certificate/{_uuid(name)}"
    return {**inputs, "arn": arn, "domainValidationOptions": options}


def _load_balancer(name: str, inputs: Inputs) -> Outputs:
    region, kind = _region(inputs), "net" if inputs["loadBalancerType"] == "network" else "app"
    path, digest = f"loadbalancer/{kind}/{name}", _uuid(name)[24:]
    return {
        **inputs,
        "arn": f"arn:aws:elasticloadbalancing:{region}:{AWS_ACCOUNT}:{path}/{digest}",
        "dnsName": f"{name}-{digest}.elb.{region}.amazonaws.com",
        "zoneId": "Z00000000000000000000",
    }


def _target_group(name: str, inputs: Inputs) -> Outputs:
    path = f"targetgroup/{name}/{_uuid(name)[24:]}"
    return {**inputs, "arn": f"arn:aws:elasticloadbalancing:{_region(inputs)}:{AWS_ACCOUNT}:{path}"}


def _dns_record(_name: str, inputs: Inputs) -> Outputs:
    return {**inputs, "fqdn": inputs["name"]}


EXACT: dict[str, Callable[[str, Inputs], Outputs]] = {
    "aws:acm/certificate:Certificate": _certificate,
    "aws:amp/workspace:Workspace": _metrics_workspace,
    "aws:backup/vault:Vault": _vault,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:ec2/eip:Eip": _address,
    "aws:ec2/launchTemplate:LaunchTemplate": _launch_template,
    "aws:ec2/vpc:Vpc": _vpc,
    "aws:eks/cluster:Cluster": _cluster,
    "aws:iam/role:Role": _role,
    "aws:kms/key:Key": _key,
    "aws:lb/loadBalancer:LoadBalancer": _load_balancer,
    "aws:lb/targetGroup:TargetGroup": _target_group,
    "aws:rds/instance:Instance": _database,
    "aws:route53/record:Record": _dns_record,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:sns/topic:Topic": _topic,
    "aws:sqs/queue:Queue": _queue,
    "command:remote:Command": _remote_command,
    "random:index/randomId:RandomId": _random_id,
}
"""Answers by exact type token: given a logical name and inputs, the outputs."""
