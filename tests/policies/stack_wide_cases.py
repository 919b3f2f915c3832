"""Cases of the rules about redundancy, backups and providers."""

from __future__ import annotations

from typing import Any

from tests.policies.aws_objects import aws, database
from tests.policies.cases import Case
from tests.policies.objects import Json, deployment, pod_spec, resource

SPREAD = [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname"}]


def gateway(component: str = "gateway", **spec: Any) -> Json:
    return deployment("litellm", "gateway", component, pod_spec(topologySpreadConstraints=SPREAD, **spec), replicas=2)


def _scaled(kind: str, key: str) -> list[Json]:
    target = {"kind": "Deployment", "name": "litellm"}
    inputs = {"metadata": {"name": "litellm", "namespace": "gateway"}, "spec": {"scaleTargetRef": target, key: 2}}
    return [gateway(), resource(kind, inputs)]


def envoy_proxy(**kubernetes: Any) -> Json:
    provider = {"envoyDeployment": {"replicas": 2, "pod": {"topologySpreadConstraints": SPREAD}}} | kubernetes
    inputs = {
        "metadata": {"name": "edge", "namespace": "gateway"},
        "spec": {"provider": {"type": "Kubernetes", "kubernetes": provider}},
    }
    return resource("gateway.envoyproxy.io/v1alpha1:EnvoyProxy", inputs)


POD = "spec.template.spec"

REDUNDANCY_CASES = [
    Case(rule="REL-02", resources=[gateway()], path="spec.replicas", bad=1, absent_fails=True),
    Case(
        rule="REL-02",
        resources=[deployment("app", "gateway", replicas=1, spec=pod_spec(topologySpreadConstraints=SPREAD))],
        path='spec.template.metadata.labels["app.kubernetes.io/component"]',
        good="other",
        bad="identity",
        absent_fails=False,
        at="spec.replicas",
    ),
    *(
        Case(
            rule="REL-02",
            resources=_scaled(kind, key),
            path=f"spec.{key}",
            bad=1,
            absent_fails=True,
            index=1,
            about=0,
            at="spec.replicas",
        )
        for kind, key in (
            ("autoscaling/v2:HorizontalPodAutoscaler", "minReplicas"),
            ("keda.sh/v1alpha1:ScaledObject", "minReplicaCount"),
        )
    ),
    Case(
        rule="REL-02",
        resources=[gateway()],
        path=f"{POD}.topologySpreadConstraints",
        bad=[],
        absent_fails=True,
    ),
    Case(
        rule="REL-02",
        resources=[deployment("litellm", "gateway", "gateway", pod_spec(), replicas=2)],
        path=f"{POD}.affinity.podAntiAffinity",
        good={"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100}]},
        bad={},
        absent_fails=True,
        at=POD,
    ),
    Case(
        rule="REL-22",
        resources=[envoy_proxy()],
        path="spec.provider.kubernetes.envoyDeployment.replicas",
        bad=1,
        absent_fails=True,
    ),
    Case(
        rule="REL-22",
        resources=[envoy_proxy(envoyHpa={"maxReplicas": 9})],
        path="spec.provider.kubernetes.envoyHpa.minReplicas",
        good=2,
        bad=1,
        absent_fails=True,
    ),
    Case(
        rule="REL-22",
        resources=[envoy_proxy()],
        path="spec.provider.kubernetes.envoyDeployment.pod.topologySpreadConstraints",
        bad=[],
        absent_fails=True,
    ),
]

PLUGIN = {"name": "barman-cloud.cloudnative-pg.io"}


def postgres(*storage_classes: Json, **spec: Any) -> list[Json]:
    """A CloudNativePG database with its schedule of backups."""
    place = {"name": "postgres", "namespace": "data"}
    database = {
        "plugins": [PLUGIN | {"isWALArchiver": True}],
        "storage": {"storageClass": "retained"},
        "walStorage": {"storageClass": "retained"},
    }
    schedule = {"cluster": {"name": "postgres"}, "schedule": "0 0 2 * * *"}
    return [
        resource("postgresql.cnpg.io/v1:Cluster", {"metadata": place, "spec": database | spec}),
        resource("postgresql.cnpg.io/v1:ScheduledBackup", {"metadata": place, "spec": schedule}),
        *storage_classes,
    ]


def storage_class(name: str = "retained", policy: str = "Retain") -> Json:
    inputs = {"metadata": {"name": name}, "provisioner": "example.org/disk", "reclaimPolicy": policy}
    return resource("storage.k8s.io/v1:StorageClass", inputs)


def stateful_set(name: str = "vectors", namespace: str = "data", **record: Any) -> Json:
    claim = {"metadata": {"name": "data"}, "spec": {"storageClassName": "retained"}}
    inputs = {"metadata": {"name": name, "namespace": namespace}, "spec": {"volumeClaimTemplates": [claim]}}
    return resource("apps/v1:StatefulSet", inputs, **record)


def instance_in_plan() -> list[Json]:
    test = {"key": "aws:ResourceTag/ai-platform/backup", "value": "daily"}
    return [database(), aws("backup/selection", "selection", conditions=[{"stringEquals": [test]}])]


def of_schedule(path: str, bad: Any, *, absent_fails: bool, **changes: Any) -> Case:
    return Case(
        rule="REL-03", resources=postgres(), path=path, bad=bad, absent_fails=absent_fails, index=1, about=0, **changes
    )


BACKUP_CASES = [
    Case(rule="REL-03", resources=postgres(), path="spec.plugins[0].isWALArchiver", bad=False, absent_fails=True),
    of_schedule("spec.cluster.name", "other", absent_fails=True),
    of_schedule("metadata.namespace", "models", absent_fails=True),
    of_schedule("spec.suspend", bad=True, good=False, absent_fails=False),
    Case(rule="REL-03", resources=instance_in_plan(), path="tags.ai-platform/backup", bad=None, absent_fails=True),
    Case(
        rule="REL-03",
        resources=instance_in_plan(),
        path="conditions[0].stringEquals[0].key",
        bad="aws:ResourceTag/owner",
        absent_fails=True,
        index=1,
        about=0,
    ),
    Case(
        rule="REL-20",
        resources=[stateful_set(), storage_class()],
        path="spec.volumeClaimTemplates[0].spec.storageClassName",
        bad="other",
        absent_fails=True,
    ),
    Case(
        rule="REL-20",
        resources=[stateful_set(), storage_class()],
        path="reclaimPolicy",
        bad="Delete",
        # Delete is the default of Kubernetes.
        absent_fails=True,
        index=1,
        about=0,
        at="spec.volumeClaimTemplates[0].spec.storageClassName",
    ),
    *(
        Case(
            rule="REL-20",
            resources=postgres(storage_class(), storage_class("fast", "Delete")),
            path=f"spec.{volume}.storageClass",
            bad="fast",
            absent_fails=True,
        )
        for volume in ("storage", "walStorage")
    ),
]


def provider(package: str, **inputs: Any) -> Json:
    return resource(f"pulumi:providers:{package}", inputs, name=f"cluster-{package}", provider="")


PROVIDER_CASES = [
    Case(
        rule="STK-07",
        resources=[provider("kubernetes")],
        path="kubeconfig",
        good="kubeconfig.yaml",
        bad="",
        absent_fails=True,
    ),
    Case(
        rule="STK-07",
        resources=[provider("aws", region="eu-north-1")],
        path="allowedAccountIds",
        good='["111122223333"]',
        bad="[]",
        absent_fails=True,
    ),
    Case(
        rule="STK-07",
        resources=[provider("aws", allowedAccountIds=["111122223333"])],
        path="region",
        good="eu-north-1",
        bad="",
        absent_fails=True,
    ),
]

STACK_WIDE_CASES = [*REDUNDANCY_CASES, *BACKUP_CASES, *PROVIDER_CASES]
