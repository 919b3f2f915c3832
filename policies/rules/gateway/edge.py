"""The proxies in front of the gateway and of models: they pass requests on and keep nothing of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.checks import each, per_object, together
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.subjects import Subject

_GROUP = "gateway.envoyproxy.io"

_CREDENTIAL_HEADERS = ("authorization", "cookie", "set-cookie", "x-api-key", "x-litellm-api-key", "api-key")
_PRINTED = re.compile(rf"%(?:req|resp)\((?:{'|'.join(_CREDENTIAL_HEADERS)})[?)]", re.IGNORECASE)
"""Access log operators that print a header with a credential; `?` begins another header to fall back on."""

_PRINTED_AS_SECOND = re.compile(rf"%(?:req|resp)\([^)]*\?(?:{'|'.join(_CREDENTIAL_HEADERS)})\)", re.IGNORECASE)

_TALKATIVE_LEVELS = frozenset({"trace", "debug"})

_BODY_READERS = ("EnvoyExtensionPolicy", "EnvoyPatchPolicy")
"""Both put code into the proxies that may read bodies."""


def _logs_no_content(proxy: Subject) -> Outcomes:
    spec = proxy.root.at("spec")
    for component, level in spec.at("logging", "level").entries():
        if level.text() in _TALKATIVE_LEVELS:
            yield Violation(level.path, f"{component} must not log at this level: it prints headers and bodies")
    yield from each(_formats(spec.at("telemetry", "accessLog", "settings")), _prints_no_credential)


def _formats(settings: Field) -> Iterator[Field]:
    for setting in settings.items():
        for text in (setting.at("format", "text"), setting.at("format", "json")):
            yield from (member for _, member in text.entries()) if isinstance(text.value, dict) else (text,)


def _prints_no_credential(text: Field) -> Outcomes:
    if _PRINTED.search(text.text()) or _PRINTED_AS_SECOND.search(text.text()):
        yield Violation(text.path, "must not print a header that holds a key, a token or a cookie")


def _reads_no_body(policy: Subject) -> Outcomes:
    yield Violation("kind", f"{policy.kind} puts code into the proxies that reads what people ask")


RULES = (
    Rule(
        id="AI-29",
        title="The edge keeps nothing of a request",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Whoever may read the proxies' logs finds every client's key in them, and code in a proxy can copy "
        "every prompt.",
        sources=("OWASP LLM02: Sensitive Information Disclosure", "Envoy documentation: Access logging", "own"),
        remediation="Log addresses, status and durations only, at level warn or info; take code out of the proxies or "
        "have it excepted after a review.",
        of_object=together(
            per_object(_logs_no_content, _GROUP, "EnvoyProxy"), per_object(_reads_no_body, _GROUP, *_BODY_READERS)
        ),
    ),
)
