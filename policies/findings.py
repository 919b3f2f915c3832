"""What rules say about the objects they judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a violation is, for whoever must choose what to repair first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Level(StrEnum):
    """What a violation does. OWN_MANDATORY stops a deployment for the platform's own objects and only advises for those
    of a vendored chart, whose defaults are tuned one by one.
    """

    MANDATORY = "mandatory"
    OWN_MANDATORY = "mandatory for own objects"
    ADVISORY = "advisory"


class Result(StrEnum):
    """FAIL: violated. UNDECIDED: a value that decides is not known yet. EXEMPT: violated, and excepted by name."""

    FAIL = "FAIL"
    UNDECIDED = "UNDECIDED"
    EXEMPT = "EXEMPT"


@dataclass(frozen=True)
class Violation:
    """A rule is broken at `path`. `message` names what is expected and never repeats a value of the object.

    `container` narrows exceptions to one container. `exemptable` False marks what no exception may cover.
    """

    path: str
    message: str
    container: str | None = None
    exemptable: bool = True


@dataclass(frozen=True)
class Undecided:
    """The value at `path` decides and is not known yet. Never to be taken for a pass."""

    path: str
    container: str | None = None


Outcome = Violation | Undecided
Outcomes = Iterator[Outcome]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One outcome for one object, ready to be shown.

    `subject` is `namespace/Kind/name` (or `Kind/name`); `mandatory` says whether a FAIL stops the deployment;
    `exception` is the id of the exception that covers it, empty otherwise.
    """

    rule: str
    severity: Severity
    mandatory: bool
    result: Result
    urn: str
    subject: str
    path: str
    message: str
    remediation: str
    exception: str = ""

    @property
    def stops(self) -> bool:
        """Whether this finding alone stops a deployment."""
        return self.mandatory and self.result is Result.FAIL
