"""Calls that create keys, roles and logs."""

from __future__ import annotations

from tests.components.gpu_cluster.aws.account import Account
from tests.components.gpu_cluster.aws.arguments import Call, Inputs, Outputs, tags


def _key(aws: Account, inputs: Inputs) -> Outputs:
    kms = aws.client("kms", inputs)
    found = kms.create_key(
        Policy=inputs["policy"], Description=inputs["description"], Tags=tags(inputs, "TagKey", "TagValue")
    )["KeyMetadata"]
    if inputs["enableKeyRotation"]:
        kms.enable_key_rotation(KeyId=found["KeyId"])
    return {"id": found["KeyId"], "keyId": found["KeyId"], "arn": found["Arn"]}


def _alias(aws: Account, inputs: Inputs) -> Outputs:
    aws.client("kms").create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
    return {"id": inputs["name"]}


def _role(aws: Account, inputs: Inputs) -> Outputs:
    iam = aws.client("iam")
    trust = inputs["assumeRolePolicy"]
    role = iam.create_role(RoleName=inputs["name"], AssumeRolePolicyDocument=trust, Tags=tags(inputs))["Role"]
    # moto reads a trust document only when it replaces another.
    iam.update_assume_role_policy(RoleName=inputs["name"], PolicyDocument=trust)
    return {"id": role["RoleName"], "name": role["RoleName"], "arn": role["Arn"]}


def _role_policy(aws: Account, inputs: Inputs) -> Outputs:
    aws.client("iam").put_role_policy(
        RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
    )
    return {}


def _attachment(aws: Account, inputs: Inputs) -> Outputs:
    aws.client("iam").attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
    return {}


def _log_group(aws: Account, inputs: Inputs) -> Outputs:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName=inputs["name"], kmsKeyId=inputs["kmsKeyId"], tags=inputs["tags"])
    logs.put_retention_policy(logGroupName=inputs["name"], retentionInDays=inputs["retentionInDays"])
    return {"id": inputs["name"]}


CALLS: dict[str, Call] = {
    "cloudwatch/logGroup:LogGroup": _log_group,
    "iam/role:Role": _role,
    "iam/rolePolicy:RolePolicy": _role_policy,
    "iam/rolePolicyAttachment:RolePolicyAttachment": _attachment,
    "kms/alias:Alias": _alias,
    "kms/key:Key": _key,
}
