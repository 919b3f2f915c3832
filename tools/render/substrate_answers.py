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


def _random_id(name: str, inputs: Inputs) -> Outputs:
    digest = hashlib.sha256(name.encode()).digest()[: int(inputs["byteLength"])]
    return {**inputs, "hex": digest.hex()}


def _remote_command(name: str, inputs: Inputs) -> Outputs:
    return {**inputs, "stdout": wire.as_secret(f"[output of {name}, known after deployment]"), "stderr": ""}


EXACT: dict[str, Callable[[str, Inputs], Outputs]] = {
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:ec2/eip:Eip": _address,
    "aws:ec2/launchTemplate:LaunchTemplate": _launch_template,
    "aws:eks/cluster:Cluster": _cluster,
    "aws:iam/role:Role": _role,
    "aws:kms/key:Key": _key,
    "aws:rds/instance:Instance": _database,
    "aws:s3/bucket:Bucket": _bucket,
    "command:remote:Command": _remote_command,
    "random:index/randomId:RandomId": _random_id,
}
"""Answers by exact type token: given a logical name and inputs, the outputs."""
