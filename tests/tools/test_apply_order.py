from __future__ import annotations

from tools.deploy.apply_order import phases


def item(kind: str, version: str = "v1", namespace: str | None = "data") -> dict[str, object]:
    metadata = {"name": kind.lower()} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def test_namespaces_come_first_and_custom_resources_last() -> None:
    found = phases(
        [
            item("Cluster", "postgresql.cnpg.io/v1"),
            item("StatefulSet", "apps/v1"),
            item("Secret"),
            item("NetworkPolicy", "networking.k8s.io/v1"),
            item("PriorityClass", "scheduling.k8s.io/v1", None),
            item("Namespace", namespace=None),
        ]
    )
    assert [(phase.title, [entry["kind"] for entry in phase.manifests]) for phase in found] == [
        ("namespaces", ["Namespace"]),
        ("cluster-scoped objects", ["PriorityClass"]),
        ("quotas and policies", ["NetworkPolicy"]),
        ("configuration, secrets and services", ["Secret"]),
        ("workloads", ["StatefulSet"]),
        ("custom resources", ["Cluster"]),
    ]


def test_admission_policies_are_there_before_what_they_judge() -> None:
    group = "admissionregistration.k8s.io/v1"
    found = phases(
        [
            item("Deployment", "apps/v1"),
            item("Service"),
            item("NetworkPolicy", "networking.k8s.io/v1"),
            item("ValidatingAdmissionPolicyBinding", group, None),
            item("ValidatingAdmissionPolicy", group, None),
            item("Namespace", namespace=None),
        ]
    )
    kinds = [entry["kind"] for phase in found for entry in phase.manifests]
    assert kinds[0] == "Namespace"
    assert set(kinds[1:3]) == {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}


def test_cluster_scoped_custom_resources_wait_for_the_others() -> None:
    found = phases([item("GatewayClass", "gateway.networking.k8s.io/v1", None), item("Secret")])
    assert [phase.title for phase in found] == ["configuration, secrets and services", "custom resources"]


def test_phases_without_objects_are_left_out() -> None:
    assert phases([]) == ()
