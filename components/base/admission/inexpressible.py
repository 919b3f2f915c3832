"""Rules of the policy pack that the API server does not hold, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping

_OTHER_OBJECTS = "needs other objects of the stack: a request holds one object"
_ADVISORY = "advisory: nothing is refused for it"
_CHARTS = "is about charts and files, which reach the cluster as objects only"
_TEXT = "is about the content of a configuration file: CEL reads no YAML or JSON inside a text"
_SUM = "needs the sums of components/base/capacity.py and the model catalogue"
_WORKLOAD = "is about how one server of this program is told its settings; nobody else makes such a server here"

_FAMILIES: Mapping[str, str] = {
    "AWS": "is about resources of the cloud account",
    "CLU": "is about the cluster's own servers, nodes and settings",
    "PAR": "compares the whole stack with the contract of capabilities",
    "REL": _OTHER_OBJECTS,
    "STK": "is about the program's own run: its providers, marks, charts and exceptions",
}

_RULES: Mapping[str, str] = (
    dict.fromkeys(("AI-02", "AI-16", "AI-23", "AI-24", "AI-26", "AI-31", "AI-32", "AI-33", "AI-41"), _OTHER_OBJECTS)
    | dict.fromkeys(("NET-01", "NET-02", "NS-03"), _OTHER_OBJECTS)
    | dict.fromkeys(("POD-18", "POD-19", "SUP-05"), _ADVISORY)
    | dict.fromkeys(("SUP-03", "SUP-07", "SUP-08", "SUP-09"), _CHARTS)
    | dict.fromkeys(("AI-05", "AI-06"), _SUM)
    | dict.fromkeys(("AI-03", "AI-14", "AI-15", "AI-17", "AI-25", "AI-27", "AI-37", "AI-38", "AI-45", "AI-46"), _TEXT)
    | dict.fromkeys(("AI-30", "AI-34", "AI-36", "AI-39", "AI-47"), _TEXT)
    | dict.fromkeys(("AI-18", "AI-19", "AI-20", "AI-28", "AI-29", "AI-35"), _WORKLOAD)
    | {
        "AI-21": "needs the list of licences and what each allows",
        "AI-44": "is a record for people; nothing that runs depends on it",
        "NS-02": "default and kube-system belong to the cluster: a refusal there could stop its own parts",
        "POD-17": "needs to tell credentials from references in long texts, beyond the cost limit of CEL",
        "REL-04": "the API server serves no other versions than its own",
    }
)

IN_PART: Mapping[tuple[str, str], str] = {
    ("NET-05", path): "whether a listener without TLS only redirects is said by its routes, which are other objects"
    for path in (
        "spec.listeners[1].protocol",
        "spec.parentRefs[0].sectionName",
        "spec.rules",
        "spec.rules[0].filters[0].requestRedirect.scheme",
        "spec.provider.kubernetes.envoyService.type",
    )
}
"""Conditions of rules that the API server does not judge: rule id and path of the value, with the reason."""


def reason_against(rule: str) -> str | None:
    """Why the API server does not hold `rule`, None when nothing speaks against it."""
    return _RULES.get(rule) or _FAMILIES.get(rule.partition("-")[0])
