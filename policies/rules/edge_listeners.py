"""Clients talk to the platform over TLS, to names that it owns."""

from __future__ import annotations

from collections.abc import Iterable

from policies.checks import each, per_object, per_subject
from policies.fields import Field, MalformedError, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.internal_gateway import stays_inside
from policies.normalise import UnknownValueError
from policies.registry import Rule
from policies.stack import Stack, known_name, known_namespace
from policies.subjects import Subject

GROUP = "gateway.networking.k8s.io"
OLD_TLS = ("1.0", "1.1")
ANY_HOST = ("", "*")

_CLEAR = ("HTTP", "TCP", "UDP")
_ROUTES = ("HTTPRoute", "GRPCRoute", "TCPRoute", "UDPRoute")


def _entrances(stack: Stack) -> Iterable[Subject]:
    return (*stack.of(GROUP, "Gateway"), *stack.of("networking.k8s.io", "Ingress"))


def _encrypted(stack: Stack, entrance: Subject) -> Outcomes:
    if entrance.kind == "Ingress":
        yield from _ingress(entrance)
    elif not stays_inside(stack, entrance):
        yield from each(entrance.root.at("spec", "listeners").items(), lambda it: _listener(stack, entrance, it))


def _listener(stack: Stack, gateway: Subject, listener: Field) -> Outcomes:
    protocol = listener.at("protocol")
    if protocol.text() in _CLEAR:
        if not _only_redirects(stack, gateway, listener):
            yield Violation(protocol.path, "must be HTTPS; a listener without TLS is for redirects to it only")
        return
    tls, host = listener.at("tls"), listener.at("hostname")
    if tls.at("mode").text() != "Passthrough" and not tls.at("certificateRefs").items():
        yield Violation(tls.path, "must name the certificate")
    if host.text() in ANY_HOST:
        yield Violation(host.path, "must be a host name of the platform")


def _only_redirects(stack: Stack, gateway: Subject, listener: Field) -> bool:
    """Whether everything that hangs on the listener answers with a redirect to HTTPS."""

    def serves(route: Subject) -> bool:
        return _hangs_on(route, gateway, listener) and not _redirects(route)

    return not any_known(stack.once(_Routes).near(gateway), serves)


def _hangs_on(route: Subject, gateway: Subject, listener: Field) -> bool:
    def is_parent(parent: Field) -> bool:
        named, section = _parent(route, parent)
        return named == (gateway.namespace, gateway.name) and section in {"", listener.at("name").text()}

    return any_known(route.root.at("spec", "parentRefs").items(), is_parent)


def _parent(route: Subject, parent: Field) -> tuple[tuple[str, str], str]:
    """Namespace and name of the Gateway on which a route hangs, and the listener, empty for all of them."""
    named = parent.at("namespace").text() or route.namespace, parent.at("name").text()
    return named, parent.at("sectionName").text()


class _Routes:
    """The routes of a stack by the Gateways on which they hang; None where one of these is not known."""

    def __init__(self, stack: Stack) -> None:
        self._all = stack.of(GROUP, *_ROUTES)
        self._hanging: dict[tuple[str, str] | None, list[int]] = {}
        for place, route in enumerate(self._all):
            for gateway in _known_parents(route):
                self._hanging.setdefault(gateway, []).append(place)

    def near(self, gateway: Subject) -> list[Subject]:
        """Those that may hang on `gateway`."""
        namespace, name = known_namespace(gateway), known_name(gateway)
        if namespace is None or name is None:
            return self._all
        places = self._hanging.get((namespace, name), []) + self._hanging.get(None, [])
        return [self._all[place] for place in sorted(places)]


def _known_parents(route: Subject) -> set[tuple[str, str] | None]:
    try:
        return {_parent(route, parent)[0] for parent in route.root.at("spec", "parentRefs").items()}
    except (UnknownValueError, MalformedError):
        return {None}


def _redirects(route: Subject) -> bool:
    rules = route.root.at("spec", "rules").items()
    return bool(rules) and not any_known(rules, lambda rule: not any_known(rule.at("filters").items(), _to_https))


def _to_https(filtered: Field) -> bool:
    return filtered.at("requestRedirect", "scheme").text() == "https"


def _ingress(ingress: Subject) -> Outcomes:
    spec = ingress.root.at("spec")
    if not spec.at("tls").items():
        yield Violation(spec.at("tls").path, "must name the certificate of its hosts")

    def check(rule: Field) -> Outcomes:
        host = rule.at("host")
        if host.text() in ANY_HOST:
            yield Violation(host.path, "must be a host name of the platform")

    yield from each(spec.at("rules").items(), check)


def _current_tls(policy: Subject) -> Outcomes:
    version = policy.root.at("spec", "tls", "minVersion")
    if version.text() in OLD_TLS:
        yield Violation(version.path, "must be 1.2 or 1.3")


RULES = (
    Rule(
        id="NET-05",
        title="Clients are served over TLS",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Keys and prompts travel in the clear otherwise.",
        sources=("Polaris tlsSettingsMissing", "CIS EKS 5.4.5", "FSBP ELB.1"),
        remediation="Give the listener protocol HTTPS, a hostname and a certificate, and redirect from HTTP.",
        of_stack=per_subject(_entrances, _encrypted),
    ),
    Rule(
        id="NET-08",
        title="No outdated TLS",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="TLS 1.0 and 1.1 can be read by whoever records them.",
        sources=("RFC 8996", "FSBP ELB.17"),
        remediation="Leave minVersion out (1.2) or set 1.3.",
        of_object=per_object(_current_tls, "gateway.envoyproxy.io", "ClientTrafficPolicy"),
    ),
)
