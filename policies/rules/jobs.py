"""Pods that somebody looks after: none by itself, and jobs that give up."""

from __future__ import annotations

from policies.checks import per_object
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.subjects import Subject


def _has_owner(pod: Subject) -> Outcomes:
    owners = pod.root.at("metadata", "ownerReferences")
    if not owners.items() and not pod.patch:
        yield Violation(owners.path, "a Pod by itself is not made again when its node fails; use a Deployment or a Job")


def _ends(subject: Subject) -> Outcomes:
    spec = subject.root.at("spec")
    yield from _gives_up(spec.at("jobTemplate", "spec") if subject.kind == "CronJob" else spec)


def _gives_up(job: Field) -> Outcomes:
    for limit in (job.at("backoffLimit"), job.at("activeDeadlineSeconds")):
        if not limit.present:
            yield Violation(limit.path, "must be set, so that a job that cannot succeed ends and is seen")


RULES = (
    Rule(
        id="POD-18",
        title="No bare pod",
        severity=Severity.LOW,
        level=Level.ADVISORY,
        why="Nobody makes a bare pod again when its node fails.",
        sources=("Pulumi compliance-policies disallowPod", "kube-linter"),
        remediation="Make the pod by a Deployment, StatefulSet or Job.",
        of_object=per_object(_has_owner, "", "Pod"),
    ),
    Rule(
        id="POD-19",
        title="Jobs give up",
        severity=Severity.LOW,
        level=Level.ADVISORY,
        why="A job that cannot succeed repeats for ever, and whoever waits for it is never told.",
        sources=("kube-linter job-ttl-seconds-after-finished", "kube-score cronjob-has-deadline", "own"),
        remediation="Set backoffLimit and activeDeadlineSeconds. ttlSecondsAfterFinished is not asked for: a Job "
        "that is deleted behind the program's back would be made, and run, again.",
        of_object=per_object(_ends, "batch", "Job", "CronJob"),
    ),
)
