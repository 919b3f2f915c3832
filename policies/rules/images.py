"""Which software runs: images that cannot change under the same name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from components.base.image_registries import DOCKER_HUB
from policies.checks import per_container
from policies.findings import Level, Outcomes, Severity, Violation
from policies.pods import Container
from policies.registry import Rule

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

EXACT_TAG = re.compile(
    r"""
      (?:^|[^0-9.]) \d+\.\d+\.\d+            # three numbers: 26.8.2, v1.20.0-unprivileged, main-v1.83.0
    | \d{4}-?\d{2}-?\d{2}T?\d*               # a day or a moment: RELEASE.2026-10-01T10-00-00Z, 18-20261103
    | ^(?:sha-|git-)?[0-9a-f]{7,40}$         # a commit
    """,
    re.VERBOSE,
)

TWO_NUMBER_VERSIONS = frozenset({"seaweedfs", "pause", "postgres"})
"""Projects whose full version has two numbers (SeaweedFS 4.44, PostgreSQL 18.1), by the last part of the repository."""

TWO_NUMBERS = re.compile(r"^v?\d+\.\d+(?:[-_].*)?$")

MOVING_TAGS = frozenset({"", "latest"})


@dataclass(frozen=True)
class ImageReference:
    """An image name in its parts; `tag` and `digest` are empty when they are not given."""

    repository: str
    tag: str
    digest: str

    @classmethod
    def parse(cls, reference: str) -> ImageReference:
        """Split `host:port/path:tag@digest`. A colon before the last slash belongs to the host's port."""
        name, _, digest = reference.partition("@")
        head, slash, last = name.rpartition("/")
        last, _, tag = last.partition(":")
        return cls(f"{head}{slash}{last}", tag, digest)

    @property
    def location(self) -> str:
        """The repository with its registry host: Docker Hub's where none is named."""
        first, slash, _ = self.repository.partition("/")
        if slash and ("." in first or ":" in first or first == "localhost"):
            return self.repository
        return f"{DOCKER_HUB}/{self.repository}" if slash else f"{DOCKER_HUB}/library/{self.repository}"

    @property
    def pinned(self) -> bool:
        """Whether the digest is given, so that the content is fixed."""
        return DIGEST.fullmatch(self.digest) is not None

    @property
    def exact(self) -> bool:
        """Whether the tag names one release and not a line of releases."""
        if EXACT_TAG.search(self.tag):
            return True
        return self.repository.rpartition("/")[2] in TWO_NUMBER_VERSIONS and TWO_NUMBERS.match(self.tag) is not None


def _pinned(container: Container) -> Outcomes:
    image = container.field.at("image")
    reference = ImageReference.parse(image.text())
    if not reference.pinned and not reference.exact:
        yield Violation(image.path, "must end in a digest or in the exact tag of one release")


def _not_latest(container: Container) -> Outcomes:
    image = container.field.at("image")
    reference = ImageReference.parse(image.text())
    if not reference.pinned and reference.tag in MOVING_TAGS:
        yield Violation(image.path, "must have a tag, and not latest")


RULES = (
    Rule(
        id="SUP-01",
        title="Images are pinned by digest or exact tag",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A tag that moves brings another program after a restart, or on another node, than the one that was "
        "tested, and nobody can say which of them ran.",
        sources=("CKV_K8S_43", "kube-score container-image-tag", "own"),
        remediation="Name the image from components/base/pins.py, which holds one exact tag, and a digest once known.",
        of_object=per_container(_pinned),
    ),
    Rule(
        id="SUP-06",
        title="No image without tag or with tag latest",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="The newest image of the day runs: a restart upgrades the program unasked, and there is no name by "
        "which to go back.",
        sources=("CKV_K8S_14", "kube-linter latest-tag", "Polaris tagNotSpecified"),
        remediation="Give the image the exact tag of the release that was tested.",
        of_object=per_container(_not_latest),
    ),
)
