"""Pure builders of how a cluster in AWS looks from Kubernetes: access and storage classes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Literal

import pulumi

from components.gpu_cluster.eks.auto_mode import auto_mode_specs
from components.gpu_cluster.eks.tags import backed_up
from components.gpu_cluster.kubeconfig import exec_kubeconfig
from components.gpu_cluster.storage_classes import NewStorageClass, StorageClassPlan, StoragePlan

Scheme = Literal["internal", "internet-facing"]


def kubeconfig_text(*, name: str, endpoint: str, certificate_authority: str, region: str) -> str:
    """A kubeconfig that asks the AWS CLI for a token of the deploying role."""
    arguments = ("eks", "get-token", "--cluster-name", name, "--region", region)
    return json.dumps(
        exec_kubeconfig(
            name=name,
            endpoint=endpoint,
            certificate_authority=certificate_authority,
            command="aws",
            arguments=arguments,
        )
    )


def address_in(cidr: str, index: int) -> str:
    """The address of a Service that EKS gives a fixed place in the service range: 1 is the API server, 10 DNS."""
    return f"{IPv4Network(cidr)[index]}/32"


def storage_plan(key_arn: pulumi.Input[str], tags: Mapping[str, str]) -> StoragePlan:
    """Volumes of the EBS add-on."""
    return _storage_plan("ebs.csi.aws.com", key_arn, tags)


def auto_mode_storage_plan(key_arn: pulumi.Input[str], tags: Mapping[str, str]) -> StoragePlan:
    """Volumes of Auto Mode's own driver, of the same kind."""
    return _storage_plan(auto_mode_specs.VOLUME_DRIVER, key_arn, tags)


def _storage_plan(driver: str, key_arn: pulumi.Input[str], tags: Mapping[str, str]) -> StoragePlan:
    """gp3 volumes encrypted with the platform's key. A volume lives in one zone, so it is made where its pod runs.

    No class is shared among nodes: weights and documents are objects. `tags` go on every volume; a retained one is
    backed up too.
    """
    retained = {**tags, **backed_up()}
    return StoragePlan(
        fast=StorageClassPlan(name="platform-fast", create=_volumes(driver, key_arn, tags)),
        retained=StorageClassPlan(name="platform-retained", create=_volumes(driver, key_arn, retained)),
    )


def _volumes(driver: str, key_arn: pulumi.Input[str], tags: Mapping[str, str]) -> NewStorageClass:
    parameters = {"type": "gp3", "encrypted": "true", "csi.storage.k8s.io/fstype": "ext4"}
    # Keys that only have to differ (EBS CSI driver, "Tagging").
    specifications = {f"tagSpecification_{index}": f"{key}={tags[key]}" for index, key in enumerate(sorted(tags), 1)}
    return NewStorageClass(
        provisioner=driver,
        parameters={**parameters, "kmsKeyId": key_arn, **specifications},
        expandable=True,
    )
