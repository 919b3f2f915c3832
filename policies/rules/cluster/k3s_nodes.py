"""k3s on every node, by its CIS hardening guide. On EKS, AWS answers for the kubelet."""

from __future__ import annotations

import re

from policies.checks import together
from policies.demands import switched_on
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.k3s_configuration import API_SERVER, KUBELET, argument, of_nodes, of_servers
from policies.registry import Rule

STRONG_CIPHER = re.compile(r"TLS_ECDHE_(?:ECDSA|RSA)_WITH_(?:AES_(?:128|256)_GCM_SHA(?:256|384)|CHACHA20_POLY1305.*)")
"""Ciphers of TLS 1.2 with forward secrecy and authentication (CIS 1.2.29 and 4.2.12)."""

TLS_VERSIONS = ("VersionTLS12", "VersionTLS13")
NOT_ZERO = re.compile(r"[1-9]")
OFF = ("", "0", "f", "false")
"""How Kubernetes spells a switch that is off, in lower case; left out, k3s sets it."""


def _sessions_end(node: Field) -> Outcomes:
    if not NOT_ZERO.search(argument(node, KUBELET, "streaming-connection-idle-timeout")):
        yield Violation(node.at(KUBELET).path, "must set streaming-connection-idle-timeout to more than 0")


def _kubelet_tls(node: Field) -> Outcomes:
    return _strong_tls(node, KUBELET)


def _api_tls(server: Field) -> Outcomes:
    return _strong_tls(server, API_SERVER)


def _strong_tls(node: Field, component: str) -> Outcomes:
    path = node.at(component).path
    ciphers = argument(node, component, "tls-cipher-suites").split(",")
    if not all(STRONG_CIPHER.fullmatch(cipher) for cipher in ciphers):
        yield Violation(path, "must set tls-cipher-suites to ciphers with forward secrecy alone")
    if argument(node, component, "tls-min-version") not in TLS_VERSIONS:
        yield Violation(path, f"must set tls-min-version to {' or '.join(TLS_VERSIONS)}")


def _kubelet_login(node: Field) -> Outcomes:
    return _login(node, KUBELET)


def _api_login(server: Field) -> Outcomes:
    return _login(server, API_SERVER)


def _login(node: Field, component: str) -> Outcomes:
    if argument(node, component, "anonymous-auth").lower() not in OFF:
        yield Violation(node.at(component).path, "must not set anonymous-auth to true")
    if "AlwaysAllow" in argument(node, component, "authorization-mode"):
        yield Violation(node.at(component).path, "must not allow every request")


RULES = (
    Rule(
        id="CLU-06",
        title="The kubelet refuses a node whose kernel settings differ",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="The kubelet overwrites kernel settings of the node with its own defaults, and nobody notices that "
        "a hardened node is one no more.",
        sources=("k3s CIS hardening guide", "CIS 4.2.6", "KSC C-0172"),
        remediation="Set protect-kernel-defaults: true.",
        of_object=of_nodes(switched_on("protect-kernel-defaults").judge),
    ),
    Rule(
        id="CLU-17",
        title="Idle sessions in pods end",
        severity=Severity.LOW,
        level=Level.ADVISORY,
        why="A forgotten kubectl exec stays open for hours or for ever, and whoever gets at that terminal is "
        "inside the pod.",
        sources=("k3s CIS hardening guide", "CIS 4.2.5"),
        remediation="Set streaming-connection-idle-timeout=5m in kubelet-arg.",
        of_object=of_nodes(_sessions_end),
    ),
    Rule(
        id="CLU-10",
        title="k3s speaks TLS 1.2 or later with strong ciphers",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="Whoever records the traffic of the API server or a kubelet can read tokens and Secrets in it once "
        "an old cipher is broken or a private key is stolen.",
        sources=("k3s CIS hardening guide", "CIS 1.2.29, 4.2.12"),
        remediation="Set tls-min-version and tls-cipher-suites in kube-apiserver-arg and kubelet-arg.",
        of_object=together(of_nodes(_kubelet_tls), of_servers(_api_tls)),
    ),
    Rule(
        id="CLU-18",
        title="k3s answers nobody without a login",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="Anybody who reaches the port of the API server or of a kubelet reads Secrets and runs commands in "
        "pods without an account.",
        sources=("CIS 1.2.1, 1.2.6, 4.2.1, 4.2.2", "NSA C-0069", "NSA C-0070"),
        remediation="Leave anonymous-auth and authorization-mode out: k3s sets both to what they should be.",
        of_object=together(of_nodes(_kubelet_login), of_servers(_api_login)),
    ),
)
