"""Snapshots of etcd: when they are taken, and where they are kept."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.base import labels
from components.base.handles import AccessKey
from components.gpu_cluster.k3s.plan import SnapshotPlan

CONFIG_SECRET = "k3s-etcd-snapshot-s3-config"  # noqa: S105 # the name of a Secret
CONFIG_SECRET_TYPE = "etcd.k3s.cattle.io/s3-config-secret"  # noqa: S105 # a type
NAMESPACE = "kube-system"
"""The only namespace that k3s looks for the Secret in."""


def snapshot_config(plan: SnapshotPlan) -> dict[str, Any]:
    """Keys of a server's config.yaml.

    Endpoint, bucket and keys are read from a Secret each time a snapshot is taken, so that keys are changed without a
    restart. k3s ignores the Secret when any other `etcd-s3-` key is set.
    """
    config: dict[str, Any] = {
        "etcd-snapshot-schedule-cron": plan.schedule,
        "etcd-snapshot-retention": plan.retention,
    }
    return config | ({"etcd-s3": True, "etcd-s3-config-secret": CONFIG_SECRET} if plan.store else {})


def snapshot_secret_data(plan: SnapshotPlan, access: AccessKey) -> dict[str, pulumi.Input[str]]:
    """Keys of the Secret that k3s reads. Raises ValueError without a store.

    Without a retention of its own k3s keeps five snapshots in the bucket.
    """
    store = plan.store
    if store is None:
        message = "the plan has no store for snapshots"
        raise ValueError(message)
    data: dict[str, pulumi.Input[str]] = {
        "etcd-s3-endpoint": store.endpoint,
        "etcd-s3-region": store.region,
        "etcd-s3-bucket": store.bucket,
        "etcd-s3-folder": store.folder,
        "etcd-s3-retention": str(plan.retention),
        "etcd-s3-timeout": "5m",
        "etcd-s3-insecure": "false",
        "etcd-s3-skip-ssl-verify": "false",
        "etcd-s3-access-key": access.access_key_id,
        "etcd-s3-secret-key": access.secret_access_key,
    }
    return data | ({"etcd-s3-endpoint-ca": store.ca_certificate} if store.ca_certificate else {})


def create_snapshot_secret(
    name: str, plan: SnapshotPlan, access: AccessKey, environment: str, opts: pulumi.ResourceOptions
) -> k8s.core.v1.Secret:
    """Create the Secret. k3s looks for it each time it takes a snapshot, so it may appear after the servers."""
    return k8s.core.v1.Secret(
        f"{name}-etcd-snapshots",
        metadata={
            "name": CONFIG_SECRET,
            "namespace": NAMESPACE,
            "labels": labels.object_labels(CONFIG_SECRET, "etcd-snapshots", environment),
        },
        type=CONFIG_SECRET_TYPE,
        string_data=snapshot_secret_data(plan, access),
        opts=opts,
    )
