"""Cases of the rules about clusters and their nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.policies.aws_objects import aws, launch_template, node_class
from tests.policies.cases import Case
from tests.policies.cluster_objects import (
    API_ARGUMENTS,
    CIPHERS,
    KUBELET_ARGUMENTS,
    auto_mode,
    eks_cluster,
    k3s,
    network_addon,
)
from tests.policies.objects import Json, container, deployment, pod_spec

ANYWHERE = "0.0.0.0/0"


def of_eks(rule: str, path: str, bad: Any, *, absent_fails: bool = True, **changes: Any) -> Case:
    return Case(rule=rule, resources=[eks_cluster()], path=path, bad=bad, absent_fails=absent_fails, **changes)


def of_k3s(rule: str, path: str, bad: Any, *, absent_fails: bool = True, **changes: Any) -> Case:
    return Case(rule=rule, resources=[k3s()], path=path, bad=bad, absent_fails=absent_fails, **changes)


def argument(
    rule: str, place: str, good: Sequence[str], name: str, *values: str, absent_fails: bool = True
) -> list[Case]:
    """Cases in which the argument `name` at `place` has each of `values`, and one in which it is not there."""
    others = [item for item in good if not item.startswith(f"{name}=")]
    bad = [*([others] if absent_fails else []), *([*others, f"{name}={value}"] for value in values)]
    return [Case(rule=rule, resources=[k3s()], path=place, bad=item, absent_fails=absent_fails) for item in bad]


SERVER = "servers[1].kube-apiserver-arg"
KUBELETS = ("servers[0].kubelet-arg", "agents[0].kubelet-arg")

CONTROL_PLANE_CASES = [
    of_eks("CLU-01", "encryptionConfig.resources", ["configmaps"]),
    of_eks("CLU-01", "encryptionConfig.provider.keyArn", None),
    of_eks("CLU-01", "encryptionConfig.provider.keyArn", ""),
    of_k3s("CLU-01", "servers[1].secrets-encryption", bad=False),
    of_eks("CLU-02", "enabledClusterLogTypes", ["api", "audit"]),
    of_eks("CLU-02", "enabledClusterLogTypes", ["authenticator"]),
    of_k3s("CLU-02", "auditPolicy.rules", [{"level": "None"}, {}]),
    *argument("CLU-02", SERVER, API_ARGUMENTS, "audit-log-path", ""),
    *argument("CLU-02", SERVER, API_ARGUMENTS, "audit-policy-file", ""),
    *argument("CLU-02", SERVER, API_ARGUMENTS, "audit-log-maxage", "29", "long"),
    *argument("CLU-02", SERVER, API_ARGUMENTS, "audit-log-maxbackup", "9"),
    *argument("CLU-02", SERVER, API_ARGUMENTS, "audit-log-maxsize", "99"),
    of_eks("CLU-03", "vpcConfig.endpointPrivateAccess", bad=False),
    of_eks("CLU-03", "vpcConfig.endpointPublicAccess", bad=True),
    Case(
        rule="CLU-03",
        resources=[eks_cluster(vpcConfig={"endpointPrivateAccess": True, "endpointPublicAccess": True})],
        path="vpcConfig.publicAccessCidrs",
        good=["203.0.113.0/24"],
        bad=["203.0.113.0/24", ANYWHERE],
        absent_fails=True,
        at="vpcConfig",
    ),
    of_k3s("CLU-03", "apiCidrs", ["10.0.0.0/8", "::/0"]),
    of_eks("CLU-05", "version", "1.34"),
    of_k3s("CLU-05", "kubernetesVersion", "1.37"),
    Case(
        rule="CLU-05",
        resources=[aws("eks/nodeGroup", "nodes")],
        path="version",
        good="1.35",
        bad="1.33",
        absent_fails=True,
    ),
    of_eks("CLU-15", "accessConfig.authenticationMode", "API_AND_CONFIG_MAP"),
    of_eks("CLU-15", "accessConfig.bootstrapClusterCreatorAdminPermissions", bad=True),
    of_eks("STK-08", "deletionProtection", bad=False),
]


def _enforced() -> list[Json]:
    cluster = eks_cluster()
    return [cluster, network_addon(cluster)]


NETWORK_CASES = [
    *(
        Case(rule="CLU-04", resources=_enforced(), path=path, bad=bad, absent_fails=True, index=1, about=0)
        for path, bad in (
            ("configurationValues", '{"enableNetworkPolicy": "false"}'),
            ("configurationValues", '{"env": {}}'),
            ("addonName", "coredns"),
        )
    ),
    *(
        Case(rule="CLU-04", resources=auto_mode(), path=path, bad=bad, absent_fails=fails, index=1, about=0)
        for path, bad, fails in (
            ("data.enable-network-policy-controller", "false", True),
            # Without a name it is called by its logical name.
            ("metadata.name", "other", False),
            ("metadata.namespace", "models", True),
        )
    ),
    Case(
        rule="CLU-04",
        resources=[*_enforced()],
        path="computeConfig.enabled",
        # Auto Mode does not look at the add-on.
        good=False,
        bad=True,
        absent_fails=False,
        at="",
    ),
    of_k3s("CLU-16", "servers[1].flannel-backend", "none", absent_fails=False),
    of_k3s("CLU-16", "servers[0].disable-network-policy", bad=True, good=False, absent_fails=False),
]


def of_template(rule: str, path: str, bad: Any, *, absent_fails: bool = True, **changes: Any) -> Case:
    return Case(rule=rule, resources=[launch_template()], path=path, bad=bad, absent_fails=absent_fails, **changes)


def of_class(rule: str, path: str, bad: Any, *, absent_fails: bool = True, **changes: Any) -> Case:
    return Case(rule=rule, resources=[node_class()], path=path, bad=bad, absent_fails=absent_fails, **changes)


def of_group(path: str, *, good: Any, bad: Any, absent_fails: bool, **inputs: Any) -> Case:
    return Case(
        rule="CLU-13",
        resources=[aws("eks/nodeGroup", "nodes", **inputs)],
        path=path,
        good=good,
        bad=bad,
        absent_fails=absent_fails,
    )


DISK = "blockDeviceMappings[0].ebs"

NODE_CASES = [
    of_template("CLU-07", "metadataOptions.httpTokens", "optional"),
    of_template("CLU-07", "metadataOptions.httpPutResponseHopLimit", 2),
    Case(
        rule="CLU-07",
        resources=[aws("ec2/instance", "it", metadataOptions={"httpTokens": "required", "httpPutResponseHopLimit": 1})],
        path="metadataOptions.httpTokens",
        bad="optional",
        absent_fails=True,
    ),
    of_class("CLU-07", "spec.metadataOptions.httpTokens", "optional"),
    of_class("CLU-07", "spec.metadataOptions.httpPutResponseHopLimit", 64),
    of_template("CLU-12", "blockDeviceMappings", []),
    of_template("CLU-12", f"{DISK}.encrypted", "false"),
    of_template("CLU-12", f"{DISK}.kmsKeyId", ""),
    of_class("CLU-12", "spec.blockDeviceMappings", []),
    of_class("CLU-12", f"spec.{DISK}.encrypted", bad=False),
    of_class("CLU-12", f"spec.{DISK}.kmsKeyID", ""),
    of_group("launchTemplate", good={"id": "lt-1", "version": "1"}, bad={}, absent_fails=True),
    of_group("remoteAccess", good=None, bad={"ec2SshKey": "key"}, absent_fails=False, launchTemplate={"id": "lt-1"}),
    of_template("CLU-13", "keyName", "key", good="", absent_fails=False),
    Case(
        rule="CLU-14",
        resources=[aws("ec2/subnet", "it")],
        path="mapPublicIpOnLaunch",
        good=False,
        bad=True,
        absent_fails=False,
    ),
    of_template("CLU-14", "networkInterfaces[0].associatePublicIpAddress", "true", absent_fails=False),
    Case(
        rule="CLU-14",
        resources=[aws("ec2/instance", "it")],
        path="associatePublicIpAddress",
        good=False,
        bad=True,
        absent_fails=False,
    ),
    of_class("CLU-14", "spec.associatePublicIPAddress", bad=True, good=False, absent_fails=False),
    *(
        Case(
            rule="CLU-08",
            resources=[
                deployment(spec=pod_spec(containers=[container(env=[{"name": "LOG_LEVEL", "value": "info"}])])),
                eks_cluster(),
            ],
            path="spec.template.spec.containers[0].env[0].name",
            bad=name,
            absent_fails=False,
        )
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    ),
]

WEAK = ("TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")

HARDENING_CASES = [
    of_k3s("CLU-06", "servers[1].protect-kernel-defaults", bad=False),
    of_k3s("CLU-06", "agents[0].protect-kernel-defaults", bad=False),
    *(
        case
        for place in KUBELETS
        for case in (
            *argument("CLU-17", place, KUBELET_ARGUMENTS, "streaming-connection-idle-timeout", "0", "0h0m0s"),
            *argument("CLU-10", place, KUBELET_ARGUMENTS, "tls-cipher-suites", *(f"{CIPHERS},{weak}" for weak in WEAK)),
            *argument("CLU-10", place, KUBELET_ARGUMENTS, "tls-min-version", "VersionTLS11"),
            *argument("CLU-18", place, KUBELET_ARGUMENTS, "anonymous-auth", "true", "TRUE", "1", absent_fails=False),
            *argument("CLU-18", place, KUBELET_ARGUMENTS, "authorization-mode", "AlwaysAllow", absent_fails=False),
        )
    ),
    *argument("CLU-10", SERVER, API_ARGUMENTS, "tls-cipher-suites", *WEAK),
    *argument("CLU-10", SERVER, API_ARGUMENTS, "tls-min-version", "VersionTLS10"),
    *argument("CLU-18", SERVER, API_ARGUMENTS, "anonymous-auth", "true", absent_fails=False),
    *argument("CLU-18", SERVER, API_ARGUMENTS, "authorization-mode", "RBAC,AlwaysAllow", absent_fails=False),
    *argument("CLU-09", SERVER, API_ARGUMENTS, "enable-admission-plugins", "EventRateLimit"),
    of_k3s("CLU-09", SERVER, [*API_ARGUMENTS, "disable-admission-plugins=NodeRestriction"]),
    *argument("CLU-09", SERVER, API_ARGUMENTS, "service-account-extend-token-expiration", "true"),
    *argument("CLU-19", SERVER, API_ARGUMENTS, "admission-control-config-file", ""),
    of_k3s("CLU-19", SERVER, [*API_ARGUMENTS, "disable-admission-plugins=PodSecurity"]),
    of_k3s("CLU-19", "admissionConfiguration.plugins[1].configuration.defaults.enforce", "privileged"),
    of_k3s("CLU-19", "admissionConfiguration.plugins[1].name", "ImagePolicyWebhook"),
    of_k3s("CLU-20", "servers[1].write-kubeconfig-mode", "0644", absent_fails=False),
    *argument("CLU-21", "servers[1].kube-controller-manager-arg", (), "terminated-pod-gc-threshold", ""),
    of_k3s("REL-21", "servers[1].etcd-snapshot-schedule-cron", ""),
    of_k3s("REL-21", "servers[1].etcd-disable-snapshots", bad=True, good=False, absent_fails=False),
    of_k3s("REL-21", "servers", []),
]

CLUSTER_CASES = [*CONTROL_PLANE_CASES, *NETWORK_CASES, *NODE_CASES, *HARDENING_CASES]
