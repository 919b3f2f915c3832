"""Calls that create the control plane and its nodes."""

from __future__ import annotations

from typing import Any

from tests.components.gpu_cluster.aws.account import Account
from tests.components.gpu_cluster.aws.arguments import Call, Inputs, Outputs, pascal


def _cluster(aws: Account, inputs: Inputs) -> Outputs:
    """EKS also makes a security group, which nodes and databases name; moto makes none."""
    found = aws.client("eks").create_cluster(
        name=inputs["name"],
        version=inputs["version"],
        roleArn=inputs["roleArn"],
        resourcesVpcConfig=inputs["vpcConfig"],
        encryptionConfig=[inputs["encryptionConfig"]],
        logging={"clusterLogging": [{"types": inputs["enabledClusterLogTypes"], "enabled": True}]},
        tags=inputs["tags"],
    )["cluster"]
    ec2 = aws.client("ec2")
    vpc = ec2.describe_subnets(SubnetIds=inputs["vpcConfig"]["subnetIds"])["Subnets"][0]["VpcId"]
    group = ec2.create_security_group(GroupName=inputs["name"], Description="made by EKS", VpcId=vpc)["GroupId"]
    return {"id": inputs["name"], "arn": found["arn"], "vpcConfig.clusterSecurityGroupId": group}


def _launch_template(aws: Account, inputs: Inputs) -> Outputs:
    described = {key: inputs[key] for key in _TEMPLATE_KEYS if key in inputs}
    template = aws.client("ec2").create_launch_template(
        LaunchTemplateName=inputs["name"], LaunchTemplateData=_typed(pascal(described))
    )["LaunchTemplate"]
    return {"id": template["LaunchTemplateId"]}


_TEMPLATE_KEYS = ("blockDeviceMappings", "instanceType", "metadataOptions", "monitoring", "userData")


def _typed(value: Any) -> Any:
    """The provider takes some truths as text."""
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _node_group(aws: Account, inputs: Inputs) -> Outputs:
    group = aws.client("eks").create_nodegroup(
        clusterName=inputs["clusterName"],
        nodegroupName=inputs.get("nodeGroupName") or inputs["name"],
        nodeRole=inputs["nodeRoleArn"],
        subnets=inputs["subnetIds"],
        amiType=inputs["amiType"],
        capacityType=inputs["capacityType"],
        scalingConfig=inputs["scalingConfig"],
        launchTemplate=inputs["launchTemplate"],
        labels=inputs["labels"],
        taints=inputs.get("taints", []),
        tags=inputs["tags"],
    )["nodegroup"]
    return {"id": group["nodegroupName"], "arn": group["nodegroupArn"]}


CALLS: dict[str, Call] = {
    "ec2/launchTemplate:LaunchTemplate": _launch_template,
    "eks/cluster:Cluster": _cluster,
    "eks/nodeGroup:NodeGroup": _node_group,
}
