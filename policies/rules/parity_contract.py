"""What every environment must provide, whatever it runs on (docs/parity.md)."""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

from components.base.capabilities.evaluation import Evaluation, Provision, evaluate, reaches
from components.base.capabilities.facets import ABSENT, Facet, Scale
from components.base.capabilities.resources import Record, Resources
from policies.fields import MalformedError
from policies.findings import Level, Outcome, Severity, Undecided, Violation
from policies.normalise import Unknown, UnknownValueError
from policies.registry import Rule
from policies.stack import Stack
from policies.subjects import Subject

Judged = Iterator[tuple[Subject | None, Outcome]]


_evaluations: WeakKeyDictionary[Stack, Evaluation | None] = WeakKeyDictionary()
"""Both rules ask for the same evaluation of a stack, and nobody else keeps it."""


def _evaluated(stack: Stack) -> Evaluation | None:
    """What the stack provides; None for a graph that holds no cluster."""
    if stack not in _evaluations:
        _evaluations[stack] = evaluate(Resources(map(_record, stack.subjects)))
    return _evaluations[stack]


def _record(subject: Subject) -> Record:
    try:
        value = subject.root.value
    except (UnknownValueError, MalformedError):
        value = None
    return Record(
        urn=subject.urn,
        type=subject.type,
        name=subject.logical_name,
        inputs=value if isinstance(value, dict) else {},
        depends_on=subject.dependencies,
        protect=subject.protect,
        unknown=(Unknown,),
    )


def _is_provided(stack: Stack) -> Judged:
    evaluation = _evaluated(stack)
    if evaluation is None:
        return
    for provision in evaluation.provisions:
        specification = provision.specification
        elsewhere = specification.one_sided and evaluation.substrate not in specification.one_sided.on
        if not (provision.provided or elsewhere or specification.chosen):
            yield None, Violation(specification.name, f"must be provided: {specification.statement}", exemptable=False)


def _is_strong_enough(stack: Stack) -> Judged:
    evaluation = _evaluated(stack)
    if evaluation is None:
        return
    subjects = {subject.urn: subject for subject in stack.subjects}
    for provision in evaluation.provisions:
        for facet in provision.specification.facets if provision.provided else ():
            yield from _facet(provision, facet, evaluation, subjects)


def _facet(provision: Provision, facet: Facet, evaluation: Evaluation, subjects: dict[str, Subject]) -> Judged:
    minimum = facet.required(evaluation.substrate)
    name = f"{provision.specification.name} {facet.name}"
    known, unknown = provision.known(facet), provision.unknown(facet)
    if not reaches(facet, known, minimum) and (unknown is None or _is_weak(provision, facet, minimum)):
        weakest = provision.weakest(facet, minimum)
        place = weakest.path if weakest else ""
        subject = subjects.get(weakest.urn) if weakest else None
        yield subject, Violation(place, f"weakens {name} below what every stack needs: {facet.meaning}")
    elif unknown is not None and not _asks_nothing(facet, minimum):
        yield subjects.get(unknown.urn), Undecided(unknown.path)


def _is_weak(provision: Provision, facet: Facet, minimum: object) -> bool:
    """Whether a known reading alone is too weak: what is unknown cannot mend a chain's weakest part, only add names."""
    return provision.known(facet) is not ABSENT and not isinstance(minimum, frozenset)


def _asks_nothing(facet: Facet, minimum: str | int | frozenset[str]) -> bool:
    """Whether the weakest level is enough, so that no value could be below it."""
    return isinstance(facet.order, Scale) and facet.order.levels[0] == minimum


RULES = (
    Rule(
        id="PAR-01",
        title="Every capability of the contract is provided",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="One environment silently lacks what the other has, such as backups or enforced network policies, "
        "and that is found in an outage.",
        sources=("own: parity contract",),
        remediation="Bring back what provides it, or say in components/base/capabilities why the substrate has none.",
        of_stack=_is_provided,
        exemptable=False,
    ),
    Rule(
        id="PAR-02",
        title="No capability is below its minimum",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="What was tested in one environment does not hold in the other: encryption, isolation or backups "
        "are weaker there than everybody believes.",
        sources=("own: parity contract",),
        remediation="Set the property back; the minimum and its reason stand in components/base/capabilities.",
        of_stack=_is_strong_enough,
    ),
)
