"""Where images come from, which of them must not run, and when a node asks for them again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from components.base.withdrawn_versions import entries_for
from policies.checks import guarded, per_container
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.normalise import UnknownValueError
from policies.pods import Container
from policies.registry import ObjectCheck, Rule
from policies.rules.images import MOVING_TAGS, ImageReference
from policies.subjects import Subject

CUSTOM_IMAGES = {
    ("gateway.envoyproxy.io", "EnvoyProxy"): (
        "spec",
        "provider",
        "kubernetes",
        "envoyDeployment",
        "container",
        "image",
    ),
    ("postgresql.cnpg.io", "Cluster"): ("spec", "imageName"),
}
"""Where custom resources name the image of the pods that their operator makes."""


def _per_image(problems: Callable[[Subject, Field], Iterator[str]]) -> ObjectCheck:
    """A violation for each of the `problems` of every image that an object names, be it for pods of an operator."""

    def of_subject(subject: Subject) -> Outcomes:
        def of_image(image: Field) -> Outcomes:
            for problem in problems(subject, image):
                yield Violation(image.path, problem)

        yield from per_container(lambda container: of_image(container.field.at("image")))(subject)
        place = CUSTOM_IMAGES.get((subject.group, subject.kind))
        if place:
            yield from of_image(subject.root.at(*place))

    return lambda subject: guarded(of_subject, subject)


def _from_other_registry(subject: Subject, image: Field) -> Iterator[str]:
    location = ImageReference.parse(image.text()).location
    if not any(f"{location}/".startswith(f"{registry}/") for registry in subject.settings.registries):
        yield "must come from a registry that policies/config/<stack>.json allows"


def _withdrawn(_: Subject, image: Field) -> Iterator[str]:
    reference = ImageReference.parse(image.text())
    for entry in entries_for("image", reference.repository):
        covered = entry.covers(reference.tag)
        if covered is None:
            # Only a digest, or the tag of an own build: it does not say which release is inside.
            raise UnknownValueError(image.path)
        if covered:
            yield f"must not run: {entry.reason}; use {entry.instead}"


def _pulled_when_needed(container: Container) -> Outcomes:
    policy = container.field.at("imagePullPolicy")
    reference = ImageReference.parse(container.field.at("image").text())
    if policy.text() == "Never":
        yield Violation(policy.path, "must not be Never: the node would run whatever goes by that name on it")
    if reference.tag in MOVING_TAGS and not reference.pinned and policy.text() == "IfNotPresent":
        yield Violation(policy.path, "must be Always for a tag that moves, or the image pinned")


RULES = (
    Rule(
        id="SUP-02",
        title="Images come from allowed registries",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="An image from anywhere is code from anybody: a registry that nobody reviewed needs one typing error.",
        sources=("CIS 5.5.1", "CIS EKS 5.1.4", "kubescape C-0078"),
        remediation="Take the image from a registry of components/base/pins.py, or add the mirror's prefix to "
        "`registries` in policies/config/<stack>.json.",
        of_object=_per_image(_from_other_registry),
    ),
    Rule(
        id="SUP-04",
        title="No image with a known hole or backdoor",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="LiteLLM 1.82.7 and 1.82.8 were on PyPI with a backdoor on 2026-03-24, and vLLM before 0.18.0 "
        "runs a model repository's code with trust_remote_code off (CVE-2026-22807, CVE-2026-27893).",
        sources=("NSA C-0292", "CVE-2026-22807", "CVE-2026-27893", "CVE-2025-23266", "own"),
        remediation="Pin a release that components/base/withdrawn_versions.py does not list.",
        of_object=_per_image(_withdrawn),
    ),
    Rule(
        id="SUP-05",
        title="Images are pulled when they must be, and only then",
        severity=Severity.LOW,
        level=Level.ADVISORY,
        why="A tag that moves and is not fetched again runs differently on every node.",
        sources=("CKV_K8S_15", "kube-score container-image-pull-policy", "Polaris pullPolicyNotAlways"),
        remediation="Leave imagePullPolicy out of a container whose image is pinned.",
        of_object=per_container(_pulled_when_needed),
    ),
)
