"""Pure builders of how a cluster in AWS looks from Kubernetes: access, storage classes, load balancer."""

from __future__ import annotations

import json
from typing import Literal

import pulumi

from components.base.handles import LoadBalancer
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


def storage_plan(key_arn: pulumi.Input[str]) -> StoragePlan:
    """gp3 volumes encrypted with the platform's key. A volume lives in one zone, so it is made where its pod runs.

    No class is shared among nodes: weights and documents are objects.
    """
    volumes = NewStorageClass(
        provisioner="ebs.csi.aws.com",
        parameters={"type": "gp3", "encrypted": "true", "kmsKeyId": key_arn, "csi.storage.k8s.io/fstype": "ext4"},
        expandable=True,
    )
    return StoragePlan(
        fast=StorageClassPlan(name="platform-fast", create=volumes),
        retained=StorageClassPlan(name="platform-retained", create=volumes),
    )


def load_balancer(scheme: Scheme) -> LoadBalancer:
    """A network load balancer made by the cloud's own service controller."""
    annotations = {
        "service.beta.kubernetes.io/aws-load-balancer-type": "nlb",
        "service.beta.kubernetes.io/aws-load-balancer-cross-zone-load-balancing-enabled": "true",
    }
    if scheme == "internal":
        annotations["service.beta.kubernetes.io/aws-load-balancer-internal"] = "true"
    return LoadBalancer(address_kind="hostname", annotations=annotations)
