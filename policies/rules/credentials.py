"""Where credentials may be: in Secrets, and nowhere else."""

from __future__ import annotations

from itertools import pairwise

from policies.checks import each, per_container, per_object, together
from policies.credential_shapes import assigns_credential, credential_shape, is_literal, is_secret_name
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.pods import Container
from policies.registry import Rule
from policies.subjects import KUBERNETES, Subject


def _environment(container: Container) -> Outcomes:
    def check(variable: Field) -> Outcomes:
        value = variable.at("value")
        yield from _literal(variable.at("name").text(), value)

    yield from each(container.field.at("env").items(), check)


def _literal(name: str, value: Field) -> Outcomes:
    """Judge one value by the name it is given and by its shape. The value itself never enters the message."""
    text = value.text() if isinstance(value.value, str) else ""
    shape = credential_shape(text)
    if shape:
        yield Violation(value.path, f"holds {shape}")
    elif is_secret_name(name) and is_literal(text):
        yield Violation(value.path, "its name says that this is a credential, and it is written out")


def _arguments(container: Container) -> Outcomes:
    for part in ("command", "args"):
        arguments = container.field.at(part).items()
        yield from each(arguments, _text)
        yield from each(pairwise(arguments), _flag)


def _flag(pair: tuple[Field, Field]) -> Outcomes:
    """`--api-key VALUE` in two arguments."""
    flag, value = pair
    name = flag.text()
    takes_credential = name.startswith("-") and "=" not in name and is_secret_name(name)
    if takes_credential and not value.text().startswith("-") and is_literal(value.text()):
        yield Violation(value.path, "follows a flag that takes a credential, and is written out")


def _text(field: Field, file_name: str = "") -> Outcomes:
    """Judge free text: an argument, a script, a configuration file."""
    text = field.text()
    shape = credential_shape(text)
    if shape:
        yield Violation(field.path, f"holds {shape}")
    elif assigns_credential(text, file_name):
        yield Violation(field.path, "gives a written-out value to a name that stands for a credential")


def _config_map(subject: Subject) -> Outcomes:
    for part in ("data", "binaryData"):
        for key, value in subject.root.at(part).entries():
            yield from each([value], lambda value, key=key: _entry(key, value))


def _entry(key: str, value: Field) -> Outcomes:
    named = list(_literal(key, value))
    yield from named or _text(value, file_name=key)


def _marked_secret(subject: Subject) -> Outcomes:
    if subject.provider == KUBERNETES and not subject.is_a("", "Secret", "SecretList"):
        for path in subject.secret_paths:
            yield Violation(path, "the program marks this value as secret, and this kind is not a Secret")


RULES = (
    Rule(
        id="POD-17",
        title="No credential written into a pod or a ConfigMap",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="Everybody who may read the pod, the ConfigMap or the rendered files has the credential, and it "
        "cannot be taken back, only replaced.",
        sources=("NSA C-0012", "CIS 5.4.1", "kube-linter env-var-secret", "Polaris sensitiveContainerEnvVar"),
        remediation="Put it into a Secret, read it by secretKeyRef or a mounted file, and replace it: it was exposed.",
        of_object=together(
            per_container(_environment), per_container(_arguments), per_object(_config_map, "", "ConfigMap")
        ),
    ),
    Rule(
        id="STK-05",
        title="Secret values land in Secrets only",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="Outside of a Secret the value lies readable in the object and in the cluster's store, and "
        "everybody who may list that kind reads it.",
        sources=("CIS 5.4.1", "own"),
        remediation="Pass the secret Output to a Secret's stringData and refer to that Secret by name and key.",
        of_object=_marked_secret,
        exemptable=False,
    ),
)
