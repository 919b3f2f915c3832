"""Small resources of AWS that comply with every rule, as records of a graph."""

from __future__ import annotations

import json
from typing import Any

from tests.policies.objects import Json, resource

KEY = "arn:aws:kms:eu-north-1:111122223333:key/1"


def aws(token: str, name: str, *made_from: Json, **inputs: Any) -> Json:
    """A resource of the type `aws:<token>` that takes outputs of `made_from`."""
    kind = token.rpartition("/")[2]
    full = f"aws:{token}:{kind[0].upper()}{kind[1:]}"
    return resource(full, inputs, name=name, dependsOn=[other["urn"] for other in made_from])


def document(*statements: Json) -> str:
    """A policy document as AWS takes it."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any = "s3:GetObject", target: Any = "arn:aws:s3:::documents/*", **members: Any) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": target} | members


REFUSE_PLAIN_HTTP = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}

LOG_DELIVERY = {
    "Effect": "Allow",
    "Principal": {"Service": "logging.s3.amazonaws.com"},
    "Action": "s3:PutObject",
    "Resource": "arn:aws:s3:::logs/*",
}

OWN_ACCOUNT = {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}


def bucket() -> Json:
    return aws("s3/bucket", "documents")


def of_bucket(kind: str, **inputs: Any) -> list[Json]:
    """A bucket and one resource that is made for it."""
    owner = bucket()
    return [owner, aws(f"s3/{kind}", "companion", owner, **inputs)]


def public_access_block() -> list[Json]:
    switches = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    return of_bucket("bucketPublicAccessBlock", **dict.fromkeys(switches, True))


def encryption(**changes: Any) -> Json:
    return {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY} | changes}


def database(**changes: Any) -> Json:
    inputs = {
        "engine": "postgres",
        "storageEncrypted": True,
        "kmsKeyId": KEY,
        "multiAz": True,
        "backupRetentionPeriod": 30,
        "deletionProtection": True,
        "tags": {"ai-platform/environment": "test", "ai-platform/backup": "daily"},
    }
    return aws("rds/instance", "database", **(inputs | changes))


def network_and(token: str, **inputs: Any) -> list[Json]:
    """A VPC and one resource that is made for it."""
    network = aws("ec2/vpc", "network")
    return [network, aws(token, "companion", network, **inputs)]


def ingress_rule(**inputs: Any) -> Json:
    return aws(
        "vpc/securityGroupIngressRule", "clients", **({"ipProtocol": "tcp", "fromPort": 443, "toPort": 443} | inputs)
    )


def edge_rule(**inputs: Any) -> list[Json]:
    """An ingress rule of the security group that a load balancer stands in."""
    group = aws("ec2/securityGroup", "edge")
    balancer = aws("lb/loadBalancer", "edge-lb", group)
    return [ingress_rule(**inputs) | {"dependsOn": [group["urn"]]}, group, balancer]


def role(*trusted: Json, **inputs: Any) -> Json:
    return aws("iam/role", "role", assumeRolePolicy=document(*trusted), **inputs)


def trust(principal: Any, **condition: Any) -> Json:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return statement | ({"Condition": condition} if condition else {})


OIDC = {"Federated": "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-north-1.amazonaws.com/id/A1"}
OIDC_CLAIMS = {
    "oidc.eks.eu-north-1.amazonaws.com/id/A1:aud": "sts.amazonaws.com",
    "oidc.eks.eu-north-1.amazonaws.com/id/A1:sub": "system:serviceaccount:models:reader",
}

STACK_TAGS = {"owner": "team", "cost-centre": "4711", "data-class": "confidential"}


def launch_template() -> Json:
    disk = {"deviceName": "/dev/xvda", "ebs": {"encrypted": "true", "kmsKeyId": KEY}}
    return aws(
        "ec2/launchTemplate",
        "nodes",
        blockDeviceMappings=[disk],
        metadataOptions={"httpTokens": "required", "httpPutResponseHopLimit": 1},
        networkInterfaces=[{"associatePublicIpAddress": "false"}],
        tagSpecifications=[{"resourceType": kind, "tags": STACK_TAGS} for kind in ("instance", "volume")],
    )


def node_class(kind: str = "karpenter.k8s.aws/v1:EC2NodeClass") -> Json:
    spec = {
        "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"encrypted": True, "kmsKeyID": KEY}}],
        "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
        "tags": STACK_TAGS,
    }
    return resource(kind, {"metadata": {"name": "nodes"}, "spec": spec})
