"""What is selected by labels is there, and has the port that is meant."""

from __future__ import annotations

from policies.checks import each
from policies.cluster_contents import ClusterContents, PodSet, Selector, selector_at, with_contents
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.subjects import Subject


def _service(contents: ClusterContents, service: Subject) -> Outcomes:
    selector = service.root.at("spec", "selector")
    if not selector.entries():
        # Its endpoints are written by hand, or it is an alias.
        return
    wanted: Selector = {"matchLabels": selector.strings()}
    if not contents.has_pods(service.namespace, wanted):
        yield Violation(selector.path, "selects no pod of the stack and none that an operator makes")
        return

    def check(port: Field) -> Outcomes:
        target = port.at("targetPort") if port.at("targetPort").present else port.at("port")
        if not contents.has_pods(service.namespace, wanted, lambda pods: _serves(pods, target)):
            yield Violation(target.path, "names a port that none of the selected pods declares")

    yield from each(service.root.at("spec", "ports").items(), check)


def _serves(pods: PodSet, port: Field) -> bool:
    return port.value in pods.ports or port.value in pods.ports.values()


def _budget(contents: ClusterContents, budget: Subject) -> Outcomes:
    place = budget.root.at("spec", "selector")
    selector = selector_at(place)
    if not contents.has_pods(budget.namespace, selector):
        yield Violation(place.path, "selects no pod of the stack and none that an operator makes")


def _pod_monitor(contents: ClusterContents, monitor: Subject) -> Outcomes:
    selector, places = selector_at(monitor.root.at("spec", "selector")), monitor.root.at("spec", "namespaceSelector")
    if places.at("any").value is True:
        return
    homes = [name.text() for name in places.at("matchNames").items()] or [monitor.namespace]

    def check(endpoint: Field) -> Outcomes:
        port = endpoint.at("port")

        def scraped(pods: PodSet) -> bool:
            return port.text() in pods.ports

        if not any_known(homes, lambda home: contents.has_pods(home, selector, scraped)):
            yield Violation(port.path, "names a port that no pod it selects declares")

    yield from each(monitor.root.at("spec", "podMetricsEndpoints").items(), check)


RULES = (
    Rule(
        id="REL-06",
        title="Services lead to pods that have the port",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A Service that selects nothing answers no connection, and nothing says so.",
        sources=("kube-linter dangling-service", "kube-linter invalid-target-ports", "kube-score service-targets-pod"),
        remediation="Take selector and port from the workload (components/base/labels.py).",
        of_stack=with_contents(lambda stack: stack.of("", "Service"), _service),
    ),
    Rule(
        id="REL-07",
        title="Disruption budgets select pods that exist",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="A budget that selects nothing protects nothing.",
        sources=("kube-score poddisruptionbudget-has-policy", "own"),
        remediation="Take the selector from the workload (components/base/labels.py).",
        of_stack=with_contents(lambda stack: stack.of("policy", "PodDisruptionBudget"), _budget),
    ),
    Rule(
        id="REL-08",
        title="Monitors scrape ports that exist",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="A monitor that selects nothing gathers nothing, and the alerts that need it never fire.",
        sources=("kube-linter dangling-servicemonitor", "own"),
        remediation="Name a port that the workload's containers declare.",
        of_stack=with_contents(lambda stack: stack.of("monitoring.coreos.com", "PodMonitor"), _pod_monitor),
    ),
)
