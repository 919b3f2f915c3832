"""Named exceptions from rules: reviewed in a merge request, narrow, reasoned, and dated.

An exception never silences. What it covers is shown as EXEMPT, and it fails the run itself once it has expired or
covers nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from policies.subjects import Subject

DEFAULT_PATH = Path(__file__).with_name("exceptions.yaml")

LONGEST = timedelta(days=366)
"""An exception is looked at again at least once a year."""

_FEWEST_CHARACTERS_BEFORE_GLOB = 3

Reason = Annotated[str, StringConstraints(min_length=20, strip_whitespace=True)]
ExceptionId = Annotated[str, StringConstraints(pattern=r"^EXC-\d{4}$")]
TypeToken = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+:[^:\s*]+:[A-Za-z0-9]+$")]
NonEmpty = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class ExceptionsError(ValueError):
    """The exceptions file cannot be used; the message is one line with the key path and the fix."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Match(_Strict):
    """Which objects: all given members must hold.

    `namespace` left out means cluster-scoped objects only. `name` may end in one `*`. `containers` narrows to
    containers, `stacks` to stacks and `onlyWith` to stacks that hold a resource of that type (where it is neither
    applied nor expected to be used elsewhere).
    """

    type: TypeToken
    name: NonEmpty
    namespace: NonEmpty | None = None
    containers: tuple[NonEmpty, ...] = ()
    stacks: tuple[NonEmpty, ...] = ()
    only_with: TypeToken | None = Field(default=None, alias="onlyWith")

    @field_validator("name")
    @classmethod
    def _one_trailing_glob(cls, name: str) -> str:
        if "*" in name[:-1]:
            message = "may hold one '*', at its end; write one exception per object instead"
            raise ValueError(message)
        if name.endswith("*") and len(name) <= _FEWEST_CHARACTERS_BEFORE_GLOB:
            message = f"needs at least {_FEWEST_CHARACTERS_BEFORE_GLOB} characters before '*'; name the object"
            raise ValueError(message)
        return name

    @field_validator("namespace")
    @classmethod
    def _no_glob(cls, namespace: str | None) -> str | None:
        if namespace and "*" in namespace:
            message = "may not hold '*'; write one exception per namespace"
            raise ValueError(message)
        return namespace

    def covers(self, subject: Subject, container: str | None) -> bool:
        """Whether `subject`, and its container where the finding is about one, is what this names."""
        name = subject.shown_name
        named = name.startswith(self.name[:-1]) if self.name.endswith("*") else name == self.name
        return (
            named
            and subject.type == self.type
            and subject.shown_namespace == self.namespace
            and (not self.containers or container in self.containers)
        )


class PolicyException(_Strict):
    """One exception. It holds from the day `granted` to the end of the day `expires`."""

    id: ExceptionId
    rules: tuple[NonEmpty, ...]
    match: Match
    reason: Reason
    approver: NonEmpty
    granted: date
    expires: date

    @model_validator(mode="after")
    def _bounded(self) -> PolicyException:
        if not self.rules:
            message = "rules: name at least one rule"
            raise ValueError(message)
        if not self.granted < self.expires <= self.granted + LONGEST:
            message = f"expires: must be after granted and at most {LONGEST.days} days later"
            raise ValueError(message)
        return self


class ExceptionsFile(_Strict):
    """The whole file."""

    version: Literal[1]
    exceptions: tuple[PolicyException, ...]


@dataclass
class ExceptionUse:
    """The exceptions that hold in one stack on one day, and which of them covered something so far, by rule.

    `types` are the types of the stack's resources, None while they are not all known: the engine shows one resource
    after the other and the whole stack at the end. Until then an exception counts as meant for this stack, and
    `misplaced` says afterwards which ones were not.
    """

    exceptions: tuple[PolicyException, ...]
    today: date
    stack: str
    types: frozenset[str] | None = None
    used: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    @property
    def here(self) -> Iterator[PolicyException]:
        """Those meant for this stack."""
        return (entry for entry in self.exceptions if self._meant(entry.match))

    @property
    def misplaced(self) -> Iterator[PolicyException]:
        """Those that covered something in a stack that they are not meant for."""
        used = {entry_id for entry_id, _ in self.used}
        return (entry for entry in self.exceptions if entry.id in used and not self._meant(entry.match))

    def unused(self, entry: PolicyException) -> tuple[str, ...]:
        """The rules that `entry` names and of which it covered nothing so far."""
        return tuple(rule for rule in entry.rules if (entry.id, rule) not in self.used)

    def _meant(self, match: Match) -> bool:
        placed = match.only_with is None or self.types is None or match.only_with in self.types
        return placed and (not match.stacks or self.stack in match.stacks)

    def covering(self, rule_id: str, subject: Subject, container: str | None) -> PolicyException | None:
        """The exception in force that covers a finding of `rule_id`; it counts as used from now on."""
        for entry in self.here:
            if rule_id in entry.rules and entry.match.covers(subject, container):
                self.used.add((entry.id, rule_id))
                if entry.granted <= self.today <= entry.expires:
                    return entry
        return None


def load_exceptions(path: Path, exemptable: Mapping[str, bool]) -> tuple[PolicyException, ...]:
    """Read the exceptions file.

    `exemptable` maps every rule id to whether an exception may name it. Raises ExceptionsError with the key path and
    the fix for anything that is not exactly as the schema wants it.
    """
    try:
        text = path.read_text(encoding="utf-8")
        document: Any = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 (derives from SafeLoader)
        file = ExceptionsFile.model_validate(document)
    except OSError as error:
        message = (
            f"{path}: cannot be read ({error.strerror}); an exceptions file without exceptions is `exceptions: []`"
        )
        raise ExceptionsError(message) from error
    except UnicodeDecodeError as error:
        message = f"{path}: is not text in UTF-8; save it as such"
        raise ExceptionsError(message) from error
    except yaml.YAMLError as error:
        message = f"{path}: is not YAML: {' '.join(str(error).split())}"
        raise ExceptionsError(message) from error
    except ValidationError as error:
        raise ExceptionsError(_first_problem(path, error)) from error
    _check_rules(path, file.exceptions, exemptable)
    return file.exceptions


def _check_rules(path: Path, exceptions: tuple[PolicyException, ...], exemptable: Mapping[str, bool]) -> None:
    seen_ids: set[str] = set()
    seen: set[tuple[str, Match]] = set()
    for index, entry in enumerate(exceptions):
        where = f"{path}: exceptions[{index}]"
        if entry.id in seen_ids:
            message = f"{where}.id: {entry.id} is used twice; give each exception its own number"
            raise ExceptionsError(message)
        seen_ids.add(entry.id)
        for rule_id in entry.rules:
            if rule_id not in exemptable:
                message = f"{where}.rules: {rule_id} is no rule; the ids are in docs/policies.md"
                raise ExceptionsError(message)
            if not exemptable[rule_id]:
                message = f"{where}.rules: {rule_id} allows no exception; change the object instead"
                raise ExceptionsError(message)
            if (rule_id, entry.match) in seen:
                message = f"{where}: another exception already names {rule_id} for the same objects; keep one"
                raise ExceptionsError(message)
            seen.add((rule_id, entry.match))


def _first_problem(path: Path, error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    place = ""
    for key in problem["loc"]:
        place += f"[{key}]" if isinstance(key, int) else f".{key}" if place else str(key)
    text = problem["msg"].removeprefix("Value error, ")
    return f"{path}: {place or 'the file'}: {text} (see docs/policies.md, Exceptions)"


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML would silently let a second `exceptions:` key win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        """Build a mapping; raises when a key is there twice."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = [key for key in keys if keys.count(key) > 1]
        if twice:
            message = f"key {sorted(map(str, twice))[0]!r} is there twice"
            raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)
        return super().construct_mapping(node, deep)
