"""Models are not reachable inside the cluster but by the gateway and by Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from components.base import model_proxy, namespaces
from components.base.label_selector import selects_by_map
from components.base.labels import COMPONENT
from components.base.peer_index import PeerIndex
from components.base.peers import EDGE_PROXY, MODEL_PROXY, PROMETHEUS
from components.base.reachability import Endpoint, Network
from components.base.reachability import Pod as PodEndpoint
from components.base.wiring import Workload
from policies.findings import Level, Outcome, Outcomes, Severity, Undecided, Violation
from policies.internal_gateway import internal_gateway
from policies.network_policies import KIND as NETWORK_POLICY
from policies.network_policies import policy_of
from policies.normalise import UnknownValueError
from policies.pods import ContainerPort, Pod
from policies.registry import Rule
from policies.stack import Stack
from policies.subjects import Subject

GATEWAY_LABELS = {COMPONENT: "gateway"}
SERVING_PORT = "http"
"""Name of a model container's serving port; a container with one port needs no name."""

OUTSIDE = "203.0.113.1"
"""An address of the documentation range (RFC 5737): somewhere that is neither pod nor node."""

SHOWN_SOURCES = 3

GROUP_KIND = ("leaderworkerset.x-k8s.io", "LeaderWorkerSet")
"""Makes pods on several nodes that are one server together."""

PROXY_PORTS = (
    ContainerPort(name="metrics", number=19001, protocol="TCP"),
    ContainerPort(name="readiness", number=19003, protocol="TCP"),
)
"""What Envoy Gateway's proxies serve beside their listeners (`internal/infrastructure/kubernetes/proxy`)."""


@dataclass(frozen=True, kw_only=True)
class _Source:
    """Somebody who might open a connection. `every_port` and `serving_port` say what is rightly open to it. `group` is
    the object that makes its pods where those work as one server, and so talk among themselves on any port."""

    name: str
    endpoint: Endpoint
    every_port: bool = False
    serving_port: bool = False
    group: Subject | None = None


@dataclass(frozen=True, kw_only=True)
class _Target:
    """Pods that only the gateway may ask: a model's, or the proxies in front of some of them."""

    subject: Subject
    endpoint: PodEndpoint
    ports: tuple[ContainerPort, ...]
    path: str


def _behind_gateway(stack: Stack) -> Iterator[tuple[Subject | None, Outcome]]:
    pods: list[tuple[Subject, Pod, PodEndpoint]] = []
    for subject in stack.workloads:
        try:
            pods += [(subject, pod, _endpoint(subject, pod)) for pod in subject.pods]
        except UnknownValueError as error:
            # Labels and namespace decide whether these pods are a model, and whether they may talk to one.
            yield subject, Undecided(error.path)
    models = [
        _Target(subject=subject, endpoint=endpoint, ports=pod.ports, path=pod.field.at("metadata", "labels").path)
        for subject, pod, endpoint in pods
        if pod.serves_model
    ]
    for patch in stack.patches_of(*NETWORK_POLICY):
        yield patch, Violation("spec", "a patch opens or closes what no rule can see; write the whole policy")
    unreadable = list(_unknown_policies(stack))
    yield from unreadable
    if not models or unreadable:
        return
    network = Network(
        map(policy_of, stack.of(*NETWORK_POLICY)),
        {namespace.name: namespace.root.at("metadata", "labels").strings() for namespace in stack.of("", "Namespace")},
    )
    sources = [*(_source(subject, endpoint) for subject, _, endpoint in pods), *_strangers(pods)]
    peers = PeerIndex(network, ((source, source.endpoint) for source in sources))
    proxies = _proxies(internal_gateway(stack))
    of_proxies = list(_proxy_sources(proxies))
    for target in models:
        for outcome in _reached(network, [*peers.may_enter(target.endpoint), *of_proxies], target, "this model"):
            yield target.subject, outcome
    if proxies:
        edge = _Source(name="proxies of the edge", endpoint=_operator_pods(EDGE_PROXY))
        entering = [*peers.may_enter(proxies.endpoint), edge]
        for outcome in _reached(network, entering, proxies, "the proxies in front of models"):
            yield proxies.subject, outcome


def _unknown_policies(stack: Stack) -> Iterator[tuple[Subject | None, Outcome]]:
    """Policies and namespaces that are not fully known: any of them may isolate a model or open it."""
    for subject in (*stack.of(*NETWORK_POLICY), *stack.of("", "Namespace")):
        try:
            subject.root.at("metadata").plain()
            subject.root.at("spec").plain()
        except UnknownValueError as error:
            yield subject, Undecided(error.path)


def _endpoint(subject: Subject, pod: Pod) -> PodEndpoint:
    return PodEndpoint(
        namespace=subject.namespace,
        labels=pod.labels,
        named_ports=pod.named_ports,
        host_network=pod.spec.at("hostNetwork").value is True,
    )


def _proxies(gateway: Subject | None) -> _Target | None:
    """The proxies of the internal gateway. Envoy Gateway makes them, so that no pod template of theirs is here."""
    if gateway is None:
        return None
    return _Target(
        subject=gateway,
        endpoint=_operator_pods(MODEL_PROXY),
        ports=(ContainerPort(name=SERVING_PORT, number=model_proxy.PORT, protocol="TCP"), *PROXY_PORTS),
        path="spec.listeners",
    )


def _proxy_sources(proxies: _Target | None) -> Iterator[_Source]:
    """Proxies as somebody who might ask a model: those of the internal gateway may, those of the edge never."""
    yield _Source(name="proxies of the edge", endpoint=_operator_pods(EDGE_PROXY))
    if proxies:
        yield _Source(name="proxies in front of models", endpoint=proxies.endpoint, serving_port=True)


def _operator_pods(workload: Workload) -> PodEndpoint:
    return PodEndpoint(namespace=workload.namespace, labels=dict(workload.selector))


def _source(subject: Subject, endpoint: PodEndpoint) -> _Source:
    return _Source(
        name=subject.address,
        endpoint=endpoint,
        every_port=endpoint.namespace == PROMETHEUS.namespace
        and selects_by_map(dict(PROMETHEUS.selector), endpoint.labels),
        serving_port=endpoint.namespace == namespaces.GATEWAY and selects_by_map(GATEWAY_LABELS, endpoint.labels),
        group=subject if subject.is_a(*GROUP_KIND) else None,
    )


def _strangers(pods: list[tuple[Subject, Pod, PodEndpoint]]) -> Iterator[_Source]:
    """Somebody outside, and a pod that carries no label in each namespace: what a policy opens to a whole namespace."""
    yield _Source(name="an address outside the cluster", endpoint=OUTSIDE)
    for namespace in sorted({endpoint.namespace for _, _, endpoint in pods} | {"any-other-namespace"}):
        yield _Source(name=f"any pod of {namespace}", endpoint=PodEndpoint(namespace=namespace, labels={}))


def _reached(network: Network, sources: list[_Source], target: _Target, what: str) -> Outcomes:
    serving = _serving_port(target.ports)
    undeclared = ContainerPort(name="", number=_free_number(target.ports), protocol="TCP")
    reaching = [
        source.name
        for source in sources
        for port in (*target.ports, undeclared)
        if not _is_rightful(source, port, serving, target)
        and network.ingress_allowed(source.endpoint, target.endpoint, port.number, port.protocol)
    ]
    if reaching:
        names = list(dict.fromkeys(reaching))
        more = f" and {len(names) - SHOWN_SOURCES} more" if len(names) > SHOWN_SOURCES else ""
        message = f"network policies let {', '.join(names[:SHOWN_SOURCES])}{more} open connections to {what}"
        yield Violation(target.path, message)


def _is_rightful(source: _Source, port: ContainerPort, serving: ContainerPort | None, target: _Target) -> bool:
    if source.group is not None and source.group is target.subject:
        return True
    return (source.serving_port and port == serving) or (source.every_port and port in target.ports)


def _serving_port(declared: tuple[ContainerPort, ...]) -> ContainerPort | None:
    named = [port for port in declared if port.name == SERVING_PORT]
    return next(iter(named or declared), None)


def _free_number(declared: tuple[ContainerPort, ...]) -> int:
    taken = {port.number for port in declared}
    return next(number for number in range(1, len(taken) + 2) if number not in taken)


RULES = (
    Rule(
        id="AI-02",
        title="Only the gateway and Prometheus may open connections to a model",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="vLLM's --api-key protects only some paths, such as /v1: whoever reaches the port runs inference "
        "through /invocations without key, budget or record.",
        sources=("vLLM security guide: --api-key does not protect every path", "own"),
        remediation="Wire models to the gateway only, and delete the network policy that opens more.",
        of_stack=_behind_gateway,
        exemptable=False,
    ),
)
