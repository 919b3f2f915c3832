"""Machines in AWS: what a pod on them could reach, and who could log in."""

from __future__ import annotations

from policies.checks import each, per_object, per_type, together
from policies.demands import Demand, judged, of_types, stated, switched_off, switched_on
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import ObjectCheck, Rule
from policies.rules.cluster.control_plane import EKS_NODE_GROUPS
from policies.subjects import Subject

TEMPLATES = ("aws:ec2/launchTemplate:LaunchTemplate",)
MACHINES = (*TEMPLATES, "aws:ec2/instance:Instance")
SUBNETS = ("aws:ec2/subnet:Subnet",)

METADATA = (
    Demand(("httpTokens",), lambda value: value == "required", "required"),
    Demand(("httpPutResponseHopLimit",), lambda value: value == 1, "1"),
)
"""Session tokens, which a forged request cannot obtain, and answers that do not get into a pod's network."""


def _of_node_classes(check: ObjectCheck) -> ObjectCheck:
    return per_object(check, "karpenter.k8s.aws", "EC2NodeClass")


def _metadata(machine: Subject) -> Outcomes:
    return judged(machine.root.at("metadataOptions"), METADATA)


def _class_metadata(node_class: Subject) -> Outcomes:
    return judged(node_class.root.at("spec", "metadataOptions"), METADATA)


def _disks(template: Subject) -> Outcomes:
    return _encrypted(template.root.at("blockDeviceMappings"), "kmsKeyId")


def _class_disks(node_class: Subject) -> Outcomes:
    return _encrypted(node_class.root.at("spec", "blockDeviceMappings"), "kmsKeyID")


def _encrypted(mappings: Field, key: str) -> Outcomes:
    disks = mappings.items()
    if not disks:
        yield Violation(mappings.path, "must name the root disk")
    demands = (switched_on("ebs", "encrypted"), stated("ebs", key, expected="a key of the platform"))
    for disk in disks:
        yield from judged(disk, demands)


def _public_interfaces(template: Subject) -> Outcomes:
    switch = switched_off("associatePublicIpAddress")
    return each(template.root.at("networkInterfaces").items(), switch.judge)


def _public_class(node_class: Subject) -> Outcomes:
    return judged(node_class.root, [switched_off("spec", "associatePublicIPAddress")])


RULES = (
    Rule(
        id="CLU-07",
        title="Pods cannot ask the machine for its rights",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A pod, or a server that is talked into fetching an address, gets the AWS credentials of its node "
        "from the metadata service.",
        sources=("FSBP EC2.8, AutoScaling.3", "CKV_AWS_79", "CKV_AWS_341", "EKS best practices: Restrict IMDS"),
        remediation="Set metadataOptions: httpTokens required, httpPutResponseHopLimit 1.",
        of_object=together(per_type(_metadata, *MACHINES), _of_node_classes(_class_metadata)),
    ),
    Rule(
        id="CLU-12",
        title="Disks of nodes are encrypted with a key of the platform",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A disk or a snapshot of a node in other hands shows images, logs, tokens and cached weights, and "
        "no key of the platform can lock it.",
        sources=("FSBP EC2.7", "CKV_AWS_8", "CKV_AWS_189"),
        remediation="Set encrypted and the key in every block device mapping, the root disk's included.",
        of_object=together(per_type(_disks, *TEMPLATES), _of_node_classes(_class_disks)),
    ),
    Rule(
        id="CLU-13",
        title="Nodes come from a launch template, and nobody logs in to them by SSH",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Whoever has the SSH key has a shell on every node, next to all pods, and no session log shows what "
        "was done there.",
        sources=("CIS EKS 3.1", "CKV_AWS_100"),
        remediation="Leave remoteAccess and keyName out; node groups take a launch template, which CLU-07 and CLU-12 "
        "judge. AWS Systems Manager opens sessions that are logged.",
        of_object=together(
            of_types(EKS_NODE_GROUPS, Demand(("remoteAccess",), lambda value: value is None, "left out")),
            of_types(EKS_NODE_GROUPS, Demand(("launchTemplate",), bool, "a launch template of the platform")),
            of_types(MACHINES, Demand(("keyName",), lambda value: not value, "left out")),
        ),
    ),
    Rule(
        id="CLU-14",
        title="Nodes have no public address",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A node with a public address is one mistake in a security group away from offering its kubelet and "
        "its pods' ports to the internet.",
        sources=("CIS EKS 5.4.3", "FSBP EC2.9, EC2.15, EC2.25", "AutoScaling.5", "CKV_AWS_88", "CKV_AWS_130"),
        remediation="Leave mapPublicIpOnLaunch and associatePublicIpAddress false.",
        of_object=together(
            of_types(SUBNETS, switched_off("mapPublicIpOnLaunch")),
            per_type(_public_interfaces, *TEMPLATES),
            of_types(MACHINES, switched_off("associatePublicIpAddress")),
            _of_node_classes(_public_class),
        ),
    ),
)
