"""Calls that create the network."""

from __future__ import annotations

from typing import Any

from tests.components.gpu_cluster.aws.account import Account
from tests.components.gpu_cluster.aws.arguments import Call, Inputs, Outputs, tags


def _named(kind: str, inputs: Inputs) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": tags(inputs)}]


def _vpc(aws: Account, inputs: Inputs) -> Outputs:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock=inputs["cidrBlock"], TagSpecifications=_named("vpc", inputs))["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": inputs["enableDnsHostnames"]})
    return {"id": vpc}


def _default_security_group(aws: Account, inputs: Inputs) -> Outputs:
    """The provider takes over the group that AWS made, and removes every rule that is not an argument."""
    ec2 = aws.client("ec2")
    filters = [{"Name": "vpc-id", "Values": [inputs["vpcId"]]}, {"Name": "group-name", "Values": ["default"]}]
    group = ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]
    if group["IpPermissionsEgress"]:
        ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])
    if group["IpPermissions"]:
        ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    return {"id": group["GroupId"]}


def _subnet(aws: Account, inputs: Inputs) -> Outputs:
    subnet = aws.client("ec2").create_subnet(
        VpcId=inputs["vpcId"],
        CidrBlock=inputs["cidrBlock"],
        AvailabilityZone=inputs["availabilityZone"],
        TagSpecifications=_named("subnet", inputs),
    )["Subnet"]
    return {"id": subnet["SubnetId"]}


def _internet_gateway(aws: Account, inputs: Inputs) -> Outputs:
    ec2 = aws.client("ec2")
    gateway = ec2.create_internet_gateway(TagSpecifications=_named("internet-gateway", inputs))["InternetGateway"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=inputs["vpcId"])
    return {"id": gateway["InternetGatewayId"]}


def _address(aws: Account, inputs: Inputs) -> Outputs:
    found = aws.client("ec2").allocate_address(Domain=inputs["domain"])
    return {"id": found["AllocationId"], "allocationId": found["AllocationId"]}


def _nat_gateway(aws: Account, inputs: Inputs) -> Outputs:
    gateway = aws.client("ec2").create_nat_gateway(SubnetId=inputs["subnetId"], AllocationId=inputs["allocationId"])
    return {"id": gateway["NatGateway"]["NatGatewayId"]}


def _route_table(aws: Account, inputs: Inputs) -> Outputs:
    return {"id": aws.client("ec2").create_route_table(VpcId=inputs["vpcId"])["RouteTable"]["RouteTableId"]}


def _route(aws: Account, inputs: Inputs) -> Outputs:
    targets = {
        word: inputs[key]
        for key, word in (("gatewayId", "GatewayId"), ("natGatewayId", "NatGatewayId"))
        if key in inputs
    }
    aws.client("ec2").create_route(
        RouteTableId=inputs["routeTableId"], DestinationCidrBlock=inputs["destinationCidrBlock"], **targets
    )
    return {}


def _association(aws: Account, inputs: Inputs) -> Outputs:
    aws.client("ec2").associate_route_table(RouteTableId=inputs["routeTableId"], SubnetId=inputs["subnetId"])
    return {}


def _endpoint(aws: Account, inputs: Inputs) -> Outputs:
    chosen = {
        word: inputs[key]
        for key, word in (
            ("policy", "PolicyDocument"),
            ("routeTableIds", "RouteTableIds"),
            ("subnetIds", "SubnetIds"),
            ("securityGroupIds", "SecurityGroupIds"),
            ("privateDnsEnabled", "PrivateDnsEnabled"),
        )
        if key in inputs
    }
    endpoint = aws.client("ec2").create_vpc_endpoint(
        VpcId=inputs["vpcId"],
        ServiceName=inputs["serviceName"],
        VpcEndpointType=inputs["vpcEndpointType"],
        **chosen,
    )["VpcEndpoint"]
    return {"id": endpoint["VpcEndpointId"]}


def _flow_log(aws: Account, inputs: Inputs) -> Outputs:
    found = aws.client("ec2").create_flow_logs(
        ResourceIds=[inputs["vpcId"]],
        ResourceType="VPC",
        TrafficType=inputs["trafficType"],
        LogDestinationType=inputs["logDestinationType"],
        LogDestination=inputs["logDestination"],
        DeliverLogsPermissionArn=inputs["iamRoleArn"],
    )
    assert not found["Unsuccessful"], found["Unsuccessful"]
    return {"id": found["FlowLogIds"][0]}


def _security_group(aws: Account, inputs: Inputs) -> Outputs:
    group = aws.client("ec2").create_security_group(
        GroupName=inputs["name"],
        Description=inputs["description"],
        VpcId=inputs["vpcId"],
        TagSpecifications=_named("security-group", inputs),
    )
    return {"id": group["GroupId"]}


def _permission(inputs: Inputs) -> dict[str, Any]:
    permission: dict[str, Any] = {"IpProtocol": inputs["ipProtocol"]}
    if "fromPort" in inputs:
        permission |= {"FromPort": inputs["fromPort"], "ToPort": inputs["toPort"]}
    if "cidrIpv4" in inputs:
        permission["IpRanges"] = [{"CidrIp": inputs["cidrIpv4"]}]
    if "referencedSecurityGroupId" in inputs:
        permission["UserIdGroupPairs"] = [{"GroupId": inputs["referencedSecurityGroupId"]}]
    return permission


def _ingress(aws: Account, inputs: Inputs) -> Outputs:
    ec2 = aws.client("ec2")
    ec2.authorize_security_group_ingress(GroupId=inputs["securityGroupId"], IpPermissions=[_permission(inputs)])
    return {}


def _egress(aws: Account, inputs: Inputs) -> Outputs:
    ec2 = aws.client("ec2")
    permission = _permission(inputs)
    if inputs.get("cidrIpv4") != "0.0.0.0/0":  # the rule that a new group has already
        ec2.authorize_security_group_egress(GroupId=inputs["securityGroupId"], IpPermissions=[permission])
    return {}


CALLS: dict[str, Call] = {
    "ec2/defaultSecurityGroup:DefaultSecurityGroup": _default_security_group,
    "ec2/eip:Eip": _address,
    "ec2/flowLog:FlowLog": _flow_log,
    "ec2/internetGateway:InternetGateway": _internet_gateway,
    "ec2/natGateway:NatGateway": _nat_gateway,
    "ec2/route:Route": _route,
    "ec2/routeTable:RouteTable": _route_table,
    "ec2/routeTableAssociation:RouteTableAssociation": _association,
    "ec2/securityGroup:SecurityGroup": _security_group,
    "ec2/subnet:Subnet": _subnet,
    "ec2/vpc:Vpc": _vpc,
    "ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": _egress,
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": _ingress,
}
