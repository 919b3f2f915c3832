"""The firewall of a host: an nftables table of the platform's own, beside those of others.

Zones: administrators reach SSH, clients reach the API server and published services, hosts of the cluster reach each
other where nodes talk, pods belong inside, and all others get nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from components.gpu_cluster.k3s.hosts.host_files import HostFile

TABLE = "ai_platform"
RULES_FILE = "/etc/ai-platform/firewall.nft"
UNIT_FILE = "/etc/systemd/system/ai-platform-firewall.service"

CLUSTER_TCP_PORTS = {
    "2379-2381": "etcd",
    "5001": "peers of the embedded image registry",
    "6443": "API server, and the tunnel of agents to it",
    "7946": "MetalLB speakers",
    "9100": "metrics of the node",
    "9120": "metrics of the MetalLB speakers",
    "10250": "kubelet",
}
"""What nodes and pods on the hosts' network answer to other nodes. Pods of other nodes come from the node's address."""

CLUSTER_UDP_PORTS = {"7946": "MetalLB speakers", "51820-51821": "WireGuard between nodes"}

POD_INTERFACES = ("cni0", "flannel-wg")
"""Where packets of pods come in: the bridge of this node, and the tunnel from the others."""

_UNIT = """[Unit]
Description=Firewall of the AI platform
Documentation=man:nft(8)
DefaultDependencies=no
# Both may empty all tables when they start.
After=nftables.service ufw.service
Wants=network-pre.target
Before=network-pre.target shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft --file {rules}
ExecReload=/usr/sbin/nft --file {rules}
ExecStop=/usr/sbin/nft delete table inet {table}

[Install]
WantedBy=sysinit.target
"""


@dataclass(frozen=True, kw_only=True)
class Firewall:
    """Who may reach the hosts, as IPv4 CIDR ranges and TCP/UDP ports.

    `admin_cidrs` may open SSH sessions, all when it is empty. `client_cidrs` reach the API server, and `service_ports`
    of Services that are published. `egress_cidrs` are what hosts and pods may reach outside of the cluster, None for
    everything.
    """

    admin_cidrs: tuple[str, ...]
    client_cidrs: tuple[str, ...]
    service_ports: tuple[int, ...]
    egress_cidrs: tuple[str, ...] | None


def firewall_files(
    firewall: Firewall, *, ssh_port: int, addresses: Iterable[str], pod_cidr: str, service_cidr: str
) -> tuple[HostFile, ...]:
    """The rules, equal on all hosts, and the unit that loads them. `addresses`: of all hosts and of the API."""
    rules = _ruleset(firewall, ssh_port, sorted(set(addresses)), (pod_cidr, service_cidr))
    return (
        HostFile(path=UNIT_FILE, content=_UNIT.format(rules=RULES_FILE, table=TABLE), mode="644"),
        HostFile(path=RULES_FILE, content=rules, mode="600"),
    )


def _ruleset(firewall: Firewall, ssh_port: int, addresses: Sequence[str], inside: tuple[str, str]) -> str:
    chains = [_input(firewall, ssh_port), _forward(firewall, inside)]
    if firewall.egress_cidrs is not None:
        chains.append(_output(inside))
    sets = [
        _address_set("cluster_hosts", addresses),
        _address_set("clients", firewall.client_cidrs),
        _address_set("admins", firewall.admin_cidrs),
        _address_set("outside", firewall.egress_cidrs or ()),
        _port_set("service_ports", [str(port) for port in sorted(set(firewall.service_ports))]),
        _port_set("cluster_tcp_ports", list(CLUSTER_TCP_PORTS)),
        _port_set("cluster_udp_ports", list(CLUSTER_UDP_PORTS)),
    ]
    body = "\n\n".join([*sets, *chains])
    # Declared, deleted, declared anew: one transaction that replaces this table and touches no other.
    return f"table inet {TABLE}\ndelete table inet {TABLE}\ntable inet {TABLE} {{\n{body}\n}}\n"


def _address_set(name: str, ranges: Sequence[str]) -> str:
    return _set(name, "ipv4_addr", ranges)


def _port_set(name: str, ports: Sequence[str]) -> str:
    return _set(name, "inet_service", ports)


def _set(name: str, kind: str, elements: Sequence[str]) -> str:
    lines = [f"  set {name} {{", f"    type {kind}", "    flags interval", "    auto-merge"]
    if elements:
        lines.append(f"    elements = {{ {', '.join(elements)} }}")
    return "\n".join([*lines, "  }"])


def _chain(name: str, hook: str, policy: str, rules: Iterable[str]) -> str:
    head = f"  chain {name} {{\n    type filter hook {hook} priority filter; policy {policy};"
    return "\n".join([head, *(f"    {rule}" for rule in rules), "  }"])


def _interfaces() -> str:
    return ", ".join(f'"{name}"' for name in POD_INTERFACES)


_PUBLISHED = (
    "ip saddr @clients meta l4proto { tcp, udp } ct status dnat ct original proto-dst @service_ports accept"
    ' comment "Services: kube-proxy has put in a pod\'s address by now"'
)


def _input(firewall: Firewall, ssh_port: int) -> str:
    admins = "ip saddr @admins " if firewall.admin_cidrs else ""
    return _chain(
        "incoming",
        "input",
        "drop",
        [
            "ct state established,related accept",
            'iifname "lo" accept',
            "meta l4proto { icmp, ipv6-icmp } accept",
            "udp sport 67 udp dport 68 accept",
            "ip6 saddr fe80::/10 udp dport 546 accept",
            f"{admins}tcp dport {ssh_port} accept",
            "ip saddr @admins tcp dport 6443 accept",
            f"iifname {{ {_interfaces()} }} accept",
            "ip saddr @cluster_hosts tcp dport @cluster_tcp_ports accept",
            "ip saddr @cluster_hosts udp dport @cluster_udp_ports accept",
            "ip saddr @clients tcp dport 6443 accept",
            _PUBLISHED,
        ],
    )


def _forward(firewall: Firewall, inside: tuple[str, str]) -> str:
    """Only what begins or ends at pods is judged; what others forward through the host is theirs."""
    rules = ["ct state established,related accept"]
    if firewall.egress_cidrs is not None:
        rules += [
            f'iifname "cni0" ip daddr {{ {", ".join(inside)} }} accept',
            'iifname "cni0" ip daddr @cluster_hosts accept',
            'iifname "cni0" ip daddr @outside accept',
            'iifname "cni0" counter drop',
        ]
    rules += [
        f"iifname {{ {_interfaces()} }} accept",
        "ip saddr @cluster_hosts accept",
        _PUBLISHED,
        f"ip daddr {inside[0]} counter drop",
    ]
    return _chain("forwarded", "forward", "accept", rules)


def _output(inside: tuple[str, str]) -> str:
    return _chain(
        "outgoing",
        "output",
        "drop",
        [
            "ct state established,related accept",
            'oifname "lo" accept',
            "meta l4proto { icmp, ipv6-icmp } accept",
            "udp sport 68 udp dport 67 accept",
            "ip6 daddr { fe80::/10, ff02::/16 } accept",
            f"ip daddr {{ {', '.join(inside)} }} accept",
            "ip daddr @cluster_hosts accept",
            "ip daddr @outside accept",
            "counter reject",
        ],
    )
