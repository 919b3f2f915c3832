"""What one admission policy is, before it becomes a ValidatingAdmissionPolicy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Check:
    """One condition that must hold. `rule` is the id of the catalogue that the policy pack knows it by.

    `expression` is CEL that is true of what complies; `demand` says what is expected and never repeats a value of the
    object.
    """

    rule: str
    expression: str
    demand: str

    @property
    def message(self) -> str:
        """What the API server answers: the rule's id first, as in the findings of the pack."""
        return f"{self.rule}: {self.demand}"


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Resources of one API group, by plural name, also as `pods/ephemeralcontainers`."""

    group: str
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AdmissionPolicy:
    """Checks that look at the same objects.

    `variables` are CEL by name, in an order in which each reads earlier ones only. `conditions` are CEL by name: an
    object for which one is false is not judged. `everywhere`: cluster-scoped objects lie in no namespace, so that the
    policy holds for the whole cluster; otherwise it holds in the platform's own namespaces that are not privileged.
    """

    name: str
    resources: tuple[Resources, ...]
    checks: tuple[Check, ...]
    conditions: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    everywhere: bool = False

    @property
    def rules(self) -> frozenset[str]:
        """Ids of the rules that it holds."""
        return frozenset(check.rule for check in self.checks)


def text_list(values: Iterable[str]) -> str:
    """A CEL list of strings, in a stable order."""
    return f"[{', '.join(cel_text(value) for value in sorted(values))}]"


def cel_text(value: str) -> str:
    """A CEL string that is taken as it is. Raises ValueError for one that would need escapes."""
    if "'" in value or "\n" in value:
        message = "a CEL literal of this program holds no quote and no line break"
        raise ValueError(message)
    return f"r'{value}'"
