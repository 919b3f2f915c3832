"""A server fetches nothing that a client names: what only the pod can reach would be read through it."""

from __future__ import annotations

from policies.checks import each
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.vllm_server import ModelServer, per_server

REDIRECTS = "VLLM_MEDIA_URL_ALLOW_REDIRECTS"


def _bounded(server: ModelServer) -> Outcomes:
    yield from each((server,), _domains)
    yield from each((server,), _redirects)
    yield from each((server,), _files)


def _domains(server: ModelServer) -> Outcomes:
    option = server.command.last("--allowed-media-domains")
    if option is None or not (option.value or "").strip("[] "):
        path = option.path if option else server.arguments_path
        yield Violation(path, "must list hosts with --allowed-media-domains: an empty list allows all")


def _redirects(server: ModelServer) -> Outcomes:
    variable = server.variable(REDIRECTS)
    if variable is None or variable.text() != "0":
        path = variable.path if variable is not None else server.variables_path
        yield Violation(path, f"{REDIRECTS} must be 0: a redirect leaves the list of hosts")


def _files(server: ModelServer) -> Outcomes:
    option = server.command.mentions("--allowed-local-media-path")
    if option is not None:
        yield Violation(option.path, "clients must not read files of the server")


RULES = (
    Rule(
        id="AI-12",
        title="Model servers fetch no media that clients name",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A client names an internal address or a file as an image, and the server reads it for them: "
        "services of the cluster, or what lies in the pod.",
        sources=("vLLM security guide: restrict domains for media URLs", "OWASP API7:2023 SSRF"),
        # Whether a model reads images is in its checkpoint, which its arguments do not show: the rule holds for all.
        remediation="Leave --allowed-media-domains at a host that cannot exist and redirects off; images come inside "
        "requests, as data: addresses.",
        of_object=per_server(_bounded),
    ),
)
