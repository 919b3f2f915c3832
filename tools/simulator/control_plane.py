"""The command line of every process of the simulated cluster."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.simulator import certificates as certs
from tools.simulator.binaries import Binaries
from tools.simulator.certificates import Certificates
from tools.simulator.kubeconfigs import write_kubeconfig
from tools.simulator.layout import Layout
from tools.simulator.ports import LOOPBACK
from tools.simulator.processes import Component

CONFIGURATION = Path(__file__).parent / "configuration"
AUDIT_POLICY = CONFIGURATION / "audit-policy.yaml"
STAGES = CONFIGURATION / "stages.yaml"
ROLES = CONFIGURATION / "roles.yaml"

ETCD = "etcd"
ETCD_PEER = "etcd-peer"
API_SERVER = "kube-apiserver"
KWOK = "kwok"
LISTENING = (ETCD, ETCD_PEER, API_SERVER)
"""What needs a port. The others serve nothing: with one replica each there is no one to ask them."""

STAND_INS_MODULE = "tools.simulator.stand_ins"
PROGRAMS = {
    ETCD: "etcd",
    API_SERVER: "kube-apiserver",
    "kube-controller-manager": "kube-controller-manager",
    "kube-scheduler": "kube-scheduler",
    KWOK: "kwok",
    "stand-ins": STAND_INS_MODULE,
}
"""Program or Python module of each process, by component, in the order of starting."""

SERVICE_RANGE = "10.96.0.0/16"
POD_RANGE = "10.244.0.0/16"


def server_url(port: int) -> str:
    """Address of the API server."""
    return f"https://{LOOPBACK}:{port}"


def write_kubeconfigs(layout: Layout, certificates: Certificates, port: int) -> None:
    """Write the kubeconfig of the administrator and of every process that speaks to the API server."""
    authority = certificates.authority.certificate
    write_kubeconfig(layout.kubeconfig, server_url(port), authority, certificates.of(certs.ADMIN), embed=True)
    for identity in (certs.CONTROLLER_MANAGER, certs.SCHEDULER, certs.KWOK, certs.STAND_INS):
        write_kubeconfig(layout.kubeconfig_of(identity), server_url(port), authority, certificates.of(identity))


def components(
    layout: Layout, certificates: Certificates, binaries: Binaries, ports: dict[str, int]
) -> tuple[Component, ...]:
    """The processes in the order in which they are started; `ports` holds one port for each name in LISTENING."""
    return (
        _etcd(layout, certificates, binaries, ports),
        _api_server(layout, certificates, binaries, ports),
        _controller_manager(layout, certificates, binaries),
        _scheduler(layout, binaries),
        _kwok(layout, binaries),
        _stand_ins(layout),
    )


def _etcd(layout: Layout, certificates: Certificates, binaries: Binaries, ports: dict[str, int]) -> Component:
    pair, authority = certificates.of(certs.ETCD), certificates.authority.certificate
    client, peer = f"https://{LOOPBACK}:{ports[ETCD]}", f"https://{LOOPBACK}:{ports[ETCD_PEER]}"
    command = (
        str(binaries["etcd"]),
        f"--data-dir={layout.data}",
        "--name=simulated",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=simulated={peer}",
        *(f"--{side}cert-file={pair.certificate}" for side in ("", "peer-")),
        *(f"--{side}key-file={pair.key}" for side in ("", "peer-")),
        *(f"--{side}trusted-ca-file={authority}" for side in ("", "peer-")),
        "--client-cert-auth",
        "--peer-client-cert-auth",
        # A rehearsal survives the end of any process, but need not survive a power cut: half the start time.
        "--unsafe-no-fsync",
        "--log-level=warn",
    )
    return Component(name=ETCD, command=command, inputs=(authority,), port=ports[ETCD])


def _api_server(layout: Layout, certificates: Certificates, binaries: Binaries, ports: dict[str, int]) -> Component:
    serving, store = certificates.of(certs.API_SERVER), certificates.of(certs.ETCD_CLIENT)
    authority, tokens = certificates.authority.certificate, certificates.service_account
    command = (
        str(binaries["kube-apiserver"]),
        f"--etcd-servers=https://{LOOPBACK}:{ports[ETCD]}",
        f"--etcd-cafile={authority}",
        f"--etcd-certfile={store.certificate}",
        f"--etcd-keyfile={store.key}",
        f"--bind-address={LOOPBACK}",
        f"--secure-port={ports[API_SERVER]}",
        f"--tls-cert-file={serving.certificate}",
        f"--tls-private-key-file={serving.key}",
        f"--client-ca-file={authority}",
        "--anonymous-auth=false",
        "--authorization-mode=RBAC",
        "--allow-privileged=true",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={tokens.certificate}",
        f"--service-account-signing-key-file={tokens.key}",
        # An endpoint on loopback is invalid in the API, and no simulated pod would call it.
        "--endpoint-reconciler-type=none",
        f"--audit-policy-file={AUDIT_POLICY}",
        f"--audit-log-path={layout.audit_log}",
        "--audit-log-maxsize=50",
        "--audit-log-maxbackup=1",
        "--profiling=false",
    )
    return Component(name=API_SERVER, command=command, inputs=(authority, AUDIT_POLICY), port=ports[API_SERVER])


def _controller_manager(layout: Layout, certificates: Certificates, binaries: Binaries) -> Component:
    kubeconfig = layout.kubeconfig_of(certs.CONTROLLER_MANAGER)
    command = (
        str(binaries["kube-controller-manager"]),
        f"--kubeconfig={kubeconfig}",
        "--secure-port=0",
        "--leader-elect=false",
        "--controllers=*",
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={certificates.service_account.key}",
        f"--root-ca-file={certificates.authority.certificate}",
        f"--cluster-signing-cert-file={certificates.authority.certificate}",
        f"--cluster-signing-key-file={certificates.authority.key}",
        # The default of 20 requests per second is meant for a shared cluster and makes a platform's worth of
        # Deployments wait.
        "--kube-api-qps=300",
        "--kube-api-burst=600",
        # Without metrics an autoscaler only raises to its minimum; 15 s of waiting for that prove nothing.
        "--horizontal-pod-autoscaler-sync-period=3s",
        "--profiling=false",
    )
    return Component(name="kube-controller-manager", command=command, inputs=(kubeconfig,))


def _scheduler(layout: Layout, binaries: Binaries) -> Component:
    kubeconfig = layout.kubeconfig_of(certs.SCHEDULER)
    command = (
        str(binaries["kube-scheduler"]),
        f"--kubeconfig={kubeconfig}",
        "--secure-port=0",
        "--leader-elect=false",
        "--profiling=false",
    )
    return Component(name="kube-scheduler", command=command, inputs=(kubeconfig,))


def _kwok(layout: Layout, binaries: Binaries) -> Component:
    kubeconfig = layout.kubeconfig_of(certs.KWOK)
    command = (
        str(binaries["kwok"]),
        f"--kubeconfig={kubeconfig}",
        f"--config={STAGES}",
        "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
        "--node-lease-duration-seconds=40",
        f"--cidr={POD_RANGE}",
        # It would serve logs and exec of containers that do not exist, without TLS, on every address.
        "--node-port=0",
        "--server-address=",
    )
    return Component(name=KWOK, command=command, inputs=(kubeconfig, STAGES))


def _stand_ins(layout: Layout) -> Component:
    kubeconfig = layout.kubeconfig_of(certs.STAND_INS)
    command = (sys.executable, "-m", STAND_INS_MODULE, f"--kubeconfig={kubeconfig}")
    sources = tuple(Path(__file__).with_name(f"{name}.py") for name in ("stand_ins", "volumes", "addresses", "api"))
    return Component(name="stand-ins", command=command, inputs=(kubeconfig, *sources))
